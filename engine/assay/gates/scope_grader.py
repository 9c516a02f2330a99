"""Uses that reach for the grader: tricks by which a program can tell, watch or alter the tests that run it.

Promises: pure. What an honest program may do as well (reading its own frame, leaving at once) has rules of
its own, so that a policy can tell them from what has no other use.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from itertools import islice

from assay.gates.scope_uses import Survey, Use
from assay.gates.syntax import Function, is_words, truth
from assay.model.expressions import expression

_TOOLS = frozenset({"pytest", "_pytest", "pluggy", "unittest", "builtins", "xdist", "coverage"})
TEST_TOOLS = frozenset({"pytest", "_pytest", "pluggy", "unittest", "xdist", "pytest_cov", "hypothesis"})
"""Tools that a product has no need of, unless it is one itself."""

_WATCHING = {
    "gc.get_objects": "walks all objects of the process",
    "gc.get_referrers": "walks all objects of the process",
    "gc.get_referents": "walks all objects of the process",
    "sys.settrace": "watches every line that runs",
    "sys.setprofile": "watches every call",
    "threading.settrace": "watches every line that runs",
    "threading.setprofile": "watches every call",
    "sys._current_frames": "reads the frames of all threads",
    "inspect.getclosurevars": "looks into what functions enclose",
}
_CELL = "cell_contents"
_FRAMES = frozenset({"sys._getframe", "inspect.currentframe", "inspect.stack", "inspect.getouterframes"})
_ENDING = {
    "os._exit": "ends the process at once",
    "os.abort": "ends the process at once",
    "os.kill": "signals processes",
    "os.killpg": "signals processes",
    "signal.raise_signal": "signals processes",
    "atexit.register": "runs code after everything else",
}
_IMPORT_SYSTEM = frozenset({"sys.meta_path", "sys.path_hooks", "sys.path_importer_cache"})
_CHANGERS = frozenset(
    {"append", "insert", "extend", "clear", "pop", "remove", "update", "setdefault", "__setitem__"}
)
_HOOKS = expression(
    r"pytest_(?:runtest_\w+|pyfunc_call|collection_\w+|ignore_collect|collect_\w+|pycollect_\w+|itemcollected"
    r"|deselected|sessionstart|sessionfinish|report_\w+|fixture_setup|fixture_post_finalizer|generate_tests"
    r"|configure|unconfigure|load_initial_conftests|cmdline_\w+|plugin_registered|make_parametrize_id|addoption"
    r"|exception_interact|terminal_summary|assertion_pass|assertrepr_compare)"
)
_DETECTED = expression(r"PYTEST_(?:CURRENT_TEST|VERSION|XDIST_WORKER\w*|ADDOPTS|PLUGINS)|ASSAY_[A-Z_]+")
_ASKS = frozenset({"startswith", "endswith", "find", "count", "index", "__contains__"})
_RUNNERS = frozenset({"pytest", "py.test", "_pytest", "unittest", "pluggy", "conftest"})
_LIBRARY = sys.stdlib_module_names - {"sys"}
_CHANGEABLE = frozenset({"os.environ", "warnings.showwarning", "warnings.formatwarning", "socket.timeout"})
"""What is there to be set. (And in `sys`, where the streams are.)"""

_NEAR = 16
_ASIDE = frozenset({"__eq__", "__ne__"})


def grader_uses(survey: Survey) -> Iterator[Use]:
    """Every use of such a trick, in no order."""
    for node, name in survey.references():
        yield from _named(node, name)
    yield from _imports(survey)
    yield from _changes(survey)
    yield from _detections(survey)
    for each in survey.of(ast.ClassDef):
        yield from _always_equal(each)
    yield from _given_equal(survey)
    for statement in survey.body:
        if isinstance(statement, Function) and _HOOKS.fullmatch(statement.name):
            yield _use("test-hook", statement, f"a pytest hook ({statement.name})", statement.name)


def _named(node: ast.AST, name: str) -> Iterator[Use]:
    if name in _WATCHING:
        yield _use("grader", node, f"{_WATCHING[name]} ({name})", name)
    elif _CELL in (getattr(node, "attr", ""), name.rpartition(".")[2]):
        yield _use("grader", node, f"looks into what functions enclose ({_CELL})", _CELL)
    elif name.startswith("sys.monitoring."):
        yield _use("grader", node, f"watches what runs ({name})", "sys.monitoring")
    elif name in _FRAMES or getattr(node, "attr", "") == "f_back":
        yield _use("frames", node, f"reads the frames of its callers ({name or 'f_back'})", name or "f_back")
    elif name in _ENDING:
        yield _use("process", node, f"{_ENDING[name]} ({name})", name)


def _imports(survey: Survey) -> Iterator[Use]:
    found: list[tuple[ast.AST, str]] = [
        (node, alias.name) for node in survey.of(ast.Import) for alias in node.names
    ]
    found += [(node, node.module) for node in survey.of(ast.ImportFrom) if node.module and not node.level]
    for node, name in found:
        tool = name.partition(".")[0]
        if tool in TEST_TOOLS:
            yield _use("test-tool", node, f"a test tool imported outside tests ({name})", tool)


def _changes(survey: Survey) -> Iterator[Use]:
    """Assignments and calls that change modules which are not the program's own."""
    changed = [
        *((node, each) for node in survey.of(ast.Assign) for each in node.targets),
        *((node, each) for node in survey.of(ast.Delete) for each in node.targets),
        *((node, node.target) for node in survey.of(ast.AugAssign)),
        *((node, node.target) for node in survey.of(ast.AnnAssign)),
    ]
    for node, whole in changed:
        for target in whole.elts if isinstance(whole, ast.Tuple | ast.List) else [whole]:
            yield from _changed(node, target, survey)
    for call in survey.of(ast.Call):
        yield from _changing_call(call, survey)


