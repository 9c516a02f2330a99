"""Where a symbol stands, for people, and what became of it.

Promises: pure; a place is there for every symbol, if only its module.
"""

from __future__ import annotations

from assay.patchset.facts.records import Definition, Kind
from assay.patchset.touch import Touch
from assay.patchset.view import Instance, Symbol, Target, Whole


def where_of(touch: Touch, label: str) -> tuple[str, int]:
    """The file of a symbol that a candidate touches, and its line there: in the base if it is gone."""
    module, _, name = label.partition(":")
    for file in touch.files:
        if module in (file.old_module, file.module):
            held = file.new.definitions.get(name) if file.module == module else None
            held = held or file.old.definitions.get(name)
            return (file.path if file.module == module else file.old_path), held.line if held else 0
    path = touch.view.modules.path_of.get(module, "")
    found = touch.view.module(module)
    line = found.definitions[name].line if found is not None and name in found.definitions else 0
    return path, line


def place_of(touch: Touch, label: str) -> str:
    """`path:symbol` of a symbol, for people."""
    path, _ = where_of(touch, label)
    name = label.partition(":")[2]
    return f"{path}:{name}" if name else path or label


def label_of(target: Target) -> str:
    """`module:name` of what a target is; '' where it has none."""
    match target:
        case Symbol():
            return target.label
        case Instance(of=cls):
            return cls.label
        case Whole(name):
            return f"{name}:"
    return ""


def whither(ours: Touch, label: str) -> tuple[str, str]:
    """The verb for what became of a definition, and where it is now."""
    module, _, name = label.partition(":")
    if not name:
        new = next((f.module for f in ours.files if f.old_module == module and f.module), "")
        return ("moves", f" to `{new}`") if new else ("removes", "")
    old = ours.removed.get(label)
    last = name.rpartition(".")[2]
    owner = label[: len(label) - len(last)]
    same = [
        n for n in ours.added if n.partition(":")[2] == name and n != label and not _is_import(ours.added[n])
    ]
    if same:
        return "moves", f" to `{same[0]}`"
    if old is not None:
        for other, added in ours.added.items():
            sibling = other.startswith(owner) and "." not in other[len(owner) :]
            if sibling and added.kind is old.kind and _alike(old, added):
                return "renames", f" to `{other[len(owner) :]}`"
    return "removes", ""


def _alike(old: Definition, new: Definition) -> bool:
    if old.kind is Kind.FUNCTION:
        return old.signature == new.signature or abs(old.end - old.line - new.end + new.line) <= 2
    return old.kind is not Kind.IMPORT


def _is_import(definition: Definition) -> bool:
    return definition.kind is Kind.IMPORT
