"""Names agreed upon by their text: fixtures, environment variables, configuration keys, options, commands.

Promises: pure. Proven is a fixture that nothing in reach provides, an environment variable or a key of one
configuration that was visibly renamed, and a command that is run by the name it had; other cases are
suspected.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from assay.model.expressions import expression
from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.facts.records import Named, Names
from assay.patchset.touch import FileTouch, Touch
from assay.patchset.values import counts_otherwise
from assay.patchset.view import View

_CONFIGURATION = ("config", "conf", "cfg", "setting", "option", "opts", "default", "preference", "environ")

Word = tuple[str, str]
"""(kind, name) of a name by its text."""
COMMAND, VALUE = "command", "value"
_MOST = 1000
"""Names that one candidate can give up: each is searched for in what it wrote."""
_WORDS = {str(Names.ENVIRONMENT): "environment variable", str(Names.KEY): "key"}
_VARIABLE = expression(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
"""What is named like an environment variable."""


_DISTINCT = expression(r"\w[_.-]\w|[a-z][A-Z]")
"""Keys of more than one word: others are everybody's."""


def lost(touch: Touch) -> dict[Word, str]:
    """The names that a candidate no longer speaks of in any file it touches, with where it did."""
    found: dict[Word, str] = {}
    for file, named in touch.named(gone=True):
        found.setdefault((named.kind, named.name), f"{file.old_path}:{named.line}")
    for file in touch.files:
        for text in file.gone.strings:
            if _VARIABLE.fullmatch(text):
                found.setdefault((Names.ENVIRONMENT, text), f"{file.old_path}:0")
    for data in touch.data:
        for key in data.old.keys() - data.new.keys():
            found.setdefault((Names.KEY, key.rpartition(".")[2]), f"{data.path}:0")
        kept = {entry.name for entry in data.new_entries}
        for entry in data.old_entries:
            if entry.name not in kept:
                found[COMMAND, entry.name] = f"{data.path}:0"
    return {word: where for word, where in islice(found.items(), _MOST) if not _still(touch, word)}


def _still(touch: Touch, word: Word) -> bool:
    """Whether some version of its own still speaks of it."""
    kind, name = word
    sources = (c.new_blob for c in touch.candidate.changes if not c.binary and c.path.endswith(".py"))
    if any(blob and touch.view.says(blob, name) for blob in sources):
        return True
    return kind == Names.KEY and any(
        key.rpartition(".")[2] == name for data in touch.data for key in data.new
    )


def gained(touch: Touch, kind: str, owner: str = "") -> set[str]:
    """Names of a kind that a candidate's new lines speak of."""
    found = {n.name for _, n in touch.named(gone=False) if n.kind == kind and (not owner or n.owner == owner)}
    if kind == Names.ENVIRONMENT:
        found |= {text for file in touch.files for text in file.uses.strings if _VARIABLE.fullmatch(text)}
    if kind == Names.KEY:
        found |= {key.rpartition(".")[2] for data in touch.data for key in data.new.keys() - data.old.keys()}
    if kind == COMMAND:
        found |= {
            entry.name for data in touch.data for entry in data.new_entries if entry not in data.old_entries
        }
    return found


def spoken(touch: Touch) -> set[Word]:
    """The words that may be meant by a candidate's new texts."""
    found: set[Word] = {(named.kind, named.name) for _, named in touch.named(gone=False)}
    for file in touch.files:
        for text in file.uses.strings:
            found.update(((Names.ENVIRONMENT, text), (COMMAND, text)))
            if text.startswith("-"):
                found.add((Names.OPTION, text))
    return found


def unspoken(ours: Touch, theirs: Touch, words: dict[Word, str]) -> Iterator[Clash]:
    """Names that `theirs` newly speaks of and `ours` has given up; `words` is what `ours` lost."""
    heard = spoken(theirs)
    for word, where in words.items():
        if word in heard:
            yield from _one(ours, theirs, word, where)


def _one(ours: Touch, theirs: Touch, word: Word, where: str) -> Iterator[Clash]:
    kind, name = word
    owners = {n.owner for _, n in ours.named(gone=True) if (n.kind, n.name) == word}
    meant = [(f, n) for f, n in theirs.named(gone=False) if (n.kind, n.name) == word]
    path, _, line = where.rpartition(":")
    file, row = (meant[0][0].path, meant[0][1].line) if meant else _text_at(theirs, name)
    had = {n.name for _, n in ours.named(gone=True) if n.kind == kind}
    other = sorted(gained(ours, kind) - had - {name})
    if kind == Names.KEY:
        match = [
            n for _, n in meant if n.owner in owners or (_is_configuration(n.owner) and _configured(owners))
        ]
        if not match and not _vanishes(ours, meant, name):
            return
        proven = bool(other) and any(_is_configuration(n.owner) for n in match)
    elif kind == Names.ENVIRONMENT:
        if not meant and not _VARIABLE.fullmatch(name):
            return
        proven = bool(other) and (bool(meant) or bool(owners))
    else:
        proven = kind == COMMAND and any(name in f.uses.programs for f in theirs.files)
    renamed = f" in favour of {', '.join(map(repr, other[:3]))}" if other else ""
    label = f"{kind}:{name}"
    yield Clash(
        kind=ConflictKind.SEMANTIC,
        proven=proven,
        label=label,
        where=f"{path}:{name}",
        mine=Witness(
            path=path, line=int(line), does=f"gives up the {_WORDS.get(kind, kind)} {name!r}{renamed}"
        ),
        theirs=Witness(path=file, line=row, does="newly uses it"),
    )


