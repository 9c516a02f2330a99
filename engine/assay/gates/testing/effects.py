"""Whether a changed statement of a module can be felt by others than those who look into that module.

Promises: pure. Whatever is not known to be harmless counts as harmful. A statement is harmless if all it
does, when the module is imported, is to bind names in the module or in a class of it.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterable
from difflib import SequenceMatcher

from assay.gates.testing.names import defined, dotted, imported, imports
from assay.gates.testing.units import Form, Function, Outline
from assay.model.candidate import Record

_MOST_FORMS = 3_000

_PURE = frozenset(
    {
        "bool", "bytes", "classmethod", "complex", "dict", "float", "frozenset", "int", "isinstance", "len",
        "list", "max", "min", "object", "property", "range", "set", "slice", "sorted", "staticmethod", "str",
        "sum", "tuple", "zip",
    }
)  # fmt: skip
_PURE_ELSEWHERE = frozenset(
    {
        "Counter", "Decimal", "Fraction", "Lock", "NewType", "OrderedDict", "ParamSpec", "RLock", "TypeVar",
        "abstractmethod", "asynccontextmanager", "attrgetter", "auto", "cache", "cached_property", "cast",
        "compile", "contextmanager", "dataclass", "defaultdict", "deque", "field", "final", "fixture",
        "getLogger", "itemgetter", "local", "lru_cache", "maketrans", "methodcaller", "namedtuple",
        "overload", "override", "partial", "timedelta", "total_ordering", "wraps",
    }
)  # fmt: skip
"""Last words of what counts as harmless to call where it is imported from outside of the tree."""

_MARKS = ("pytest.mark.", "pytest.param", "unittest.skip", "mock.patch", "unittest.mock.patch")
_BASES = frozenset(
    {
        "ABC", "Enum", "Flag", "Generic", "IntEnum", "IntFlag", "NamedTuple", "Protocol", "StrEnum",
        "TestCase", "TypedDict", "object",
    }
)  # fmt: skip
_FELT = frozenset(
    {
        "__del__", "__init_subclass__", "__instancecheck__", "__mro_entries__", "__path__", "__prepare__",
        "__set_name__", "__subclasscheck__", "__subclasshook__", "collect_ignore", "collect_ignore_glob",
        "load_tests", "pytest_plugins",
    }
)  # fmt: skip
"""Names by which Python or pytest finds something that others than its users feel."""

_OF_PROPERTY = frozenset({"setter", "getter", "deleter"})


class Around(Record, frozen=True, kw_only=True):
    """The run in which a file was loaded.

    `loaded` are the names of all modules, `tops` the first words of those of the tree, `unloaded` the last
    words of modules of the tree that were not loaded. `plain` are classes of the tree that come to be without
    code of the project being run, as `path::qualname`, and those names that only such classes have.
    """

    path: str
    loaded: frozenset[str] = frozenset()
    tops: frozenset[str] = frozenset()
    unloaded: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()


def harmless(old: Outline | None, new: Outline, around: Around) -> bool:
    """Whether all that differs between two versions of a file's module unit only binds names there. Without
    an `old` one: whether all of the new file does."""
    before = _Judge(old, around) if old is not None else None
    gone, come = _differing(old.forms if old is not None else (), new.forms)
    after = _Judge(new, around)
    fresh = {_qualified(form) for form in come if isinstance(form.node, ast.ClassDef)}
    still = {module for module, _ in imported(new.module).values()}
    if before is not None and not all(before.may_go(form, still) for form in gone):
        return False
    return all(after.may_come(form, fresh) for form in come) and after.keeps_to_itself([*gone, *come], fresh)


def loads_nothing(node: ast.AST, around: Around, old: ast.AST | None = None) -> bool:
    """Whether the import statements in a piece of source, besides those of its `old` version, load no module
    of the tree that was not loaded."""
    known = set(imports(old)) if old is not None else set()
    return all(_nothing_new(around, *each) for each in imports(node) if each not in known)


def _nothing_new(around: Around, module: str, level: int, names: tuple[tuple[str, str], ...]) -> bool:
    """What a relative import means depends on how the file was loaded: any module of that name will do."""
    if not level and module.split(".", 1)[0] not in around.tops:
        return True
    if any(name in around.unloaded for name, _ in names):
        return False
    if level:
        return not module or any(f".{name}".endswith(f".{module}") for name in around.loaded)
    return module in around.loaded


def _differing(old: Collection[Form], new: Collection[Form]) -> tuple[list[Form], list[Form]]:
    """The statements that only one side has, or has in another place."""
    first, second = list(old), list(new)
    if max(len(first), len(second)) > _MOST_FORMS:
        return first, second
    texts = [form.text for form in first], [form.text for form in second]
    gone: list[Form] = []
    come: list[Form] = []
    for kind, a, b, c, d in SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
        if kind != "equal":
            gone += first[a:b]
            come += second[c:d]
    return gone, come


class _Judge:
    """Judges the statements of one version of a file."""

    def __init__(self, outline: Outline, around: Around) -> None:
        self._around = around
        self._forms = outline.forms
        self._own = defined(outline)
        self._outside = {
            name
            for name, (module, _) in imported(outline.module).items()
            if not module.startswith(".") and module.split(".", 1)[0] not in around.tops
        }

    def may_come(self, form: Form, fresh: Collection[str]) -> bool:
        """`fresh`: classes that come with the same change, each of which is judged by itself."""
        if isinstance(form.node, ast.Import | ast.ImportFrom):
            return all(self._nothing_new(*each) for each in imports(form.node))
        return (form.owner in fresh or self._plain(form)) and self._binds(form.node)

    def keeps_to_itself(self, changed: Collection[Form], fresh: Collection[str]) -> bool:
        """Whether no other statement hands on, by more than binding a name, what changed ones bind."""
        texts = {form.text for form in changed}
        tainted = frozenset().union(*map(_bound, changed))
        for form in self._forms:
            if form.text in texts or not tainted & _used(form.node):
                continue
            if not self.may_come(form, fresh) and not isinstance(form.node, ast.Import | ast.ImportFrom):
                return False
            tainted |= _bound(form)
        return True

    def may_go(self, form: Form, still: Collection[str]) -> bool:
        """`still`: the modules that the file imports without it."""
        if isinstance(form.node, ast.Import | ast.ImportFrom):
            return all(self._unmissed(*each, still) for each in imports(form.node))
        return self._plain(form) and self._binds(form.node)

    def _plain(self, form: Form) -> bool:
        return not form.owner or f"{self._around.path}::{form.owner}" in self._around.plain

    def _binds(self, node: ast.AST) -> bool:
        if isinstance(node, Function):
            inside = node.name not in _FELT and self._calm([node.args, node.returns])
            return inside and all(map(self._decorator, node.decorator_list))
        if isinstance(node, ast.ClassDef):
            bases = not node.keywords and all(map(self._base, node.bases))
            return bases and all(map(self._decorator, node.decorator_list))
        parts = _parts(node)
        if parts is None:
            return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        targets, values = parts
        return all(map(self._target, targets)) and self._calm(values)

    def _target(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Tuple | ast.List):
            return all(map(self._target, node.elts))
        return isinstance(node, ast.Name) and node.id not in _FELT

    def _base(self, node: ast.expr) -> bool:
        word = dotted(node.value if isinstance(node, ast.Subscript) else node).rpartition(".")[2]
        if word in self._around.plain:
            return True
        kind = getattr(builtins, word, None)
        exception = isinstance(kind, type) and issubclass(kind, BaseException)
        return word not in self._own and (word in _BASES or exception)

    def _decorator(self, node: ast.expr) -> bool:
        called = node.func if isinstance(node, ast.Call) else node
        if isinstance(called, ast.Attribute) and called.attr in _OF_PROPERTY:
            return True
        return self._pure(called) and self._calm(ast.iter_child_nodes(node))

    def _calm(self, nodes: Iterable[ast.AST | None]) -> bool:
        """Whether evaluating these runs nothing that is not known to be without effect."""
        todo = [node for node in nodes if node is not None]
        while todo:
            node = todo.pop()
            if isinstance(node, ast.Lambda):
                todo.append(node.args)
                continue
            if isinstance(node, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom):
                return False
            if isinstance(node, ast.Call) and not self._pure(node.func):
                return False
            todo.extend(ast.iter_child_nodes(node))
        return True

    def _pure(self, called: ast.expr) -> bool:
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Constant):
            return True  # a method of a text or number
        text = dotted(called)
        root = text.split(".", 1)[0]
        if not text or root in self._own:
            return False
        if root in self._outside:
            return text.rpartition(".")[2] in _PURE_ELSEWHERE or text.startswith(_MARKS)
        return text in _PURE

    def _nothing_new(self, module: str, level: int, names: tuple[tuple[str, str], ...]) -> bool:
        """Whether importing this loads nothing and binds no name that others feel."""
        felt = module == "__future__" or any(name in _FELT for _, name in names)
        return not felt and _nothing_new(self._around, module, level, names)

    def _unmissed(
        self, module: str, level: int, names: tuple[tuple[str, str], ...], still: Collection[str]
    ) -> bool:
        """Whether nobody misses this import: others may use a module of which it is an attribute without
        importing it, if only somebody did."""
        if module == "__future__":
            return False
        submodules = any(self._loaded(level, f"{module}.{name}".lstrip(".")) for name, _ in names)
        if submodules:
            return False
        return f"{'.' * level}{module}" in still or (not level and "." not in module)

    def _loaded(self, level: int, name: str) -> bool:
        if not level:
            return name in self._around.loaded
        return any(f".{each}".endswith(f".{name}") for each in self._around.loaded)


def _parts(node: ast.AST) -> tuple[list[ast.expr], list[ast.AST | None]] | None:
    """What a statement that only binds assigns to, and what it evaluates; None for any other."""
    found: tuple[list[ast.expr], list[ast.AST | None]]
    match node:
        case ast.Assign():
            found = node.targets, [node.value]
        case ast.AnnAssign():
            found = [node.target], [node.value, node.annotation]
        case ast.AugAssign(target=ast.Name(id="__all__")):
            # Any other may change in its place what another module has, too.
            found = [node.target], [node.value]
        case ast.For():
            found = [node.target], [node.iter]
        case ast.Delete():
            found = node.targets, []
        case ast.If() | ast.While():
            found = [], [node.test]
        case ast.ExceptHandler():
            found = [], [node.type]
        case ast.Pass() | ast.Try():
            found = [], []
        case _:
            return None
    return found


def _bound(form: Form) -> frozenset[str]:
    """The names at the top of the module in which the outcome of a statement is found."""
    if form.owner:
        return frozenset({form.owner.split(".", 1)[0]})
    name = getattr(form.node, "name", None)
    if isinstance(form.node, Function | ast.ClassDef):
        return frozenset({str(name)})
    parts = _parts(form.node)
    nodes = parts[0] if parts is not None else []
    return frozenset(each.id for node in nodes for each in ast.walk(node) if isinstance(each, ast.Name))


def _used(node: ast.AST) -> frozenset[str]:
    """The names that a statement looks up when it is executed, its own body aside."""
    inside = set(map(id, getattr(node, "body", ()))) if hasattr(node, "body") else set()
    parts = [each for each in ast.iter_child_nodes(node) if id(each) not in inside]
    return frozenset(
        each.id
        for part in parts
        for each in ast.walk(part)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
    )


def _qualified(form: Form) -> str:
    name = getattr(form.node, "name", "")
    return f"{form.owner}.{name}" if form.owner else str(name)
