"""Scope rules: what a program can do that it could not before, and code that reaches for whoever grades it.

Promises: pure. By syntax tree and by what names are imported as; a file that already had a capability on the
base may use it more. Honest limits: names that are put together at run time are seen only as the `eval` or
`getattr` that puts them together.
"""

from __future__ import annotations

import ast
import sys
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import PurePosixPath

from assay.gates.files import PYTHON
from assay.gates.scope_grader import TEST_TOOLS, grader_uses
from assay.gates.scope_types import ChangedFile, Hit
from assay.gates.scope_uses import Survey, Use
from assay.gates.syntax import REFUSED, parse
from assay.model.expressions import expression

_MODULES = {
    "network": (
        "socket ssl socketserver urllib.request urllib3 http.client http.server requests httpx httpcore h2"
        " aiohttp ftplib smtplib poplib imaplib nntplib telnetlib xmlrpc websocket websockets paramiko pycurl"
        " asyncssh zmq grpc"
    ),
    "subprocess": "subprocess pty pexpect plumbum sh",
    "deserialise": "pickle cPickle _pickle marshal shelve dill cloudpickle jsonpickle joblib",
    "native": "ctypes cffi _ctypes mmap",
    "eval": "runpy code codeop",
}
"""Modules whose import is the capability."""

_NAMES = {
    "network": "asyncio.open_connection asyncio.start_server urllib.request.urlopen urllib.urlopen",
    "subprocess": (
        "os.* os.system os.popen os.fork os.forkpty os.posix_spawn os.posix_spawnp os.startfile"
        " asyncio.create_subprocess_exec asyncio.create_subprocess_shell"
        " os.execl os.execle os.execlp os.execlpe os.execv os.execve os.execvp os.execvpe"
        " os.spawnl os.spawnle os.spawnlp os.spawnlpe os.spawnv os.spawnve os.spawnvp os.spawnvpe"
    ),
    "deserialise": (
        "yaml.load yaml.load_all yaml.unsafe_load yaml.full_load yaml.UnsafeLoader torch.load"
        " pandas.read_pickle"
    ),
    "eval": "builtins.eval builtins.exec builtins.compile types.CodeType types.FunctionType",
}
"""Names whose use is."""

_RUNNING = frozenset({"eval", "exec"})
_IMPORTERS = frozenset(
    {"__import__", "importlib.import_module", "importlib.__import__", "builtins.__import__"}
)
_GUARDED = frozenset({"os", "sys", "builtins", "subprocess", "gc", "socket", "importlib"})
"""Modules whose parts nobody has to look up by a name made at run time."""

_WORDS = {
    "network": "network access",
    "subprocess": "starting other programs",
    "eval": "running code made at run time",
    "deserialise": "loading objects from data, which can run code",
    "native": "calling native code",
}
_EXACT = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_IMPORTED = {name: kind for kind, names in _MODULES.items() for name in names.split()}

_ROOTS = sorted({name.partition(".")[0] for name in _IMPORTED} | TEST_TOOLS)
_LAST = sorted({name.rpartition(".")[2] for name in _EXACT} - {"*"})
_IMPORTS = expression(r"\b(?:import|from)\b")
_ROOT = expression(rf"\b(?:{'|'.join([*_ROOTS, 'request', 'client', 'server'])})\b")
_SUSPECT = expression(
    rf"\b(?:{'|'.join(_LAST)})\b(?!\s*=[^=])|\b(?:eval|exec)\b"
    r"|\b(?:compile|getattr|setattr|delattr|vars)\s*\(|__dict__|\bimport\s+\*"
    r"|__import__|import_module|builtins|get_objects|get_refer|settrace|setprofile|monitoring|_getframe"
    r"|cell_contents|getclosurevars"
    r"|currentframe|_current_frames|f_back|\bstack\b|getouterframes|\bmodules\b|meta_path|path_hooks"
    r"|path_importer_cache|atexit|_exit|\babort\b|\bkill(?:pg)?\b|raise_signal|__eq__|__ne__|\bargv\b|PYTEST_"
    r"|ASSAY_|\bdef pytest_|\b_?pytest\.|\bunittest\.|\bpluggy\."
)
"""Every rule here needs one of these words, or sets a name of a module (`_SET`); most added lines have none,
and no tree is made for them."""
_SET = expression(r"\b(\w+)\.\w+\s*=(?!=)")

_KEPT = 32


def capabilities(file: ChangedFile, is_test: Callable[[str], bool]) -> Iterator[Hit]:
    """New capabilities of one changed file of the product. Tests may do what they like."""
    path = file.change.path
    if file.new is None or PurePosixPath(path).suffix not in PYTHON or is_test(path) or not may_use(file):
        return
    new = uses(file.new)
    if new is None:
        # Nothing new if the base's could not be read either (it is written for another Python, say).
        if file.old is not None and parse(file.old) is None:
            return
        yield Hit(
            rule="scope/unreadable",
            path=path,
            message="the rules that read syntax cannot read this file",
        )
        return
    told = set(_known(file.old)) if file.old is not None else set()
    for use in new:
        if use.rule not in told:
            told.add(use.rule)
            yield Hit(rule=f"scope/{use.rule}", path=path, line=use.line, message=use.message, what=use.what)


