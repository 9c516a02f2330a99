"""What one test function really checks: its assertions, how strong each is, and the ways round them.

Promises: pure. Assertions that cannot fail (on a constant, on a tuple) or that nothing reaches or hears
(below `return`, in `if False`, in a `try` that swallows them) are none. Follows the nesting of statements
with recursion, so a hostile source can raise `RecursionError`, which the caller expects.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from assay.gates.scope_suppressions import is_marker
from assay.gates.syntax import Function, is_words, last_name, own_nodes, truth
from assay.gates.testing.definitions import digest
from assay.model.candidate import Record

EXACT, PARTIAL, LOOSE = 3, 2, 1
"""An assertion on the value; on something about it; on nothing but truth or difference."""

_BROAD = frozenset({"Exception", "BaseException"})
_SWALLOWED = _BROAD | {"AssertionError", "failureException", "Failed"}
_RAISES = frozenset({"raises", "assertRaises", "assertRaisesRegex", "warns", "assertWarns"})
_OTHER_CHECKS = frozenset({"deprecated_call", "fail"})
_STOPS = frozenset({"skip", "skipTest", "xfail", "exit", "_exit"})
_EXACT_NAMES = frozenset(
    {
        "assertIs", "assertIsNone", "assertFalse", "assertCountEqual", "assert_not_called",
        "assert_called_with", "assert_called_once_with", "assert_any_call", "assert_array_equal",
    }
)  # fmt: skip
_LOOSE_NAMES = frozenset({"assertIsNotNone", "assertTrue", "assert_called", "assert_"})
_SKIPS = frozenset({"skip", "skipif", "xfail", "skipIf", "skipUnless", "expectedFailure"})
_DEFAULT_TOLERANCE = 1e-6
_SHOWN = 60


class Check(Record, frozen=True, kw_only=True):
    """One assertion. `form` is its whole meaning, `subjects` what it is about; `breadth` (a tolerance, the
    number of exceptions let through) is better small."""

    form: str
    subjects: frozenset[str]
    strength: int
    breadth: float = 0.0
    line: int = 0
    text: str = ""


class Conduct(Record, frozen=True, kw_only=True):
    """How one function tests: what it checks, and what keeps it from doing so."""

    checks: tuple[Check, ...] = ()
    exits: int = 0
    """Ways out before the last assertion."""
    cases: int = 0
    """Cases that decorators list."""
    markers: int = 0
    """Decorators that skip it, by whatever name it is not obvious."""
    generator: bool = False
    coroutine: bool = False
    empty: bool = False


def conduct(function: Function) -> Conduct:
    """What `function` does as a test, a fixture or a helper. May raise RecursionError or ValueError."""
    walk = _Walk()
    walk.block(function.body)
    own = list(own_nodes(function))
    return Conduct(
        checks=tuple(walk.checks),
        exits=walk.exits_before_last,
        cases=sum(map(_cases, function.decorator_list)),
        markers=sum(map(_hidden_marker, function.decorator_list)),
        generator=any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own),
        coroutine=isinstance(function, ast.AsyncFunctionDef),
        empty=all(is_words(statement) or _returns_nothing(statement) for statement in function.body),
    )


class _Walk:
    """Collects the assertions that can fail and be heard, in order."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.exits_before_last = 0
        self._exits = 0

    def block(self, statements: Sequence[ast.stmt], *, heard: bool = True) -> bool:
        """Walk a block; whether nothing behind it is reached."""
        return any(self._statement(statement, heard) for statement in statements)

    def _statement(self, node: ast.stmt, heard: bool) -> bool:
        ends = False
        match node:
            case ast.Assert():
                self._add(_asserted(node.test, node), heard)
                ends = truth(node.test) is False
            case ast.Return() | ast.Raise():
                self._exits += isinstance(node, ast.Return)
                self._calls(node, heard)
                ends = True
            case ast.Continue() | ast.Break():
                ends = True
            case ast.If():
                ends = self._branch(node, heard)
            case ast.While() | ast.For() | ast.AsyncFor():
                self._loop(node, heard)
            case ast.Try() | ast.TryStar():
                ends = self._try(node, heard)
            case ast.With() | ast.AsyncWith():
                ends = self._with(node, heard)
            case ast.Match():
                for case in node.cases:
                    self.block(case.body, heard=heard)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                exits = self._exits
                self.block(node.body, heard=heard)
                self._exits = exits
            case _:
                ends = self._calls(node, heard)
        return ends

    def _branch(self, node: ast.If, heard: bool) -> bool:
        known = truth(node.test)
        self._calls(node.test, heard)
        body = known is not False and self.block(node.body, heard=heard)
        other = known is not True and self.block(node.orelse, heard=heard)
        return body if known is True else other if known is False else body and other and bool(node.orelse)

    def _loop(self, node: ast.While | ast.For | ast.AsyncFor, heard: bool) -> None:
        over = node.test if isinstance(node, ast.While) else node.iter
        self._calls(over, heard)
        if truth(over) is not False:
            self.block(node.body, heard=heard)
        self.block(node.orelse, heard=heard)

    def _try(self, node: ast.Try | ast.TryStar, heard: bool) -> bool:
        swallowed = any(_swallows(handler) for handler in node.handlers)
        lost = swallowed or any(isinstance(each, ast.Return | ast.Break) for each in node.finalbody)
        ends = self.block(node.body, heard=heard and not lost)
        for handler in node.handlers:
            self.block(handler.body, heard=heard)
        if not ends:
            ends = self.block(node.orelse, heard=heard)
        return self.block(node.finalbody, heard=heard) or (ends and not node.handlers)

    def _with(self, node: ast.With | ast.AsyncWith, heard: bool) -> bool:
        quiet = False
        for item in node.items:
            call = item.context_expr
            if last_name(call) in _RAISES and isinstance(call, ast.Call):
                self._add([_raising(call, node.body)], heard)
                continue
            quiet |= last_name(call) == "suppress" and _names(getattr(call, "args", [])) & _SWALLOWED != set()
            self._calls(call, heard)
        ends = self.block(node.body, heard=heard and not quiet)
        # What a `raises` expects is raised inside it, and the test goes on behind it.
        return ends and all(last_name(item.context_expr) not in _RAISES | {"suppress"} for item in node.items)

    def _calls(self, node: ast.AST, heard: bool) -> bool:
        """Assertions made by calls in a statement or an expression; whether it ends the test."""
        stops = False
        for each in ast.walk(node):
            if isinstance(each, ast.Call):
                name = last_name(each)
                if name in _RAISES:
                    self._add([_raising(each, each.args[1:])], heard)
                elif name.startswith("assert") or name in _OTHER_CHECKS:
                    self._add(_called(each, name), heard)
                stops |= isinstance(node, ast.Expr) and each is node.value and name in _STOPS
        self._exits += stops
        return stops

    def _add(self, found: Sequence[Check], heard: bool) -> None:
        real = [check for check in found if check.strength] if heard else []
        self.checks += real
        if real:
            self.exits_before_last = self._exits


