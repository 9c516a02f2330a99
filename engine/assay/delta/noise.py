"""Which changed lines mean nothing by themselves: formatting, comments, moved text, import order, names of
local variables, generated files.

Promises: pure; each line is counted once, by the first rule that fits; a rule that cannot be sure leaves a
line alone. Only what the base already marks as generated counts as such, so that no change can hide itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence

from assay.delta.content import Content
from assay.delta.generated import is_generated
from assay.delta.meetings import Meeting, differs
from assay.delta.outline import Definition, Outline, What
from assay.delta.parse import Outlines
from assay.delta.shingles import placed_tokens, tokens
from assay.delta.symbols import only_locals
from assay.model.candidate import Record
from assay.model.delta import Noise
from assay.repo import diff
from assay.repo.diff import Lines

_BLOCK = 3
"""Lines from which on a block that is only indented otherwise is no news."""
_TELLING = 12
"""Letters and digits of a line that is the same one when it is met again elsewhere."""

_Kinds = Mapping[int, str]
"""Line number to the kind of noise it is."""

Texts = tuple[tuple[object, str], ...]
"""Lines, each after the place that it is in."""


def noise(files: Sequence[Content], outlines: Mapping[str, Outlines], met: Iterable[Meeting]) -> Noise:
    """The noise among the changed lines of `files`."""
    pairs: defaultdict[str, list[tuple[Meeting, str]]] = defaultdict(list)
    loud: set[str] = set()
    for each in met:
        loud |= {each.path, each.old_path}
        if each.before and each.after and (kind := _kind(each)):
            for path in {each.path, each.old_path}:
                pairs[path].append((each, kind))
    counted: Counter[str] = Counter()
    left: list[_Left] = []
    generated = [file for file in files if is_generated(file)]
    counted["generated"] = sum(len(file.gone) + len(file.came) for file in generated)
    skipped = {file.path for file in generated}
    for file in files:
        if file.path in skipped:
            continue
        code = outlines.get(file.path)
        old, new = _kinds(code, pairs[file.path], file.path) if code else ({}, {})
        before, after = (
            _inside(side, file.path) for side in ((code.old, code.new) if code else (None, None))
        )
        rest = _Left(
            gone=_rest(file.gone, old, counted, before, file.old if code else None),
            came=_rest(file.came, new, counted, after, file.new if code else None),
        )
        if code is not None and file.path not in loud and _taken(code.old) == _taken(code.new):
            # No definition, import or statement of the file means anything else.
            counted["formatting"] += len(rest.gone) + len(rest.came)
            continue
        left.append(rest)
        if code is not None:
            counted["moved"] += _indented(rest)
    counted["moved"] += _moved(left)
    return Noise(
        changed=sum(len(file.gone) + len(file.came) for file in files),
        generated_paths=tuple(sorted(skipped)),
        **counted,
    )


def _rest(
    lines: Lines, kinds: _Kinds, counted: Counter[str], inside: Callable[[int], object], code: bytes | None
) -> Texts:
    """The lines that are no noise by themselves; the others are counted. `code` is the whole source, where it
    is Python."""
    quoted = _quoted(code) if code and any(_is_empty(text, code) for _number, text in lines) else ()
    rest: list[tuple[object, str]] = []
    for number, text in lines:
        kind = kinds.get(number, "")
        if _is_empty(text, code) and number not in quoted:
            counted["comments"] += 1
        elif kind:
            counted[kind] += 1
        else:
            rest.append((inside(number), text))
    return tuple(rest)


def _is_empty(text: str, code: bytes | None) -> bool:
    """Whether a line looks blank or, in Python, like a comment."""
    bare = text.strip()
    return not bare or (code is not None and bare.startswith("#"))


def _quoted(code: bytes) -> Container[int]:
    """The lines inside strings of several lines: nothing there is a comment, or blank for nothing."""
    if b'"' * 3 not in code and b"'" * 3 not in code:
        return ()
    text = code.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    found: set[int] = set()
    line, at = 1, 0
    for token, place in placed_tokens(text):
        line, at = line + text.count("\n", at, place), place
        if "\n" in token:
            found.update(range(line + 1, line + token.count("\n") + 1))
    return found


def _kinds(
    file: Outlines, pairs: Sequence[tuple[Meeting, str]], path: str
) -> tuple[dict[int, str], dict[int, str]]:
    """What each line of a file is part of, on both sides, where that is noise."""
    old: dict[int, str] = {}
    new: dict[int, str] = {}
    before, after = file.old.by_symbol(), file.new.by_symbol()
    for symbol in before.keys() & after.keys():
        mine, theirs = before[symbol], after[symbol]
        if len(mine) != len(theirs) or mine[-1].what in (What.CLASS, What.MODULE):
            continue
        for one, other in zip(mine, theirs, strict=True):
            if not differs(one, other):
                # What is the same to the letter is in the diff because it stands elsewhere.
                same = one.text == other.text
                _mark(old, one, "moved" if same else "formatting")
                _mark(new, other, "moved" if same else "formatting")
    for met, kind in pairs:
        for one, other in zip(met.before, met.after, strict=False):
            if met.old_path == path:
                _mark(old, one, kind)
            if met.path == path:
                _mark(new, other, kind)
    if _taken(file.old) == _taken(file.new):
        _imports(old, file.old)
        _imports(new, file.new)
    return old, new


def _kind(met: Meeting) -> str:
    if only_locals(met):
        return "renamed"
    elsewhere = not met.same_place and not met.carried
    same = len(met.before) == len(met.after) and all(
        tokens(one.text) == tokens(other.text) for one, other in zip(met.before, met.after, strict=True)
    )
    return "moved" if elsewhere and same else ""


def _mark(lines: dict[int, str], definition: Definition, kind: str) -> None:
    # The names of one statement share its lines.
    if definition.begin and not lines.get(definition.begin) == lines.get(definition.end) == kind:
        lines |= dict.fromkeys(range(definition.begin, definition.end + 1), kind)


def _taken(outline: Outline) -> set[tuple[str, str, str]]:
    return {(each.name, each.source, each.original) for each in outline.imports}


def _imports(lines: dict[int, str], outline: Outline) -> None:
    for each in outline.imports:
        for number in range(each.line, each.end + 1) if each.line else ():
            lines[number] = "imports"


class _Left(Record, frozen=True, kw_only=True):
    """Changed lines of one file that are no noise by themselves, each with the definition it is in: nothing
    for what is no code."""

    gone: Texts
    came: Texts


def _indented(left: _Left) -> int:
    """Lines of a block that stands where it stood, and is indented otherwise because of a line before it
    that is another change; both sides counted. Indentation alone is a change of meaning."""
    found = 0
    for where in {place for place, _text in left.gone} & {place for place, _text in left.came}:
        one, other = ([text for place, text in side if place == where] for side in (left.gone, left.came))
        both = set(one) & set(other)
        before, after = ([_bare(text) for text in texts if text not in both] for texts in (one, other))
        gone = diff.counts(_lines(before), _lines(after))[1]
        same = len(before) - gone
        if same >= _BLOCK and len(one) + len(other) > 2 * same:
            found += 2 * same
    return found


def _lines(texts: Sequence[str]) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode("utf-8", "replace")


def _moved(left: Sequence[_Left]) -> int:
    """Lines that went from one definition, or file, and came in another, the same but for indentation, two
    at least in a row; both sides counted. Within a function another order is another meaning."""
    gone: defaultdict[str, list[object]] = defaultdict(list)
    for each in left:
        for where, text in each.gone:
            if _tells(text):
                gone[_bare(text)].append(where)
    return 2 * sum(_in_rows([_taken_from(gone, where, text) for where, text in each.came]) for each in left)


def _taken_from(gone: dict[str, list[object]], where: object, text: str) -> bool:
    places = gone.get(_bare(text), [])
    other = next((place for place in places if place != where), None)
    if other is None:
        return False
    places.remove(other)
    return True


def _in_rows(found: Sequence[bool]) -> int:
    """How many stand beside another one."""
    padded = [False, *found, False]
    return sum(
        here and (before or after)
        for before, here, after in zip(padded, padded[1:], padded[2:], strict=False)
    )


def _bare(text: str) -> str:
    return "".join(text.split())


def _tells(text: str) -> bool:
    return sum(map(str.isalnum, text)) >= _TELLING


def _inside(outline: Outline | None, path: str) -> Callable[[int], object]:
    """Which definition of a file a line is in: the innermost function, or the file itself."""
    if outline is None:
        return lambda _number: path
    holders: dict[int, object] = {}
    for each in outline.definitions:
        if each.what in (What.FUNCTION, What.METHOD) and each.begin:
            holders |= dict.fromkeys(range(each.begin, each.end + 1), (path, each.symbol))
    return lambda number: holders.get(number, path)
