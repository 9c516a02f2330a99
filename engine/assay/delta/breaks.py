"""Breaks of a public interface, one sentence each.

Promises: pure; a phrase or sentence is about a caller that worked before and need not work now: a name that
is gone, a parameter that is gone, renamed, newly required or can be passed in fewer ways, a function that
must now be awaited. A changed annotation or return type is no break, nor is anything in a name or module
that is not public, in a test, or in a directory that is not imported by others (docs, examples, scripts).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from assay.delta.meetings import Definitions
from assay.delta.outline import Definition, Outline, Parameter, ParameterKind, What
from assay.delta.public import is_public

_NOT_IMPORTED = frozenset(
    [
        "doc",
        "docs",
        "example",
        "examples",
        "sample",
        "samples",
        "script",
        "scripts",
        "tool",
        "tools",
        "bench",
        "benchmark",
        "benchmarks",
    ]
)
_NOT_MODULES = frozenset({"setup.py", "noxfile.py", "conf.py", "conftest.py", "tasks.py", "fabfile.py"})
_RECORD_MAKERS = frozenset({"dataclass", "define", "frozen", "attrs"})
_RECORDS = frozenset({"NamedTuple", "Struct", "BaseModel"})
_POSITIONAL = (ParameterKind.POSITIONAL, ParameterKind.EITHER)
_BY_NAME = (ParameterKind.EITHER, ParameterKind.KEYWORD)


def signature_breaks(before: Definitions, after: Definitions) -> tuple[str, ...]:
    """What callers of a definition that is there on both sides can no longer do, a phrase each."""
    found = [text for one, other in _pairs(before, after) for text in _signature(one, other)]
    return tuple(dict.fromkeys(found))


def module_break(old: Outline, old_path: str, new_path: str | None) -> tuple[str, ...]:
    """The sentence for a public module that is gone, or has another path now (`new_path`)."""
    public = [d for d in old.definitions if "." not in d.symbol and is_public(old_path, d.symbol)]
    if not (public and is_interface(old_path)):
        return ()
    if new_path is not None:
        return (f"module {old_path} is now {new_path}, so that imports of it by the old name fail",)
    names = f"{len(public)} public name{'s' if len(public) != 1 else ''}"
    return (f"module {old_path} is removed, with {names}",)


def is_interface(path: str) -> bool:
    """Whether a file can be a module that others import."""
    pure = PurePosixPath(path)
    return not (_NOT_IMPORTED & set(pure.parts[:-1]) or pure.name in _NOT_MODULES)


def _pairs(
    before: Sequence[Definition], after: Sequence[Definition]
) -> Iterator[tuple[Definition, Definition]]:
    """Alternatives side by side. Of overloads, and where the number of alternatives changed, the last ones:
    they are what runs."""
    overloads = any("overload" in text for definition in (*before, *after) for text in definition.binding)
    if len(before) == len(after) and not overloads:
        yield from zip(before, after, strict=True)
    else:
        yield before[-1], after[-1]


def _signature(old: Definition, new: Definition) -> Iterator[str]:
    if old.what is not new.what and {old.what, new.what} != {What.FUNCTION, What.METHOD}:
        # A value that is computed now is read as before.
        if not (old.what is What.ATTRIBUTE and _access(new) == "a property"):
            yield f"was {_article(old)} and is {_article(new)} now"
        return
    if old.is_async != new.is_async:
        yield "must now be awaited" if new.is_async else "can no longer be awaited"
    if _access(old) != _access(new):
        yield f"was {_access(old)} and is {_access(new)} now"
        return
    if old.parameters is not None and new.parameters is not None:
        yield from _parameters(_callers(old), _callers(new))
        return
    if gone := sorted(_bases(old) - _bases(new)):
        yield f"no longer derives from {', '.join(gone)}"
    before, after = fields_by_position(old, new)
    if before != after:
        yield f"takes its fields by position in another order: ({', '.join(new.fields)})"


def is_record(definition: Definition) -> bool:
    """Whether the fields of a class are the parameters by which it is made."""
    made = {text.split("(")[0].rpartition(".")[2] for text in (*definition.binding, *definition.decorators)}
    return bool(made & _RECORD_MAKERS or set(base_names(definition)) & _RECORDS)


def base_names(definition: Definition) -> Iterator[str]:
    """The bases by their own names, without arguments and import paths."""
    for text in definition.bases:
        yield text.split("[")[0].rpartition(".")[2]


def fields_by_position(old: Definition, new: Definition) -> tuple[list[str], list[str]]:
    """The fields that a record takes by position, before and after, as far as they can disagree."""
    by_name = any("kw_only=True" in text for text in (old.signature, new.signature))
    if by_name or not (is_record(old) and is_record(new)) or "BaseModel" in base_names(new):
        return [], []
    kept = [name for name in old.fields if name in new.fields]
    return kept, list(new.fields[: len(kept)])


def _bases(definition: Definition) -> set[str]:
    """The public bases by their own names: a type argument or another import path makes no other base."""
    return {name for name in base_names(definition) if name != "Generic" and not name.startswith("_")}


def _access(definition: Definition) -> str:
    """How the name is reached, in words."""
    last = {text.split("(")[0].rpartition(".")[2] for text in definition.binding}
    if last & {"property", "cached_property"}:
        return "a property"
    for name in ("staticmethod", "classmethod"):
        if name in last:
            return f"a {name}"
    if last & {"contextmanager", "asynccontextmanager"}:
        return "a context manager"
    return f"a plain {definition.what.value}"


def _article(definition: Definition) -> str:
    return f"{'an' if definition.what is What.ATTRIBUTE else 'a'} {definition.what.value}"


def _callers(definition: Definition) -> tuple[Parameter, ...]:
    """The parameters that a caller passes: not the receiver that binding a method fills in."""
    parameters = definition.parameters or ()
    static = any(text.split("(")[0].rpartition(".")[2] == "staticmethod" for text in definition.binding)
    bound = definition.what is What.METHOD and not static
    return parameters[1:] if bound and parameters and parameters[0].kind in _POSITIONAL else parameters


def _parameters(old: tuple[Parameter, ...], new: tuple[Parameter, ...]) -> Iterator[str]:
    before, after = {p.name: p for p in old}, {p.name: p for p in new}
    kinds = {p.kind for p in new}
    renamed = _renamed(old, new)
    for name, parameter in before.items():
        if name in renamed:
            # A name that no caller can write is renamed at will.
            if parameter.kind not in _BY_NAME:
                continue
            yield f"has its parameter `{name}` renamed to `{renamed[name]}`"
        elif name not in after:
            if not _still_taken(parameter, kinds):
                yield f"no longer takes the parameter `{_written(parameter)}`"
        else:
            yield from _narrowed(parameter, after[name], kinds)
    for name, parameter in after.items():
        if name not in before and name not in renamed.values() and not parameter.optional:
            yield f"requires a new parameter `{name}`"
    yield from _reordered(old, new, renamed)


def _renamed(old: tuple[Parameter, ...], new: tuple[Parameter, ...]) -> dict[str, str]:
    """Parameters that have another name at the same place of a list that is as long as it was."""
    if len(old) != len(new):
        return {}
    names_before, names_after = {p.name for p in old}, {p.name for p in new}
    return {
        one.name: other.name
        for one, other in zip(old, new, strict=False)
        if one.name not in names_after and other.name not in names_before and one.kind is other.kind
    }


def _still_taken(gone: Parameter, kinds: set[ParameterKind]) -> bool:
    """Whether `*args` or `**kwargs` now take what the parameter took."""
    by_position = gone.kind not in _POSITIONAL or ParameterKind.VARIADIC in kinds
    by_name = gone.kind not in _BY_NAME or ParameterKind.KEYWORDS in kinds
    return by_position and by_name and gone.kind not in (ParameterKind.VARIADIC, ParameterKind.KEYWORDS)


def _narrowed(old: Parameter, new: Parameter, kinds: set[ParameterKind]) -> Iterator[str]:
    if old.optional and not new.optional:
        yield f"no longer has a default for `{old.name}`"
    if old.kind in _POSITIONAL and new.kind not in _POSITIONAL and ParameterKind.VARIADIC not in kinds:
        yield f"no longer takes `{old.name}` by position"
    if old.kind in _BY_NAME and new.kind not in _BY_NAME and ParameterKind.KEYWORDS not in kinds:
        yield f"no longer takes `{old.name}` by name"


def _reordered(
    old: tuple[Parameter, ...], new: tuple[Parameter, ...], renamed: dict[str, str]
) -> Iterator[str]:
    """The same positional parameters in other places, when no sentence about one of them says so already."""
    before = [renamed.get(p.name, p.name) for p in old if p.kind in _POSITIONAL]
    after = [p for p in new if p.kind in _POSITIONAL]
    names = [p.name for p in after]
    came = [p for p in after if p.name not in before]
    if set(before) <= set(names) and names[: len(before)] != before and all(p.optional for p in came):
        yield f"takes its positional parameters in another order: ({', '.join(names)})"


def _written(parameter: Parameter) -> str:
    prefix = {ParameterKind.VARIADIC: "*", ParameterKind.KEYWORDS: "**"}.get(parameter.kind, "")
    return prefix + parameter.name
