"""Whether a container engine on this host can isolate candidates, found by really running one container.

Promises: an engine counts only if the whole trial passed in it: the tree as an overlay, as an unprivileged
user, with nothing of the host that was not asked for. Nothing is pulled, and nothing but one small image of
links is kept.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from msgspec.structs import replace

from assay.model.errors import Unsound
from assay.model.tool import Tier
from assay.sandbox.diagnose import Fact
from assay.sandbox.oci_engine import Engine, Kind, find_engines
from assay.sandbox.probe import Probe

_NAME = "container engine"
_NONE = "install docker or podman, or name the program in ASSAY_OCI"
_UNUSABLE = {
    Kind.DOCKER: "start the service (`systemctl start docker`) and let this user use it (group `docker`, "
    "which is as good as root)",
    Kind.PODMAN: "let podman run containers here; see `podman info`",
}
_ROOTLESS = "use podman as root, or docker: without privilege podman cannot mount a tree of several layers"
_AT_WORK = "an image of links, overlay, no network, no capabilities, the engine's own filter of system calls"
# What stands in the way of a jail is told in every verdict, and what the engine does itself is not looked at.
_BY_ENGINE = ("cgroup", "seccomp")


def with_container(found: Probe, environ: Mapping[str, str]) -> Probe:
    """`found`, which has no jail, with the first engine that works, and what was learnt on the way. Raises
    Unsound if ASSAY_OCI names no engine."""
    if found.cache_or_none is None:
        return found
    failed: list[Fact] = []
    for engine in find_engines(environ):
        why = _try_engine(found, engine)
        if not why:
            fact = Fact(name=_NAME, ok=True, detail=f"{engine.version}, {engine.program}: {_AT_WORK}")
            facts = [fact for fact in found.facts if not fact.name.startswith(_BY_ENGINE)]
            return replace(
                found,
                tier=Tier.CONTAINER,
                best=Tier.CONTAINER,
                engine=engine,
                facts=(*facts, *failed, fact),
            )
        failed.append(Fact(name=_NAME, ok=False, detail=f"{engine.program}: {why}", remedy=_remedy(engine)))
    if not failed:
        failed.append(Fact(name=_NAME, ok=False, detail="neither docker nor podman is here", remedy=_NONE))
    return replace(found, facts=(*found.facts, *failed))


def _try_engine(found: Probe, engine: Engine) -> str:
    """Empty when a container works, else why it does not."""
    from assay.sandbox.trial import try_jail

    tried = replace(found, tier=Tier.CONTAINER, engine=engine, facts=())
    try:
        engine.call("version")
        backend = tried.open_backend()
        try:
            return try_jail(backend, tried, found.identity.uid)
        finally:
            backend.close()
    except (OSError, Unsound) as error:
        return str(error.strerror or error) if isinstance(error, OSError) else error.what


def _remedy(engine: Engine) -> str:
    if engine.kind is Kind.PODMAN and os.geteuid() != 0:
        return _ROOTLESS
    return _UNUSABLE[engine.kind]