def may_use(file: ChangedFile) -> bool:
    """Whether the new lines of a file can hold a use that `uses` finds, told without a syntax tree."""
    if file.new is None or not file.added:
        return False
    lines = [text for _line, text in file.added]
    # A quote that opens or closes turns lines that nobody added into code.
    if _quotes(file.new) != _quotes(file.old or b""):
        lines = file.new.decode("utf-8", "replace").splitlines()
    return any(map(_suspect, lines))


def _quotes(source: bytes) -> int:
    return source.count(b"'" * 3) + source.count(b'"' * 3)


def _suspect(line: str) -> bool:
    """Whether an added line may be, or be a part of, what a rule here is about."""
    if not line.isascii():
        # Python reads compatibility characters in names as the plain ones.
        line = unicodedata.normalize("NFKC", line)
    if _SUSPECT.search(line) or any(one[1] in sys.stdlib_module_names for one in _SET.finditer(line)):
        return True
    # The second is one name of an import that goes over several lines.
    alone = line.strip(" \t,()")
    return bool(_ROOT.search(line)) and (alone.isidentifier() or bool(_IMPORTS.search(line)))


def uses(source: bytes) -> list[Use] | None:
    """Every use of a capability in a source, in order of line; None where it cannot be parsed."""
    module = parse(source)
    if module is None:
        return None
    survey = Survey(module)
    try:
        return sorted((*_ordinary(survey), *grader_uses(survey)), key=lambda use: use.line)
    except REFUSED:
        return None


@lru_cache(maxsize=_KEPT)
def _known(source: bytes) -> frozenset[str]:
    """The rules that a version of a file breaks. Kept, since all candidates share their base's."""
    return frozenset(use.rule for use in uses(source) or ())


def _ordinary(survey: Survey) -> Iterator[Use]:
    for node in survey.of(ast.Import):
        for alias in node.names:
            yield from _use(node, alias.name, _imported(alias.name))
    for taken in survey.of(ast.ImportFrom):
        if not taken.level:
            for name in (taken.module or "", *(f"{taken.module}.{alias.name}" for alias in taken.names)):
                yield from _use(taken, name, _imported(name) or _EXACT.get(name, ""))
    for reference, name in survey.references():
        yield from _use(reference, name, _EXACT.get(name, ""))
    for call in survey.of(ast.Call):
        yield from _made_at_run_time(call, survey)
    yield from _named_builtins(survey)


def _named_builtins(survey: Survey) -> Iterator[Use]:
    """The builtins that run code, by name or through the dictionaries that hold them."""
    for name in survey.of(ast.Name):
        if name.id in _RUNNING and isinstance(name.ctx, ast.Load) and name.id not in survey.names:
            yield from _use(name, name.id, "eval")
    for constant in survey.of(ast.Constant):
        if constant.value == "__builtins__":
            yield from _use(constant, "__builtins__", "eval")
    for attribute in survey.of(ast.Attribute):
        if attribute.attr == "__dict__" and survey.dotted(attribute.value) in _GUARDED:
            yield from _use(attribute, survey.dotted(attribute), "eval")


def _use(node: ast.AST, name: str, kind: str) -> Iterator[Use]:
    if kind:
        line = getattr(node, "lineno", 0)
        yield Use(rule=kind, line=line, message=f"new here: {_WORDS[kind]} ({name})", what=name)


def _imported(name: str) -> str:
    """The capability that importing `name` (or something below it) is, if any."""
    while name:
        if name in _IMPORTED:
            return _IMPORTED[name]
        name = name.rpartition(".")[0]
    return ""


def _made_at_run_time(call: ast.Call, survey: Survey) -> Iterator[Use]:
    name = survey.dotted(call.func)
    first = call.args[0] if call.args else None
    if name in _IMPORTERS:
        if isinstance(first, ast.Constant):
            yield from _use(call, str(first.value), _imported(str(first.value)))
        else:
            yield from _use(call, name, "eval")
    elif name == "compile" and isinstance(call.func, ast.Name):
        yield from _use(call, name, "eval")
    elif name == "vars" and survey.dotted(first) in _GUARDED:
        yield from _use(call, f"vars({survey.dotted(first)})", "eval")
    elif name == "getattr" and len(call.args) > 1 and not isinstance(call.args[1], ast.Constant):
        whose = survey.dotted(first)
        if whose in _GUARDED and isinstance(first, ast.Name) and first.id in survey.names:
            yield from _use(call, f"getattr({whose}, ...)", "eval")