def _vanishes(ours: Touch, meant: list[tuple[FileTouch, Named]], name: str) -> bool:
    """Whether a key that `ours` gave to something is one that nothing in its tree speaks of any more, while
    the other newly reads it of something: whose key it was is then told by the key alone."""
    if not _DISTINCT.search(name) or all(named.defines for _, named in meant):
        return False
    if not any(n.defines for _, n in ours.named(gone=True) if (n.kind, n.name) == (Names.KEY, name)):
        return False
    return not ours.view.speaks_of(name)


def _text_at(touch: Touch, name: str) -> tuple[str, int]:
    file = next((file for file in touch.files if name in file.uses.strings), None)
    return (file.path, 0) if file is not None else ("", 0)


def _is_configuration(owner: str) -> bool:
    return any(word in owner for word in _CONFIGURATION)


def _configured(owners: set[str]) -> bool:
    return not owners or any(map(_is_configuration, owners))


def revalued(touch: Touch) -> dict[Word, tuple[str, int, str, str]]:
    """The keys of dictionaries whose value a candidate changes: where, what it was, and what it is."""
    found: dict[Word, tuple[str, int, str, str]] = {}
    for file in touch.files if any(f.gone.named for f in touch.files) else ():
        was = {(n.owner, n.name): n for n in file.gone.named if n.defines and n.value and n.kind is Names.KEY}
        for now in file.uses.named if was and "test" not in file.path else ():
            old = was.get((now.owner, now.name)) if now.defines and now.value else None
            if old is not None and counts_otherwise(old.value, now.value):
                found[VALUE, f"{now.owner}[{now.name}]"] = (file.path, now.line, old.value, now.value)
    return found


def read(touch: Touch) -> Iterator[tuple[Word, FileTouch, Named]]:
    """The keys of dictionaries that a candidate newly reads."""
    for file, named in touch.named(gone=False):
        if named.kind is Names.KEY and not named.defines:
            yield (VALUE, f"{named.owner}[{named.name}]"), file, named


def unvalued(ours: Touch, theirs: Touch) -> Iterator[Clash]:
    """Keys that `theirs` newly reads, and that `ours` has count in something else."""
    changed = revalued(ours)
    for word, file, named in read(theirs) if changed else ():
        if word in changed:
            path, line, old, new = changed[word]
            module = ours.by_path[path].module
            yield Clash(
                kind=ConflictKind.SEMANTIC,
                proven=False,
                label=f"{module}:{word[1]}",
                where=f"{path}:{word[1]}",
                mine=Witness(path=path, line=line, does=f"changes `{word[1]}` from {old} to {new}"),
                theirs=Witness(path=file.path, line=named.line, does="newly reads it"),
                note="the value may matter",
            )


def unprovided(ours: Touch, theirs: Touch, both: View) -> Iterator[Clash]:
    """Fixtures that a new test asks for and that `ours` took away."""
    gone = ours.fixtures_gone()
    for file, request in theirs.requests():
        if request.name not in gone:
            continue
        source, fixture = gone[request.name]
        moved = any(request.name in touched.new.fixtures for touched in ours.files)
        if not provided(theirs.view, file.path, request.name) or provided(both, file.path, request.name):
            continue
        yield Clash(
            kind=ConflictKind.SEMANTIC,
            proven=not moved,
            label=f"fixture:{request.name}",
            where=f"{source}:{fixture.function}",
            mine=Witness(
                path=source, line=fixture.line, does=f"removes or renames the fixture `{request.name}`"
            ),
            theirs=Witness(path=file.path, line=request.line, does=f"asks for it in `{request.scope}`"),
        )


def provided(view: View, path: str, name: str) -> bool:
    """Whether a test file sees a fixture of this name: in itself, or in the `conftest.py` files above it."""
    places = [path]
    directory = path.rpartition("/")[0]
    while True:
        places.append(f"{directory}/conftest.py".lstrip("/"))
        if not directory:
            break
        directory = directory.rpartition("/")[0]
    for place in places:
        module = view.at(place)
        if module is not None and (name in module.fixtures or name in module.definitions or module.stars):
            return True
    return False
