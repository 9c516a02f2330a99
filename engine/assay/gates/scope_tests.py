"""Scope rules: what the base's tests lose. Tests gone, tests that differ, tests that check less.

Promises: pure. By syntax tree: layout, comments, strings and order make no difference. A test that moved to
another changed file, or that was renamed with its body kept, is not lost; nor are assertions that moved to
another test. A pair of versions of which one cannot be parsed is counted by tokens instead. Honest limits: a
weaker assertion is told by its form, and a helper's by its own body, not by what it does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from assay.gates.files import PYTHON
from assay.gates.scope_compare import Loss, Pairing, compare
from assay.gates.scope_suite import EMPTY, Suite, base_suite, suite_of
from assay.gates.scope_tally import Tally, tally
from assay.gates.scope_types import ChangedFile, Hit
from assay.gates.testing.definitions import HELPER
from assay.gates.testing.definitions import is_test as is_test_name
from assay.model.candidate import ChangeKind, Record

_SOURCE = frozenset(
    {".js", ".jsx", ".mjs", ".ts", ".tsx", ".go", ".rs", ".java", ".kt", ".rb", ".php", ".swift"}
)
_NAMED = 3
_SHOWN = 60


class _Pair(Record, frozen=True, kw_only=True):
    """One changed test file. Without suites (a side that cannot be parsed) the tallies count."""

    file: ChangedFile
    old: Suite | None = None
    new: Suite | None = None
    before: Tally = Tally()
    after: Tally = Tally()

    @property
    def path(self) -> str:
        return self.file.change.path


def weakened(files: Sequence[ChangedFile], is_test: Callable[[str], bool]) -> Iterator[Hit]:
    """Every loss of the base's tests, over all changed test files together."""
    for file in files:
        yield from _hooks(file)
    if not any(_may_lose(file) for file in files):
        return
    pairs = [_pair(file, is_test) for file in files]
    known = [pair for pair in pairs if pair.old is not None and pair.new is not None]
    yield from _by_tree(known)
    yield from _by_tokens([pair for pair in pairs if pair.old is None or pair.new is None])
    for pair in pairs:
        change = pair.file.change
        if change.kind is ChangeKind.DELETED and PurePosixPath(change.path).suffix in _SOURCE:
            yield Hit(rule="scope/test-deleted", path=change.path, message="a test file of the base is gone")


def _may_lose(file: ChangedFile) -> bool:
    """Whether this change can take from a test: whatever is no new file can, by one added line."""
    return file.old is not None or file.change.deleted_lines > 0


def _pair(file: ChangedFile, is_test: Callable[[str], bool]) -> _Pair:
    change = file.change
    before = _content(file.old, change.old_path, is_test)
    after = _content(file.new, change.path, is_test)
    old = base_suite(before) if before is not None else EMPTY
    new = suite_of(after) if after is not None else EMPTY
    if old is not None and new is not None:
        return _Pair(file=file, old=old, new=new)
    return _Pair(file=file, before=tally(before), after=tally(after))


def _content(content: bytes | None, path: str, is_test: Callable[[str], bool]) -> bytes | None:
    return content if is_test(path) and PurePosixPath(path).suffix in PYTHON else None


def _by_tree(pairs: Sequence[_Pair]) -> Iterator[Hit]:
    pairing = Pairing([(pair.path, pair.old or EMPTY, pair.new or EMPTY) for pair in pairs])
    for pair in pairs:
        yield from _deleted(pair, pairing)
    losses, changed = compare(pairing)
    for pair in pairs:
        names = sorted(name for path, name in changed if path == pair.path)
        tests = [name for name in names if is_test_name(name)]
        yield from _listed("scope/test-changed", pair, tests, "existing test", "differ")
        others = [name for name in names if not is_test_name(name)]
        yield from _listed("scope/test-helper", pair, others, "fixture or helper", "differ")
    yield from map(_loss, losses)
    for pair in pairs:
        yield from _actions(pair)


def _actions(pair: _Pair) -> Iterator[Hit]:
    """Statements that an existing file of tests newly runs when it is loaded: they can take any test away."""
    if pair.file.old is None:
        return
    known = {action.text for action in (pair.old or EMPTY).actions}
    for action in (pair.new or EMPTY).actions:
        if action.text not in known:
            first = action.text.strip().splitlines()[0][:_SHOWN]
            yield Hit(
                rule="scope/test-helper",
                path=pair.path,
                line=action.line,
                message=f"this runs when the tests are loaded: `{first}`",
                what=action.text,
            )


def _hooks(file: ChangedFile) -> Iterator[Hit]:
    """Hooks of pytest that a file of tests has and had not."""
    if file.new is None or not any("def pytest_" in text for _line, text in file.added):
        return
    old, new = (suite_of(each) if each is not None else EMPTY for each in (file.old, file.new))
    for name in sorted((new or EMPTY).pieces.keys() - (old or EMPTY).pieces.keys()):
        hook = name.removeprefix(HELPER)
        if hook.startswith("pytest_"):
            line = (new or EMPTY).pieces[name].line
            yield Hit(
                rule="scope/test-hook",
                path=file.change.path,
                line=line,
                message=f"a pytest hook ({hook})",
                what=hook,
            )


def _deleted(pair: _Pair, pairing: Pairing) -> Iterator[Hit]:
    gone = sorted(name for path, name in pairing.gone if path == pair.path)
    tests = [name for name in gone if is_test_name(name)]
    if tests:
        count = len(tests)
        yield Hit(
            rule="scope/test-deleted",
            path=pair.path,
            message=f"{count} test{_plural(count)} fewer than on the base (gone: {_some(tests)})",
            what=", ".join(tests),
        )
    others = [name for name in gone if not is_test_name(name) and name.rpartition(".")[2] != "__init__"]
    yield from _listed("scope/test-helper", pair, others, "fixture or helper", "are gone")


def _listed(rule: str, pair: _Pair, names: Sequence[str], noun: str, verb: str) -> Iterator[Hit]:
    if names:
        many = len(names) > 1
        plural = noun.replace(" or helper", "s or helper") + "s" if many else noun
        does = verb if many else verb.replace("differ", "differs").replace("are", "is")
        yield Hit(
            rule=rule,
            path=pair.path,
            line=_line(pair, names[0]),
            message=f"{len(names)} {plural} {does} from the base's: {_some(names)}".replace(
                "gone from the base's", "gone"
            ),
            what=", ".join(names),
        )


def _line(pair: _Pair, name: str) -> int:
    piece = (pair.new or EMPTY).pieces.get(name)
    return piece.line if piece is not None else 0


def _loss(loss: Loss) -> Hit:
    return Hit(
        rule=loss.rule, path=loss.path, line=loss.line, message=f"{loss.name}: {loss.message}", what=loss.what
    )


def _by_tokens(pairs: Sequence[_Pair]) -> Iterator[Hit]:
    for pair in pairs:
        lost = sorted((Counter(pair.before.tests) - Counter(pair.after.tests)).elements())
        fewer = pair.before.assertions - pair.after.assertions
        if lost:
            yield Hit(
                rule="scope/test-deleted",
                path=pair.path,
                message=f"{len(lost)} test{_plural(len(lost))} fewer than on the base (gone: {_some(lost)})",
                what=", ".join(lost),
            )
        elif fewer > 0:
            yield Hit(
                rule="scope/test-weakened",
                path=pair.path,
                message=f"{fewer} fewer assertion{_plural(fewer)} than on the base",
            )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _plural(count: int) -> str:
    return "" if count == 1 else "s"
