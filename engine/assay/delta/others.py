"""Changes of files that no parser of ours reads: programs of other languages, templates, data.

Promises: pure; one line each, the changed tokens where they are few; documentation, settings and generated
files are told of elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.delta.content import Content
from assay.delta.generated import is_generated
from assay.delta.intents import is_documentation
from assay.delta.keys import is_settings
from assay.delta.public import in_tests
from assay.delta.schema import is_schema
from assay.delta.spot import spot
from assay.gates.manifests import is_manifest
from assay.model.delta import IntentEntry

_FEW, _SHORT = 3, 4_000
"""Lines, and characters in all, in which tokens are looked for."""


def others(files: Sequence[Content]) -> tuple[IntentEntry, ...]:
    """A line for each such file whose content differs."""
    return tuple(
        IntentEntry(mark="~", words=words, path=file.path)
        for file in files
        if file.is_plain and not _is_told(file)
        for words in _words(file)
    )


def _is_told(file: Content) -> bool:
    path = file.path
    return (
        file.is_python
        or is_documentation(path)
        or is_settings(path)
        or is_schema(path)
        or is_manifest(path)
        or in_tests(path)
        or is_generated(file)
    )


def _words(file: Content) -> Iterator[str]:
    change = file.change
    if not (change.old_blob and change.new_blob):
        return  # the list of files says so
    size = f"+{change.added_lines} -{change.deleted_lines}"
    if change.binary:
        yield f"`{file.path}`: binary, not read"
        return
    few = len(file.gone) <= _FEW and len(file.came) <= _FEW
    gone, came = ("\n".join(text for _number, text in lines) for lines in (file.gone, file.came))
    at = spot(gone, came) if few and len(gone) + len(came) <= _SHORT else None
    yield f"`{file.path}`: {at.words}" if at else f"`{file.path}`: {size}, not read by syntax"