def _asserted(test: ast.expr, place: ast.AST) -> list[Check]:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return [check for value in test.values for check in _asserted(value, place)]
    return [_check(test, _strength(test), place)]


def _strength(test: ast.expr, *, inverted: bool = False) -> int:
    if truth(test) is True:
        return 0
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return min(_strength(operand, inverted=not inverted), PARTIAL)
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return 0 if _says_nothing(left, right) else _comparison(test, operator, inverted)
        case ast.Compare():
            return PARTIAL
    return PARTIAL if last_name(test) in ("isinstance", "issubclass", "all") else LOOSE


def _says_nothing(left: ast.expr, right: ast.expr) -> bool:
    """Whether two sides are constants, or the same name twice."""
    if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
        return True
    return not isinstance(left, ast.Call) and digest(left) == digest(right)


def _comparison(test: ast.expr, operator: ast.cmpop, inverted: bool) -> int:
    same, differs = ast.Eq | ast.Is, ast.NotEq | ast.IsNot
    if isinstance(operator, differs if inverted else same):
        return PARTIAL if _approximate(test) else EXACT
    return LOOSE if isinstance(operator, same | differs | ast.NotIn) else PARTIAL


def _called(call: ast.Call, name: str) -> list[Check]:
    if name in ("assertTrue", "assert_") and call.args:
        return _asserted(call.args[0], call)
    if name == "assertFalse" and call.args:
        return _asserted(ast.UnaryOp(op=ast.Not(), operand=call.args[0]), call)
    exact = name in _EXACT_NAMES or (name.endswith(("Equal", "Equals", "_equal")) and "Not" not in name)
    loose = name in _LOOSE_NAMES or "Not" in name
    strength = EXACT if exact else LOOSE if loose else PARTIAL
    subjects = [*call.args, *([call.func.value] if isinstance(call.func, ast.Attribute) else [])]
    if exact and len(call.args) > 1 and _says_nothing(call.args[0], call.args[1]):
        strength = 0
    return [_check(call, strength, call, subjects)]


