"""Which files of a tree get at which others: by import, by name, by ways their text does not show.

Promises: pure. What a file may get at is guessed too wide rather than too narrow: by every import statement
in it, wherever it stands, every text that names a module, every attribute named like a submodule of a package
it imports.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence

from assay.gates.testing.names import imports, mentions
from assay.gates.testing.reads import FileReads, ReadMap
from assay.gates.testing.units import Function, Outline, outline
from assay.gates.testing.writes import OWN, WORLD, Writes
from assay.model.candidate import Change

_WILD = frozenset(
    {
        "__import__", "__subclasses__", "entry_points", "exec_module", "find_loader", "find_spec",
        "get_objects", "get_referrers", "import_module", "iter_modules", "load_module", "locate", "modules",
        "resolve_name", "run_module", "run_path", "walk_packages",
    }
)  # fmt: skip
_DEEP = frozenset(
    {
        "__code__", "_getframe", "currentframe", "dis", "f_lineno", "faulthandler", "findsource",
        "get_instructions", "getcomments", "getframeinfo", "getinnerframes", "getouterframes", "getsource",
        "getsourcelines",
        "lineno", "stack_info", "tb_lineno",
    }
)  # fmt: skip


def described(
    path: str,
    blob: str,
    outline: Outline | None,
    names: tuple[str, ...],
    by_name: Mapping[str, str],
    late: bool,
) -> FileReads:
    """What there is to say of a loaded file. `by_name`: the tree's loaded modules and their files."""
    if outline is None:
        return FileReads(blob=blob, names=names, wild=True, late=late)
    words = mentions(outline.module)
    return FileReads(
        blob=blob,
        names=names,
        imports=tuple(sorted(_got_at(path, outline.module, words, names, by_name))),
        wild=_is_wild(outline),
        late=late,
        deep=tuple(sorted(_deep(outline))),
        loose=tuple(sorted(unit.name for unit in outline.units if mentions(unit.node) & _WILD)),
        writers=_writers(path, outline, names, by_name),
    )


def places(
    found: frozenset[str], path: str, names: tuple[str, ...], by_name: Mapping[str, str]
) -> tuple[str, ...]:
    """The files that `Writes.of` means."""
    result = set()
    for each in found:
        if each in (OWN, WORLD):
            result.add(path if each == OWN else WORLD)
        else:
            module, _, word = each.partition(" ")
            bases = _absolute(module, path, names)
            wanted = [*bases, *(f"{base}.{word}" for base in bases)]
            result |= {by_name[name] for name in wanted if name in by_name} or {WORLD}
    return tuple(sorted(result))


def reaching(read_map: ReadMap, path: str) -> frozenset[str]:
    """The files that get at `path`, itself among them."""
    back: dict[str, list[str]] = {}
    for each, file in read_map.modules.items():
        for target in file.imports:
            back.setdefault(target, []).append(each)
    found = {path, *(each for each, file in read_map.modules.items() if file.wild)}
    todo = list(found)
    while todo:
        for each in back.get(todo.pop(), ()):
            if each not in found:
                found.add(each)
                todo.append(each)
    return frozenset(found)


def reached(read_map: ReadMap, paths: frozenset[str] | set[str]) -> frozenset[str]:
    """The files that some get at, themselves among them."""
    found, todo = set(paths), list(paths)
    while todo:
        file = read_map.modules.get(todo.pop())
        new = set(file.imports) - found if file is not None else set()
        found |= new
        todo += new
    return frozenset(found)


def apart(
    read_map: ReadMap,
    entry: str,
    common: Sequence[Change],
    others: frozenset[str],
    blob: Callable[[str], bytes],
) -> bool:
    """Whether a test, or those of a file as ids name it, cannot get at the files `others`, also not by what
    the files of `common` changes import now. What is no loaded module may be got at by anybody."""
    tests = {index for index, test in enumerate(read_map.tests) if entry in (test, test.split("::", 1)[0])}
    if not tests or not others <= read_map.modules.keys():
        return False
    near = {path for path, those in read_map.starts.items() if tests.intersection(those)}
    by_name = {name: path for path, file in read_map.modules.items() for name in file.names}
    for change in common:
        near.add(change.path)
        if change.new_blob and change.path.endswith(".py"):
            names = read_map.modules[change.path].names if change.path in read_map.modules else ()
            found = outline(blob(change.new_blob))
            new = described(change.path, change.new_blob, found, names, by_name, False)
            near.update(new.imports)
            if new.wild or new.loose:
                return False
    got = reached(read_map, near)
    files = [read_map.modules[path] for path in got if path in read_map.modules]
    return not got & others and not any(file.wild or file.loose for file in files)


def indirect(modules: Mapping[str, FileReads]) -> dict[str, tuple[str, ...]]:
    """Last words of names of functions that may write to what lasts, and where."""
    found: dict[str, set[str]] = {}
    for file in modules.values():
        for unit, where in file.writers.items():
            word = unit.rpartition(".")[2].split("#", 1)[0]
            if not word.startswith("__"):
                found.setdefault(word, set()).update(where)
    return {word: tuple(sorted(where)) for word, where in found.items()}


def _is_deep(words: frozenset[str]) -> bool:
    """Whether code that mentions these may look at the text, the place or the code of functions."""
    return bool(words & _DEEP) or any(word.startswith("co_") or "lineno" in word for word in words)


def _is_wild(outline: Outline) -> bool:
    """Whether statements outside of functions may get at any module."""
    for form in outline.forms:
        nodes = ast.iter_child_nodes(form.node)
        if isinstance(form.node, Function | ast.ClassDef):
            inside = set(map(id, form.node.body))
            nodes = (node for node in nodes if id(node) not in inside)
        elif hasattr(form.node, "body"):
            nodes = iter(())  # what is in it has forms of its own
        if any(mentions(node) & _WILD for node in nodes):
            return True
    return False


def _deep(outline: Outline) -> Iterator[str]:
    everything = any("(lineno)" in word for word in mentions(outline.module))
    return (unit.name for unit in outline.units if everything or _is_deep(mentions(unit.node)))


def _writers(
    path: str, outline: Outline, names: tuple[str, ...], by_name: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    writes = Writes(outline)
    found = {unit.name: writes.of(unit.node) for unit in outline.units}
    return {name: places(where, path, names, by_name) for name, where in found.items() if where}


def _got_at(
    path: str,
    module: ast.Module,
    words: frozenset[str],
    names: tuple[str, ...],
    by_name: Mapping[str, str],
) -> set[str]:
    wanted = set()
    for base, level, bound in imports(module):
        for absolute in _absolute("." * level + base, path, names):
            wanted.add(absolute)
            wanted |= {f"{absolute}.{name}" for name, _ in bound}
    wanted |= {word for word in words if word in by_name or "." in word}
    found = {name for each in wanted for name in _prefixes(each) if name in by_name}
    for name in by_name:
        package, _, last = name.rpartition(".")
        if last in words and package in found:
            found.add(name)
    return {by_name[name] for name in found} - {path}


def _absolute(module: str, path: str, names: tuple[str, ...]) -> list[str]:
    """The full names that a module may be meant by, dots of a relative import first."""
    level = len(module) - len(module.lstrip("."))
    if not level:
        return [module]
    found = []
    for name in names:
        words = name.split(".") if path.endswith("__init__.py") else name.split(".")[:-1]
        words = words[: len(words) - level + 1]
        found.append(".".join([*words, module[level:]]).strip("."))
    return found


def _prefixes(name: str) -> Iterator[str]:
    words = name.split(".")
    return (".".join(words[: count + 1]) for count in range(len(words)))
