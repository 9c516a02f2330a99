"""What a test file defines, and which of it differs between two versions: by syntax tree, not by text.

Promises: pure; never raises for what a file holds, however deeply nested; formatting and comments make no
difference, nor does a test's docstring unless it is a doctest. Nothing is compiled or run, and no recursion
of ours follows a source's own nesting (what `ast` itself cannot bear, it refuses with an exception).

Names are qualified: `test_x` and `TestX.test_y` are tests, `TestX` is a test class's own head and attributes,
`fixture:name` a fixture, `helper:name` any other function or class, and `<module>` stands for all other
statements of the file.
"""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter

from assay.model.candidate import Record

MODULE = "<module>"
FIXTURE = "fixture:"
HELPER = "helper:"

MAX_BYTES = 512 * 1024
"""Larger sources are generated data, and a parser needs a thousand times their size."""

_MAX_BRACES = 3_000_000_000
"""Braces times bytes: what `ast` needs for an f-string of many fields grows with it (so far, a second)."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_IMPORT = "import "
_Pieces = dict[str, list[tuple[str, int]]]


class Part(Record, frozen=True, kw_only=True):
    """One named part of a file. Parts of equal meaning have equal `form`, whatever their names; `line` is
    where the (first) definition begins, 0 for `<module>`."""

    form: tuple[str, ...]
    line: int = 0


class TestDiff(Record, frozen=True, kw_only=True):
    """Sorted names of what differs. Where `readable` is false a side could not be parsed: then the file as a
    whole counts as changed (`<module>`), and nothing is known of its parts."""

    __test__ = False  # pytest would otherwise take the class for tests wherever it is imported

    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    readable: bool = True


def differ(old: bytes | None, new: bytes | None) -> TestDiff:
    """What differs between two versions of a Python file; None stands for a version that does not exist.

    Statements that are only added to a module or a class, and imports in another order, do not change it.
    """
    if old == new:
        return TestDiff()
    before, after = parts(old), parts(new)
    if before is None or after is None:
        return TestDiff(changed=(MODULE,), readable=False)
    common = before.keys() & after.keys()
    differing = {name for name in common if before[name].form != after[name].form}
    grown = {name for name in differing if _only_adds(name, before[name].form, after[name].form)}
    return TestDiff(
        changed=tuple(sorted(differing - grown)),
        removed=tuple(sorted(before.keys() - after.keys())),
        added=tuple(sorted((after.keys() - before.keys()) | grown)),
    )


def parts(source: bytes | None) -> Mapping[str, Part] | None:
    """The named parts of a source; empty for None, and None for a source that cannot be parsed."""
    if source is None:
        return {}
    if len(source) > MAX_BYTES or source.count(b"{") * len(source) > _MAX_BRACES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(source)
        pieces = _pieces(module)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return {
        name: Part(form=_ordered(form for form, _ in found), line=min(line for _, line in found))
        for name, found in pieces.items()
    }


def _ordered(forms: Iterable[str]) -> tuple[str, ...]:
    """In the order of the text, but imports last and sorted: which of them comes first means nothing."""
    every = list(forms)
    imports = sorted({form for form in every if _IMPORT in form})
    return (*(form for form in every if _IMPORT not in form), *imports)


def is_test(name: str) -> bool:
    """Whether a part's name is that of a test function or method."""
    return ":" not in name and name.rpartition(".")[2].startswith("test")


class _Block(Record, frozen=True, kw_only=True):
    """Statements still to be looked at: the qualified name they are in, and the digest of the compound
    statements around them (a test inside `if False:` is another test)."""

    statements: Sequence[ast.AST]
    prefix: str = ""
    guard: str = ""


def _pieces(module: ast.Module) -> _Pieces:
    found: _Pieces = defaultdict(list)
    todo = [_Block(statements=module.body)]
    while todo:
        block = todo.pop()
        inner: list[_Block] = []
        for statement in block.statements:
            inner += _place(found, block, statement)
        todo.extend(reversed(inner))
    return found