def _changed(node: ast.AST, target: ast.expr, survey: Survey) -> Iterator[Use]:
    place = target.value if isinstance(target, ast.Subscript) else target
    name = survey.dotted(place)
    if isinstance(target, ast.Subscript) and name == "sys.modules":
        yield _use("modules", node, "changes the table of imported modules (sys.modules)", name)
    elif name in _IMPORT_SYSTEM:
        yield _use("grader", node, f"changes how modules are imported ({name})", name)
    elif isinstance(place, ast.Attribute):
        yield from _changed_part(node, place, survey)


def _changed_part(node: ast.AST, place: ast.Attribute, survey: Survey) -> Iterator[Use]:
    """A changed attribute of a test tool, of the builtins or of the standard library."""
    root: ast.expr = place
    while isinstance(root, ast.Attribute):
        root = root.value
    name = survey.dotted(place)
    if isinstance(root, ast.Subscript | ast.Call):
        reached = root.value if isinstance(root, ast.Subscript) else root.func
        if survey.dotted(reached).startswith("sys.modules"):
            rule = "grader" if any(map(_is_runner, _words(root))) else "modules"
            yield _use(rule, node, "changes a module through sys.modules", "sys.modules")
    elif _foreign(place, survey.names):
        yield _use("grader", node, f"changes {name}", name)
    elif isinstance(root, ast.Name) and root.id in survey.modules and _is_library(name):
        yield _use("modules", node, f"changes {name}", name)


def _is_library(name: str) -> bool:
    """Whether a dotted name is a part of the standard library that is not there to be set."""
    return name.partition(".")[0] in _LIBRARY and name not in _CHANGEABLE


def _changing_call(node: ast.Call, survey: Survey) -> Iterator[Use]:
    name = survey.dotted(node.func)
    owner, _, verb = name.rpartition(".")
    if verb in _CHANGERS and owner in _IMPORT_SYSTEM:
        yield _use("grader", node, f"changes how modules are imported ({owner})", owner)
    elif verb in _CHANGERS and owner == "sys.modules":
        yield _use("modules", node, "changes the table of imported modules (sys.modules)", owner)
    elif name in ("setattr", "delattr") and node.args and _foreign(node.args[0], survey.names):
        whose = survey.dotted(node.args[0])
        yield _use("grader", node, f"changes {whose}", whose)


def _foreign(node: ast.AST, names: dict[str, str]) -> bool:
    """Whether a chain of names leads into a test tool or the builtins, as imported and not as a variable."""
    root = node
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name):
        return False
    return names.get(root.id, "").partition(".")[0] in _TOOLS or root.id == "__builtins__"


