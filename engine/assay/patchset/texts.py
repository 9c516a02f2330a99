"""Texts that two sides agree upon and nothing checks: names of events, formats, templates, fields, states.

Who gives one up for another rewrites it wherever it stands; a place that is added meanwhile still says the
old one.

Promises: pure but for reading blobs. Suspected only. A text is given up if a candidate takes it from lines
outside of tests and no literal of its tree is it any more; what is a name of its own right (of more than one
word, or given up twice for the same other one) is told by itself, any other by the call that it is handed to.
"""

from __future__ import annotations

import builtins
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from assay.model.expressions import expression
from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.facts.records import COMPARED, ENTRY, KEY, UNKNOWN, VALUE, Definition, Kind, Said
from assay.patchset.heirs import class_in
from assay.patchset.touch import FileTouch, Touch
from assay.patchset.view import View

TEXT = "text"
_NAME = expression(r"[\w./:@+-]{2,80}")
_TELLING = expression(r"[A-Za-z0-9][_.:/-]+[A-Za-z0-9]|[a-z][A-Z]")
_IDLE = (
    frozenset(dir(builtins))
    | frozenset(dir(str))
    | {
        "debug", "info", "warning", "error", "exception", "critical", "log", "warn", "TypeVar",
        "NewType", "field", "getLogger", "compile", "sub", "match", "search", "fullmatch", "findall",
        "raises", "skip", "skipif", "xfail", "namedtuple", "ArgumentParser", "strftime", "strptime",
        "getenv", "deprecated", "Path", "import_module", "join", "write", "echo", "secho", "write_text",
        "cast", "setattr", "getattr", "hasattr", "delattr",
    }
)  # fmt: skip
"""What texts are handed to that names nothing: a mode, a message, a pattern."""
_MOST = 200


class GivenUp(NamedTuple):
    """What a candidate says no more: where it did, in which roles, and what it says there now."""

    path: str
    line: int
    label: str
    """The symbol around the first place."""
    roles: frozenset[str]
    times: int
    others: frozenset[str]


def given_up(touch: Touch) -> dict[str, GivenUp]:
    """The texts and the files that a candidate gives up, by the text."""
    found: dict[str, list[tuple[FileTouch, Said, frozenset[str]]]] = defaultdict(list)
    for file in touch.files:
        if "test" in file.path or not file.module:
            continue
        gone = {said.text for said in file.gone.said}
        new: dict[str, set[str]] = defaultdict(set)
        for said in file.uses.said:
            if said.text not in gone:
                new[said.role].add(said.text)
        for said in file.gone.said:
            if _NAME.fullmatch(said.text) and not _is_idle(said.role):
                found[said.text].append((file, said, frozenset(new[said.role])))
    blobs = [
        c.new_blob for c in touch.candidate.changes if not c.binary and c.path.endswith(".py") and c.new_blob
    ]
    texts = {
        text: _of(places)
        for text, places in list(found.items())[:_MOST]
        if not any(touch.view.says(blob, text) for blob in blobs)
    }
    return texts | _files(touch)


def _of(places: list[tuple[FileTouch, Said, frozenset[str]]]) -> GivenUp:
    file, said, _ = places[0]
    renamed = [others for _, _, others in places if others]
    return GivenUp(
        path=file.old_path,
        line=said.line,
        label=_around(file, said.line),
        roles=frozenset(said.role for _, said, _ in places),
        times=len({(file.path, said.line) for file, said, _ in places}),
        others=frozenset.intersection(*renamed) if len(renamed) == len(places) else frozenset(),
    )


def _around(file: FileTouch, line: int) -> str:
    inside = [
        d for d in file.old.definitions.values() if d.line <= line <= d.end and d.kind is not Kind.IMPORT
    ]
    inner = max(inside, key=lambda each: (each.line, -each.end), default=None)
    return f"{file.old_module}:{inner.name}" if inner is not None else ""


def _files(touch: Touch) -> dict[str, GivenUp]:
    """The files, other than sources, that a candidate moves or removes, by the names that they may be known
    by."""
    found: dict[str, GivenUp] = {}
    for change in touch.candidate.changes:
        gone = change.old_path if change.old_path != change.path or not change.new_blob else ""
        if gone and change.old_blob and not gone.endswith(".py") and "test" not in gone:
            parts = gone.split("/")
            other = frozenset({change.path}) if change.new_blob else frozenset()
            for at in range(len(parts)):
                found["/".join(parts[at:])] = GivenUp(gone, 0, "", frozenset({"file"}), 1, other)
    return found