def _place(found: _Pieces, block: _Block, statement: ast.AST) -> list[_Block]:
    """Add one statement to the part it belongs to; the blocks in it that may hold definitions."""
    own = block.prefix[:-1] or MODULE
    line = getattr(statement, "lineno", 0) if block.prefix else 0
    if isinstance(statement, _Function):
        name = _function_name(statement, block.prefix)
        found[name].append((block.guard + _function_form(statement, name), statement.lineno))
        return []
    if isinstance(statement, ast.ClassDef):
        prefix = f"{block.prefix}{statement.name}."
        found[prefix[:-1]].append((block.guard + _head(statement), statement.lineno))
        return [_Block(statements=statement.body, prefix=prefix, guard=block.guard)]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        found[own] += [(block.guard + form, line) for form in _imports(statement)]
        return []
    blocks = [field for field in _BLOCKS if getattr(statement, field, None)]
    if not blocks:
        if not _is_words(statement):
            found[own].append((block.guard + digest(statement), line))
        return []
    guard = block.guard + _head(statement)
    found[own].append((guard, line))
    return [
        _Block(statements=getattr(statement, field), prefix=block.prefix, guard=f"{guard}{field}/")
        for field in blocks
    ]


def _function_name(node: _Function, prefix: str) -> str:
    if any(_last_name(decorator).endswith("fixture") for decorator in node.decorator_list):
        return f"{FIXTURE}{prefix}{node.name}"
    return f"{'' if node.name.startswith('test') else HELPER}{prefix}{node.name}"


def _last_name(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _function_form(node: _Function, name: str) -> str:
    body: Sequence[ast.AST] = node.body
    # A helper's docstring may be what is tested (a command's help text); that of a test is for readers.
    if is_test(name) and _is_words(body[0]):
        body = body[1:]
    rest = (getattr(node, field) for field in node._fields if field not in ("name", "body"))
    return digest(type(node).__name__, *chain.from_iterable(map(_listed, rest)), "body", *body)


def _head(node: ast.AST) -> str:
    """The digest of a compound statement without its blocks, and of a class without its name."""
    parts = [getattr(node, field) for field in node._fields if field not in (*_BLOCKS, "name")]
    return digest(type(node).__name__, *chain.from_iterable(map(_listed, parts)))


def _listed(value: object) -> list[object]:
    return ["[", *value, "]"] if isinstance(value, list) else [value]


def _imports(statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
    where = f"{statement.level}{statement.module}" if isinstance(statement, ast.ImportFrom) else ""
    for alias in statement.names:
        yield f"{_IMPORT}{where}:{alias.name}:{alias.asname}"


def _is_words(statement: ast.AST) -> bool:
    """Whether a statement is a string that is no doctest, or nothing at all."""
    if isinstance(statement, ast.Pass):
        return True
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Constant):
        return False
    value = statement.value.value
    return isinstance(value, str) and ">>>" not in value


def _only_adds(name: str, old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """Whether `new` has everything of `old`: imports anywhere, other statements in their order. Only a module
    or a class can grow so; a function that is defined again hides the first."""
    if name != MODULE and (":" in name or is_test(name)):
        return False
    if name != MODULE and old[:1] != new[:1]:
        return False
    later = iter(new)
    return all(form in later for form in old)


_END = ")"
_Kind = tuple[str, Callable[[ast.AST], Iterable[object]]]
_KINDS: dict[type[ast.AST], _Kind] = {}


def digest(*values: object) -> str:
    """A digest of syntax nodes and plain values in a row, blind to places in the text. Walks without
    recursion."""
    said: list[str] = []
    todo = list(reversed(values))
    while todo:
        value = todo.pop()
        if isinstance(value, ast.AST):
            kind = type(value)
            name, children = _KINDS.get(kind) or _KINDS.setdefault(kind, _told(kind))
            said.append(name)
            todo.append(_END)
            todo.extend(children(value))
        elif isinstance(value, list):
            said.append(f"[{len(value)}")
            todo.extend(reversed(value))
        else:
            # hex: the text of a number of many digits would take for ever, or raise.
            shown = hex(value) if isinstance(value, int) else repr(value)
            said.append(f" {type(value).__name__}:{shown}")
    return hashlib.blake2b("".join(said).encode("utf-8", "backslashreplace"), digest_size=12).hexdigest()


def _told(kind: type[ast.AST]) -> _Kind:
    """How nodes of this kind begin, and what gives their fields, the last first."""
    fields = [field for field in reversed(kind._fields) if field != "kind"]
    if len(fields) < 2:
        return f"({kind.__name__}", lambda node: [getattr(node, field, None) for field in fields]
    get = attrgetter(*fields)
    return f"({kind.__name__}", get
