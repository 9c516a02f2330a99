"""Which changed lines mean nothing by themselves: formatting, comments, moved text, import order, names of
local variables, generated files.

Promises: pure; each line is counted once, by the first rule that fits; a rule that cannot be sure leaves a
line alone. Only what the base already marks as generated counts as such, so that no change can hide itself.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from assay.delta.content import Content
from assay.delta.meetings import Meeting, differs
from assay.delta.outline import Definition, Outline, What
from assay.delta.parse import Outlines
from assay.delta.shingles import tokens
from assay.delta.symbols import only_locals
from assay.model.delta import Noise
from assay.repo.diff import Lines

_LOCKS = frozenset(
    {
        "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "npm-shrinkwrap.json", "bun.lockb", "poetry.lock",
        "uv.lock", "pdm.lock", "Pipfile.lock", "Cargo.lock", "Gemfile.lock", "composer.lock", "flake.lock",
        "go.sum",
    }
)  # fmt: skip
_VENDORED = frozenset({"vendor", "vendored", "_vendor", "_vendored", "third_party", "node_modules"})
_MARK = re.compile(rb"@generated\b|\bDO NOT EDIT\b|\bauto(?:matically |-)?generated\b", re.IGNORECASE)
_HEAD = 1000
_TELLING = 12
"""Letters and digits of a line that is the same one when it is met again elsewhere."""

_Kinds = Mapping[int, str]
"""Line number to the kind of noise it is."""


def noise(files: Sequence[Content], outlines: Mapping[str, Outlines], met: Iterable[Meeting]) -> Noise:
    """The noise among the changed lines of `files`."""
    pairs: defaultdict[str, list[tuple[Meeting, str]]] = defaultdict(list)
    for each in met:
        if each.before and each.after and (kind := _kind(each)):
            for path in {each.path, each.old_path}:
                pairs[path].append((each, kind))
    counted: Counter[str] = Counter()
    left: list[tuple[Lines, Lines]] = []
    generated = [file for file in files if is_generated(file)]
    counted["generated"] = sum(len(file.gone) + len(file.came) for file in generated)
    skipped = {file.path for file in generated}
    for file in files:
        if file.path in skipped:
            continue
        code = outlines.get(file.path)
        old, new = _kinds(code, pairs[file.path], file.path) if code else ({}, {})
        python = code is not None
        left.append((_rest(file.gone, old, counted, python), _rest(file.came, new, counted, python)))
    counted["moved"] += _moved(left)
    return Noise(
        changed=sum(len(file.gone) + len(file.came) for file in files),
        generated_paths=tuple(sorted(skipped)),
        **counted,
    )


def is_generated(file: Content) -> bool:
    """Whether a file is a lock file, vendored, or marked as generated on the base."""
    pure = PurePosixPath(file.path)
    if pure.name in _LOCKS or _VENDORED & set(pure.parts[:-1]):
        return True
    return bool(file.old and _MARK.search(file.old[:_HEAD]))


def _rest(lines: Lines, kinds: _Kinds, counted: Counter[str], python: bool) -> Lines:
    """The lines that are no noise by themselves; the others are counted."""
    rest: list[tuple[int, str]] = []
    for number, text in lines:
        bare = text.strip()
        kind = kinds.get(number, "")
        if not bare or (python and bare.startswith("#")):
            counted["comments"] += 1
        elif kind:
            counted[kind] += 1
        else:
            rest.append((number, text))
    return tuple(rest)


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
    for number in range(definition.begin, definition.end + 1) if definition.begin else ():
        lines[number] = kind


def _taken(outline: Outline) -> set[tuple[str, str, str]]:
    return {(each.name, each.source, each.original) for each in outline.imports}


def _imports(lines: dict[int, str], outline: Outline) -> None:
    for each in outline.imports:
        for number in range(each.line, each.end + 1) if each.line else ():
            lines[number] = "imports"


def _moved(left: Sequence[tuple[Lines, Lines]]) -> int:
    """Lines that went at one place and came at another, the same but for indentation, both sides counted."""
    gone = Counter(_telling(text for lines, _ in left for _, text in lines))
    came = Counter(_telling(text for _, lines in left for _, text in lines))
    return 2 * sum((gone & came).values())


def _telling(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        bare = "".join(text.split())
        if sum(map(str.isalnum, bare)) >= _TELLING:
            yield bare