def _raising(call: ast.Call, body: Sequence[ast.AST]) -> Check:
    """A `raises`: strong if it says which exception, stronger if it says which message."""
    given = call.args[0] if call.args else None
    listed = given.elts if isinstance(given, ast.Tuple) else [given] if given is not None else []
    broad = bool(_names(listed) & _BROAD)
    patterns = [word.value for word in call.keywords if word.arg == "match"]
    if last_name(call).endswith("Regex") and len(call.args) > 1:
        patterns.append(call.args[1])
    says = any(not (isinstance(each, ast.Constant) and each.value in ("", ".*", None)) for each in patterns)
    return Check(
        form=digest(call, *body),
        subjects=frozenset({digest("raises", *body)}),
        strength=(LOOSE if broad else PARTIAL) + says,
        breadth=float(len(listed)),
        line=call.lineno,
        text=_shown(call),
    )


def _check(node: ast.expr, strength: int, place: ast.AST, about: Sequence[ast.expr] | None = None) -> Check:
    inner = node
    while isinstance(inner, ast.UnaryOp) and isinstance(inner.op, ast.Not):
        inner = inner.operand
    if about is None:
        about = [inner.left, *inner.comparators] if isinstance(inner, ast.Compare) else [inner]
    return Check(
        form=_form(node),
        subjects=frozenset(digest(each) for each in about if not isinstance(each, ast.Constant)),
        strength=strength,
        breadth=_tolerance(node),
        line=getattr(place, "lineno", 0),
        text=_shown(place if isinstance(place, ast.Assert) else node),
    )


def _form(node: ast.expr) -> str:
    """A digest of what is asserted; two sides that must be equal are the same in both styles of testing."""
    match node:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            return digest("equal", left, right)
        case ast.Call(args=[left, right, *_]) if last_name(node) in ("assertEqual", "assertEquals"):
            return digest("equal", left, right)
    return digest(node)


def _approximate(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Call) and last_name(each) == "approx" for each in ast.walk(node))


def _tolerance(node: ast.AST) -> float:
    """The widest tolerance that a comparison is given, 0 where it is exact."""
    widest = 0.0
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        name = last_name(call)
        if name not in ("approx", "isclose", "allclose", "assertAlmostEqual", "assert_allclose"):
            continue
        given = {
            word.arg: word.value.value
            for word in call.keywords
            if isinstance(word.value, ast.Constant) and isinstance(word.value.value, int | float)
        }
        places = given.pop("places", None)
        shares = [float(value) for value in given.values()]
        if places is not None:
            shares.append(10.0 ** -min(max(places, -300), 300))
        widest = max([widest, *(shares or [_DEFAULT_TOLERANCE])])
    return widest


def _swallows(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes a failed assertion and lets the test go on as if it had held."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    takes = handler.type is None or bool(_names(kinds) & _SWALLOWED)
    speaks = any(
        isinstance(node, ast.Raise | ast.Assert)
        or (isinstance(node, ast.Call) and last_name(node).startswith(("assert", "fail", "exit")))
        for statement in handler.body
        for node in ast.walk(statement)
    )
    return takes and not speaks


def _names(nodes: Sequence[ast.AST | None]) -> set[str]:
    return {last_name(node) for node in nodes}


def _cases(decorator: ast.expr) -> int:
    if not isinstance(decorator, ast.Call) or last_name(decorator) != "parametrize":
        return 0
    given = [*decorator.args[1:2], *(word.value for word in decorator.keywords if word.arg == "argvalues")]
    return sum(len(each.elts) for each in given if isinstance(each, ast.List | ast.Tuple | ast.Set))


def _hidden_marker(decorator: ast.expr) -> bool:
    """A decorator that skips a test and that the rule on suppressions does not know by its spelling."""
    return last_name(decorator) in _SKIPS and not is_marker(f"@{ast.unparse(decorator)}")


def _returns_nothing(statement: ast.stmt) -> bool:
    match statement:
        case ast.Return(value=None) | ast.Return(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Yield(value=None) | ast.Yield(value=ast.Constant())):
            return True
    return False


def _shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def statements(function: Function) -> Iterator[str]:
    """The digests of a function's statements, for telling whether two functions are one."""
    for statement in function.body:
        if not is_words(statement):
            yield digest(statement)
