"""What some lines of a Python source use: names and attributes with the calls around them, names by their
text.

Promises: pure; only what has one of the wanted lines is walked, in functions and classes as well. Local names
are resolved to what they hold where one plain assignment or an annotation tells; everything else that is
local begins with `UNKNOWN`. May raise `syntax.REFUSED` for what was built to break it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable

from assay.gates.syntax import Function, children, families, first_line, last_name
from assay.patchset.facts import contexts, named
from assay.patchset.facts.arguments import given_in, role_of, shape_in, spelled
from assay.patchset.facts.paths import (
    NO_ONE,
    own_names,
    parameters,
    path_of,
    stored,
    targets,
    values_settled,
)
from assay.patchset.facts.records import (
    CALL,
    UNKNOWN,
    Named,
    Path,
    Request,
    Said,
    Use,
    Uses,
)
from assay.patchset.facts.requests import requests_of
from assay.patchset.facts.scopes import Scope
from assay.patchset.facts.signature import Shape, shape_of_handed

Wanted = Callable[[int, int], bool]
"""Whether any of these lines, both included, counted from 1, is wanted."""

_ABSENCE = frozenset(
    {"ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "Exception", "BaseException", ""}
)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)+")
_IMPORTERS = frozenset({"patch", "setattr", "delattr", "import_module", "import_string", "importorskip"})
_RUNNERS = frozenset(
    {
        "run",
        "call",
        "check_call",
        "check_output",
        "Popen",
        "which",
        "entry_points",
        "load_entry_point",
        "execvp",
    }
)
_SHORT = 100
_STATIC = frozenset({"staticmethod"})


def uses_of(tree: ast.Module, wanted: Wanted) -> Uses:
    """What the wanted lines of a parsed source use."""
    finder = _Finder(wanted)
    for statement in tree.body:
        if wanted(first_line(statement), statement.end_lineno or statement.lineno):
            finder.statement(statement)
    return Uses(
        uses=tuple(finder.uses),
        locals=tuple(finder.locals),
        stores=frozenset(finder.stores),
        named=tuple(finder.named),
        requests=tuple(finder.requests),
        strings=frozenset(finder.strings),
        said=tuple(finder.said),
        programs=frozenset(finder.programs),
        dotted=tuple(finder.dotted),
    )


class _Finder:
    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._parents: dict[ast.AST, ast.AST] = {}
        self._names_in: contexts.Known = {}
        self.uses: list[Use] = []
        self.locals: list[tuple[str, str, int]] = []
        self.named: list[Named] = []
        self.requests: list[Request] = []
        self.stores: set[tuple[str, str]] = set()
        self.strings: set[str] = set()
        self.said: list[Said] = []
        self.programs: set[str] = set()
        self.dotted: list[tuple[str, int, bool]] = []

    def statement(self, statement: ast.stmt) -> None:
        self._parents = {}
        self._names_in = {}
        self._adopt(statement)
        self._walk(statement, Scope())

    def _adopt(self, statement: ast.stmt) -> None:
        """Learn who is whose parent in a statement; in a class, of what is not in its body, whose statements
        are adopted as they are walked."""
        inner: list[ast.AST] = [statement]
        if isinstance(statement, ast.ClassDef):
            inner = [*statement.decorator_list, *statement.bases, *statement.keywords]
            self._parents.update((child, statement) for child in children(statement))
        for node, below in families(inner):
            self._parents.update(dict.fromkeys(below, node))

    def _walk(self, node: ast.AST, scope: Scope) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node, scope)
            case ast.ClassDef():
                self._class(node, scope)
            case ast.Lambda():
                self._each([*node.args.defaults, *filter(None, node.args.kw_defaults)], scope)
                self._walk(node.body, scope.within({p.arg: NO_ONE for p in parameters(node.args)}))
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                bound = {name: NO_ONE for part in node.generators for name in stored(part.target)}
                self._each(children(node), scope.within(bound))
            case ast.Try() | ast.If() | ast.IfExp() | ast.With() | ast.AsyncWith():
                self._guarding(node, scope)
            case ast.Name() | ast.Attribute():
                self._chain(node, None, scope)
            case ast.Call():
                self._call(node, scope)
            case ast.Import() | ast.ImportFrom():
                self._import(node, scope)
            case ast.Constant(value=str(text)):
                self._text(node, text)
            case _:
                if isinstance(node, ast.Subscript | ast.Compare | ast.Dict):
                    self._add_named(node, scope)
                self._each(children(node), scope)

    def _each(self, nodes: Iterable[ast.AST], scope: Scope) -> None:
        for node in nodes:
            if self._is_near(node):
                self._walk(node, scope)

    def _is_near(self, node: ast.AST) -> bool:
        """Whether a wanted line may be in what has a place of its own."""
        if isinstance(node, ast.stmt):
            return self._wanted(first_line(node), node.end_lineno or node.lineno)
        if isinstance(node, ast.expr | ast.excepthandler):
            return self._wanted(node.lineno, node.end_lineno or node.lineno)
        return True

    def _function(self, node: Function, scope: Scope) -> None:
        qualified = f"{scope.qualified}.{node.name}".lstrip(".")
        notes = [p.annotation for p in parameters(node.args) if p.annotation is not None]
        defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        heads = [*node.decorator_list, *defaults]
        self._each(heads, scope)
        self._each([*notes, *filter(None, [node.returns])], scope.guard(guarded=True))
        self.requests += requests_of(node, qualified, self._wanted)
        names = own_names(node)
        marks = {last_name(decorator) for decorator in node.decorator_list}
        if scope.cls and scope.qualified == scope.cls and node.args.args and not marks & _STATIC:
            itself = tuple(scope.cls.split("."))
            by_class = "classmethod" in marks or node.name in ("__new__", "__init_subclass__")
            names[node.args.args[0].arg] = itself if by_class else (*itself, CALL)
        inner = Scope(qualified, {**scope.names, **values_settled(names)}, scope.cls, scope.guarded)
        self._each(node.body, inner)

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        self._each([*node.decorator_list, *node.bases, *node.keywords], scope)
        qualified = f"{scope.qualified}.{node.name}".lstrip(".")
        # A class inside a function is nobody's to name: its `self` is unknown, like all that is local there.
        nameable = scope.qualified == scope.cls and node.name not in scope.names
        own: dict[str, Path] = {}
        for statement in node.body:
            for name in _bound(statement):
                own[name] = NO_ONE
        for statement in filter(self._is_near, node.body):
            self._adopt(statement)
            inside = Scope(qualified, scope.names, qualified if nameable else "", scope.guarded)
            self._walk(statement, inside if isinstance(statement, Function) else inside.within(own))

    def _guarding(self, node: ast.Try | ast.If | ast.IfExp | ast.With | ast.AsyncWith, scope: Scope) -> None:
        if isinstance(node, ast.Try):
            self._try(node, scope)
        elif isinstance(node, ast.If | ast.IfExp):
            self._if(node, scope)
        else:
            self._with(node, scope)

    def _try(self, node: ast.Try, scope: Scope) -> None:
        caught = [name for handler in node.handlers for name in _exceptions(handler.type)]
        self._each(node.body, scope.guard(bool(_ABSENCE.intersection(caught)), caught))
        # What only runs after a failed import is as unlikely to run as the import is to fail.
        self._each(node.handlers, scope.guard(bool(_ABSENCE.intersection(caught))))
        self._each([*node.orelse, *node.finalbody], scope)

    def _if(self, node: ast.If | ast.IfExp, scope: Scope) -> None:
        words = {last_name(part) for part in ast.walk(node.test)}
        asks = bool(words & {"hasattr", "TYPE_CHECKING", "version_info", "getattr"})
        self._walk(node.test, scope.guard(asks))
        branches = ast.iter_child_nodes(node)
        self._each((part for part in branches if part is not node.test), scope.guard(asks))

    def _with(self, node: ast.With | ast.AsyncWith, scope: Scope) -> None:
        caught: list[str] = []
        for item in node.items:
            self._walk(item, scope)
            if isinstance(item.context_expr, ast.Call) and last_name(item.context_expr) in (
                "raises",
                "suppress",
                "assertRaises",
                "assertRaisesRegex",
            ):
                caught += [name for arg in item.context_expr.args for name in _exceptions(arg)]
        expected = bool((_ABSENCE - {"", "Exception"} | {"TypeError"}).intersection(caught))
        self._each(node.body, scope.guard(expected, caught))

    def _call(self, node: ast.Call, scope: Scope) -> None:
        self._add_named(node, scope)
        self._replaced(node, scope)
        self._spelled(node, scope)
        if isinstance(node.func, ast.Name | ast.Attribute):
            self._chain(node.func, node, scope)
        else:
            self._walk(node.func, scope)
        asks = isinstance(node.func, ast.Name) and node.func.id in ("hasattr", "getattr")
        self._each([*node.args, *node.keywords], scope.guard(guarded=asks))

    def _replaced(self, node: ast.Call, scope: Scope) -> None:
        """`monkeypatch.setattr(module, "name", ...)`, `patch.object(Class, "name")`: that name is there."""
        match node:
            case ast.Call(
                func=ast.Attribute(attr="setattr" | "delattr" | "object"),
                args=[owner, ast.Constant(value=str(name)), *_],
            ) if name.isidentifier() and self._wanted(node.lineno, node.lineno):
                path = path_of(owner, scope.names, scope.cls)
                if path and path[0] != UNKNOWN:
                    self.uses.append(
                        Use(scope=scope.qualified, path=(*path, name), line=node.lineno, end=node.lineno)
                    )

    def _spelled(self, node: ast.Call, scope: Scope) -> None:
        for path, shape, receiver in spelled(node, self._parents, scope.names, scope.cls):
            if self._wanted(node.lineno, node.lineno):
                call = self._parents.get(node) if shape is not None else None
                around = call if isinstance(call, ast.Call) and call.func is node else node
                known = (
                    contexts.of(around, self._parents, self._names_in)
                    if path[0] != UNKNOWN or receiver
                    else ()
                )
                self.uses.append(
                    Use(
                        scope=scope.qualified,
                        path=path,
                        line=node.lineno,
                        end=node.lineno,
                        call=shape,
                        contexts=known,
                        guarded=scope.guarded,
                        receiver=receiver,
                    )
                )

    def _chain(self, node: ast.Name | ast.Attribute, call: ast.Call | None, scope: Scope) -> None:
        """One longest chain of attributes: a use, and whatever else its root holds."""
        path = path_of(node, scope.names, scope.cls)
        line, end = node.end_lineno or node.lineno, (call or node).end_lineno or node.lineno
        stores = not isinstance(node.ctx, ast.Load)
        plain = stores and isinstance(node, ast.Name)
        if path and path != NO_ONE and not plain and self._wanted(line, end):
            handed = self._handed(node) if call is None and not stores else None
            words = contexts.of(call or node, self._parents, self._names_in) if handed is None else ()
            self.uses.append(
                Use(
                    scope=scope.qualified,
                    path=path,
                    line=line,
                    end=end,
                    call=shape_in(call, self._parents, self._names_in) if call is not None else handed,
                    contexts=words,
                    handed=handed is not None,
                    guarded=scope.guarded,
                    store=stores,
                    catches=scope.catches,
                    form=contexts.form(node, self._parents),
                    receiver=_receiver(node),
                    root=_root(node),
                    given=tuple(given_in(call, scope.names, scope.cls, self._parents, self._names_in))
                    if call is not None
                    else (),
                )
            )
        self._prefix(node, scope)

    def _handed(self, node: ast.expr) -> Shape | None:
        """How this is called by a function that it is handed to, if that is known."""
        parent = self._parents.get(node)
        keyword = ""
        if isinstance(parent, ast.keyword):
            keyword, parent = parent.arg or "", self._parents.get(parent)
        if not isinstance(parent, ast.Call) or parent.func is node:
            return None
        return shape_of_handed(node, parent, keyword, last_name(parent))

    def _prefix(self, node: ast.AST, scope: Scope) -> None:
        while isinstance(node, ast.Attribute):
            node = node.value
        if not isinstance(node, ast.Name):
            self._walk(node, scope)
        elif node.id in scope.names and self._wanted(node.lineno, node.lineno):
            if isinstance(node.ctx, ast.Load):
                self.locals.append((scope.qualified, node.id, node.lineno))
            else:
                self.stores.add((scope.qualified, node.id))

    def _import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        end = node.end_lineno or node.lineno
        for alias in node.names:
            if not self._wanted(alias.lineno, alias.end_lineno or end) or alias.name == "*":
                continue
            root = alias.name if isinstance(node, ast.Import) else "." * node.level + (node.module or "")
            symbol = "" if isinstance(node, ast.Import) else alias.name
            self.uses.append(
                Use(
                    scope=scope.qualified,
                    path=(f"@{root}:{symbol}",),
                    line=alias.lineno,
                    end=alias.lineno,
                    guarded=scope.guarded,
                    contexts=(contexts.IMPORT,),
                )
            )

    def _text(self, node: ast.Constant, text: str) -> None:
        if len(text) > _SHORT or not self._wanted(node.lineno, node.end_lineno or node.lineno):
            return
        self.strings.add(text)
        if not any(map(str.isspace, text)) and (role := role_of(node, self._parents)):
            self.said.append(Said(text=text, role=role, line=node.lineno))
        if self._runs(node):
            self.programs.add(text)
        if _DOTTED.fullmatch(text):
            parent = self._parents.get(node)
            imports = isinstance(parent, ast.Call) and last_name(parent) in _IMPORTERS
            self.dotted.append((text, node.lineno, imports))

    def _runs(self, node: ast.AST) -> bool:
        parent = self._parents.get(node)
        if isinstance(parent, ast.List | ast.Tuple | ast.keyword):
            parent = self._parents.get(parent)
        return isinstance(parent, ast.Call) and last_name(parent) in _RUNNERS

    def _add_named(self, node: ast.AST, scope: Scope) -> None:
        for found in named.of(node, self._parents, scope.names, scope.cls):
            if self._wanted(found.line, found.line):
                self.named.append(found)


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.value if isinstance(node, ast.Attribute) else node.func
    return getattr(node, "id", "")


def _receiver(node: ast.Name | ast.Attribute) -> str:
    """The name of what this is an attribute of; of `jobs[0].name` that of one of them."""
    owner = node.value if isinstance(node, ast.Attribute) else None
    if isinstance(owner, ast.Subscript):
        return last_name(owner.value).removesuffix("s")
    return last_name(owner)


def _bound(statement: ast.stmt) -> Iterable[str]:
    if isinstance(statement, Function | ast.ClassDef):
        return [statement.name]
    return [name for target in targets(statement) for name in stored(target)]


def _exceptions(node: ast.expr | None) -> list[str]:
    if node is None:
        return [""]
    return [last_name(part) for part in node.elts] if isinstance(node, ast.Tuple) else [last_name(node)]
