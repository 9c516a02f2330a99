"""What a person who minds security looks at: new uses of the network, of other programs, of code made at run
time, of foreign objects, of files, threads and the process itself.

Promises: pure. What a use is comes from the scope gate's own rules; files written, threads and processes
started are told by name here. Only uses that a change adds are told of, one note for each and each place.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from assay.delta.outline import Definition, Outline, What
from assay.delta.public import in_tests
from assay.gates.scope_capabilities import may_use, uses
from assay.gates.scope_types import ChangedFile
from assay.gates.scope_uses import Survey, Use
from assay.gates.syntax import REFUSED, parse
from assay.model.delta import SecurityNote
from assay.model.expressions import expression

_FILES = [
    "shutil.rmtree",
    "shutil.move",
    "shutil.copy",
    "shutil.copy2",
    "shutil.copyfile",
    "shutil.copytree",
    "os.remove",
    "os.unlink",
    "os.rename",
    "os.replace",
    "os.rmdir",
    "os.removedirs",
    "os.chmod",
    "os.chown",
    "os.truncate",
    "os.symlink",
    "os.link",
]
_THREADS = [
    "threading.Thread",
    "threading.Timer",
    "multiprocessing.Process",
    "multiprocessing.Pool",
    "concurrent.futures.ThreadPoolExecutor",
    "concurrent.futures.ProcessPoolExecutor",
    "_thread.start_new_thread",
]
_METHODS = frozenset({"write_text", "write_bytes", "unlink", "rmdir", "symlink_to", "hardlink_to"})
_NAMED = {**dict.fromkeys(_FILES, "files"), **dict.fromkeys(_THREADS, "threads")}
_WORDS = {"files": "writes or removes files", "threads": "starts threads or processes"}
_WRITING = frozenset("wax+")
_SUSPECT = expression(
    r"\b(?:os|shutil|threading|multiprocessing|futures|_thread)\b|open\s*\(|write_text|write_bytes|unlink|rmdir"
    r"|symlink_to|hardlink_to|Thread|Timer|Process|Pool|rmtree|copytree|copyfile|chmod|chown|truncate|removedirs"
)
"""Some word of what is told by name here."""


def notes(file: ChangedFile, outline: Outline) -> tuple[SecurityNote, ...]:
    """The uses that a changed file adds, by line."""
    path = file.change.path
    if file.new is None or not file.added or in_tests(path):
        return ()
    found = list(_added(file)) if may_use(file) else []
    if any(_SUSPECT.search(text) for _number, text in file.added):
        found += _beyond(_more(file.new), _more(file.old))
    own = set(PurePosixPath(path).with_suffix("").parts)
    """A library that gives others a capability uses itself."""
    functions = [d for d in outline.definitions if d.what in (What.FUNCTION, What.METHOD)]
    return tuple(
        SecurityNote(
            rule=use.rule,
            path=path,
            line=use.line,
            symbol=_symbol(functions, use.line),
            words=use.message.removeprefix("new here: "),
        )
        for use in sorted(dict.fromkeys(found), key=lambda use: (use.line, use.rule, use.what))
        if use.what.split(".")[0] not in own
    )


def _added(file: ChangedFile) -> Iterator[Use]:
    assert file.new is not None
    new = uses(file.new)
    return _beyond(new or (), (uses(file.old) if file.old is not None else None) or ())


def _beyond(new: Sequence[Use], old: Sequence[Use]) -> Iterator[Use]:
    """The uses that are more than on the base: of those of one kind the last ones, if nothing else tells."""
    left = Counter((use.rule, use.what) for use in old)
    for use in new:
        if left[use.rule, use.what]:
            left[use.rule, use.what] -= 1
        else:
            yield use


def _more(source: bytes | None) -> list[Use]:
    """Files that are written and threads that are started, by line."""
    module = parse(source) if source is not None else None
    if module is None:
        return []
    try:
        survey = Survey(module)
        return sorted(_calls(survey), key=lambda use: use.line)
    except REFUSED:
        return []


def _calls(survey: Survey) -> Iterator[Use]:
    for call in survey.of(ast.Call):
        name = survey.dotted(call.func)
        rule = _NAMED.get(name, "")
        if not rule and isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS:
            rule, name = "files", call.func.attr
        if not rule and (name in ("open", "io.open") or name.endswith(".open")) and _writes(call):
            rule = "files"
        if rule:
            yield Use(rule=rule, line=call.lineno, message=f"{_WORDS[rule]} ({name})", what=name)


def _writes(call: ast.Call) -> bool:
    given = [*call.args[:2], *(word.value for word in call.keywords if word.arg == "mode")]
    modes = [arg.value for arg in given if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    return any(len(mode) <= 4 and _WRITING & set(mode) and set(mode) <= set("rwabtx+U") for mode in modes)


def _symbol(functions: Sequence[Definition], line: int) -> str:
    around = [d for d in functions if d.begin <= line <= d.end]
    return min(around, key=lambda d: d.end - d.begin).symbol if around else ""