def _is_idle(role: str) -> bool:
    callee = role.partition(":")[0]
    return not role or callee in _IDLE or callee.endswith(("Error", "Exception", "Warning"))


def told(touch: Touch) -> set[tuple[str, str]]:
    """The texts that a candidate newly says, and the attributes that it asks of who knows what, as words."""
    found = {(TEXT, said.text) for file in touch.files for said in file.uses.said}
    for file in touch.files:
        for use in file.fresh:
            if use.path[0] == UNKNOWN and len(use.path) > 1:
                found.add((TEXT, use.path[1]))
    return found


def unsaid(ours: Touch, theirs: Touch, both: View, texts: Mapping[str, GivenUp]) -> Iterator[Clash]:
    """What `theirs` newly says that `ours` has given up."""
    for text, gone in texts.items():
        for file in theirs.files:
            line = _line(ours, theirs, file, text, gone)
            if line and not _is_known(ours, both, text, gone):
                yield from _clashes(text, gone, file.path, line)
                break


def _line(ours: Touch, theirs: Touch, file: FileTouch, text: str, gone: GivenUp) -> int:
    """The line on which a file says a text in a role in which it is meant; 0 if there is none."""
    for said in file.uses.said:
        if said.text == text and (_is_meant(said.role, text, gone) or _is_value_of(ours, said, text)):
            return said.line
    if "file" in gone.roles:
        return 0
    for use in file.fresh:
        asked = use.path[0] == UNKNOWN and use.path[1:2] == (text,)
        if asked and (
            ({KEY, ENTRY} & gone.roles and _TELLING.search(text)) or _gave_up(ours, use.receiver, text)
        ):
            return use.line
    return 0


def _is_meant(role: str, text: str, gone: GivenUp) -> bool:
    if "file" in gone.roles:
        return "." in text.rpartition("/")[2] and not (_is_idle(role) and ":" not in role)
    if _is_idle(role) or role == VALUE or (role == ENTRY and KEY not in gone.roles):
        return False
    if role in gone.roles and ":" in role:
        return bool(gone.others) or bool(_TELLING.search(text))
    return bool(gone.others) and (gone.times > 1 or bool(_TELLING.search(text)))


def _is_value_of(ours: Touch, said: Said, text: str) -> bool:
    """Whether a text that something is compared to was the value of a member of an enumeration."""
    return said.role == COMPARED and any(
        changed.old.literal == repr(text)
        and changed.new.literal != repr(text)
        and _is_member(ours, label, changed.old)
        for label, changed in ours.changed.items()
    )


def _is_member(ours: Touch, label: str, definition: Definition) -> bool:
    owner = label.partition(":")[2].rpartition(".")[0]
    cls = (
        class_in(ours.view, f"{label.partition(':')[0]}:{owner}") if owner and not definition.field else None
    )
    return cls is not None and any(other.module == "enum" for other in ours.view.lineage(cls, set())[1])


def _gave_up(ours: Touch, receiver: str, name: str) -> bool:
    """Whether a candidate has taken an attribute from everything that it calls by this name."""
    if not receiver:
        return False
    asked = {(use.receiver, use.path[-1]) for file in ours.files for use in file.gone.uses}
    if (receiver, name) not in asked:
        return False
    return not any(
        (use.receiver, use.path[-1]) == (receiver, name)
        for file in ours.files
        if file.module
        for use in ours.view.library.every(ours.view.blob(file.path)).uses
    )


def _is_known(ours: Touch, both: View, text: str, gone: GivenUp) -> bool:
    """Whether the tree still has it: a source with the text, or another file of that name."""
    if "file" in gone.roles:
        return any(path == text or path.endswith(f"/{text}") for path in both.paths())
    return ours.view.speaks_of(text)


def _clashes(text: str, gone: GivenUp, path: str, line: int) -> Iterator[Clash]:
    instead = f" in favour of {', '.join(map(repr, sorted(gone.others)[:3]))}" if gone.others else ""
    what = "file" if "file" in gone.roles else TEXT
    said = f"{what}:{text}"
    for label in (said, gone.label):
        if label:
            yield Clash(
                kind=ConflictKind.SEMANTIC,
                proven=False,
                label=label,
                where=f"{gone.path}:{text}",
                mine=Witness(path=gone.path, line=gone.line, does=f"gives up the {what} {text!r}{instead}"),
                theirs=Witness(path=path, line=line, does="newly speaks of it"),
                note="nothing else in the project does",
                beside=label != said,
            )