def _detections(survey: Survey) -> Iterator[Use]:
    for constant in survey.of(ast.Constant):
        if isinstance(constant.value, str) and _DETECTED.fullmatch(constant.value):
            yield _detection(constant, constant.value)
    asked: list[tuple[ast.AST, Sequence[ast.expr]]] = [
        (node, [node.left, *node.comparators]) for node in survey.of(ast.Compare)
    ]
    asked += [
        (call, [call.func, *call.args])
        for call in survey.of(ast.Call)
        if survey.dotted(call.func) == "sys.modules.get"
        or (isinstance(call.func, ast.Attribute) and call.func.attr in _ASKS)
    ]
    for node, parts in asked:
        names = {survey.dotted(each) for part in parts for each in _near(part)}
        if names & {"sys.modules", "sys.argv"}:
            runner = next((word for part in parts for word in _words(part) if _is_runner(word)), "")
            if runner:
                yield _detection(node, runner)


def _detection(node: ast.AST, what: str) -> Use:
    return _use("test-detection", node, f"asks whether it is being tested ({what})", what)


def _near(node: ast.AST) -> Iterator[ast.AST]:
    """The first nodes of an expression: what a comparison is about is no page long."""
    return islice(ast.walk(node), _NEAR)


def _words(node: ast.AST) -> Iterator[str]:
    for each in _near(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def _is_runner(word: str) -> bool:
    return word.partition(".")[0] in _RUNNERS


def _always_equal(node: ast.ClassDef) -> Iterator[Use]:
    """Comparisons that never look at what they compare with, and say that it is equal."""
    functions = {each.name: each for each in node.body if isinstance(each, Function)}
    for name, function in functions.items():
        if _agrees(name, function.args, function.body):
            yield _equal(function, name, node.name)
    for given in node.body:
        if isinstance(given, ast.Assign) and isinstance(given.targets[0], ast.Name):
            name, value = given.targets[0].id, given.value
            other = functions.get(value.id) if isinstance(value, ast.Name) else None
            if _agrees_lambda(name, value) or (other and _agrees(name, other.args, other.body)):
                yield _equal(given, name, node.name)


def _given_equal(survey: Survey) -> Iterator[Use]:
    """The same, given to a class from outside."""
    given: list[tuple[ast.AST, str, ast.expr]] = [
        (node, target.attr, node.value)
        for node in survey.of(ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Attribute)
    ]
    pairs = [
        (key, value)
        for each in survey.of(ast.Dict)
        for key, value in zip(each.keys, each.values, strict=True)
    ]
    pairs += [(call.args[1], call.args[2]) for call in survey.of(ast.Call) if len(call.args) > 2]
    given += [(value, str(key.value), value) for key, value in pairs if isinstance(key, ast.Constant)]
    for node, name, value in given:
        if _agrees_lambda(name, value):
            yield _equal(node, name, "a class")


def _agrees_lambda(name: str, value: ast.expr) -> bool:
    return isinstance(value, ast.Lambda) and _agrees(name, value.args, [ast.Return(value=value.body)])


def _agrees(name: str, arguments: ast.arguments, body: Sequence[ast.stmt]) -> bool:
    """Whether a function, as this method, says "equal" without a look at its other argument."""
    if name not in _ASIDE:
        return False
    rest = [statement for statement in body if not is_words(statement)]
    answers = [node.value for each in rest for node in ast.walk(each) if isinstance(node, ast.Return)]
    says = {truth(answer) for answer in answers if not _declines(answer)}
    if name == "__ne__":
        return says == {False} and len(rest) == 1
    given = [*arguments.posonlyargs, *arguments.args][1:] + ([arguments.vararg] if arguments.vararg else [])
    looked = {node.id for each in rest for node in ast.walk(each) if isinstance(node, ast.Name)}
    return bool(says - {False}) and not looked & {each.arg for each in given}


def _declines(answer: ast.expr | None) -> bool:
    return answer is None or (isinstance(answer, ast.Name) and answer.id == "NotImplemented")


def _equal(node: ast.AST, name: str, of: str) -> Use:
    return _use("always-equal", node, f"{of} equals everything ({name})", of)


def _use(rule: str, node: ast.AST, message: str, what: str) -> Use:
    return Use(rule=rule, line=getattr(node, "lineno", 0), message=message, what=what)
