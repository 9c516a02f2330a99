"""Prepare steps: commands that build what the tests need, run in a jail and kept by what they depend on.

Promises: a step's output is keyed by the digest of its command, its input files, the steps before it and
the environment; a candidate that changes none of its inputs uses the base's output; a step that fails on
the base is trouble of the set-up (`Unsound`), one that fails only on a candidate is the candidate's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from assay.model.errors import AssayError, Exit
from assay.model.outcome import Resource
from assay.model.tool import Ending, ToolCall
from assay.policy.schema import Prepare
from assay.repo.globs import compile_globs
from assay.repo.repository import TreeEntry

_TAIL = 4000
_WORDS = 300


class PrepareFailed(AssayError):
    """A prepare step fails on a candidate and not on its base; `output` is the end of what it printed,
    `resource` what it ran out of, if anything."""

    exit_code = Exit.REJECTED

    def __init__(self, what: str, *, output: str, resource: Resource | None = None) -> None:
        self.output = output
        self.resource = resource
        super().__init__(what)

    @property
    def last_words(self) -> str:
        """The end of the output, on one line."""
        return " ".join(self.output.split())[-_WORDS:] or "(nothing)"


def digests(steps: Iterable[Prepare], files: Iterable[TreeEntry], environment_digest: str) -> tuple[str, ...]:
    """One key for each step, in order; each includes the keys of the steps before it."""
    entries = tuple(files)
    previous = hashlib.sha256(environment_digest.encode())
    keys = []
    for step in steps:
        matches = compile_globs(step.inputs)
        for argument in step.run:
            previous.update(b"\0a" + argument.encode("utf-8", "surrogateescape"))
        for entry in entries:
            if matches(entry.path):
                previous.update(b"\0f" + entry.path.encode("utf-8", "surrogateescape"))
                previous.update(f"\0{entry.mode:o}\0{entry.blob}".encode())
        keys.append(previous.hexdigest())
    return tuple(keys)


def failure(step: Prepare, call: ToolCall) -> PrepareFailed:
    """How a step that did not succeed ended, and the end of its output."""
    command = " ".join(step.run)
    resource = call.resource if call.ending is Ending.EXHAUSTED else None
    if call.ending is Ending.EXITED:
        how = f"exits with {call.exit_code}"
    elif resource is not None:
        how = f"runs out of {resource}"
    else:
        how = f"ends badly ({call.reason or call.ending})"
    output = (call.stdout + b"\n" + call.stderr).strip()[-_TAIL:].decode("utf-8", "replace")
    return PrepareFailed(f"the prepare step `{command}` {how}", output=output, resource=resource)


def succeeded(call: ToolCall) -> bool:
    """Whether a step did what it should."""
    return call.ending is Ending.EXITED and call.exit_code == 0
