"""What the head and the body of a class say of its constructor: dataclasses, slots, fields.

Promises: pure.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from assay.gates.syntax import last_name
from assay.patchset.facts.paths import stored, targets


def is_special(decorator: ast.expr) -> bool:
    """Whether a dataclass is asked for that has another constructor than its fields tell."""
    if not isinstance(decorator, ast.Call):
        return False
    return any(keyword.arg in ("init", None) for keyword in decorator.keywords)


def asks(decorators: Iterable[ast.expr], word: str) -> bool:
    """Whether one of the decorators is given `word=True`."""
    given = (k for each in decorators if isinstance(each, ast.Call) for k in each.keywords)
    return any(k.arg == word and isinstance(k.value, ast.Constant) and k.value.value is True for k in given)


def slots_of(node: ast.ClassDef, fields: list[str]) -> tuple[str, ...] | None:
    """The attributes that a class makes room for; None if it may have any, or that cannot be told."""
    if asks(node.decorator_list, "slots"):
        return tuple(fields)
    for statement in node.body:
        if not any(name == "__slots__" for target in targets(statement) for name in stored(target)):
            continue
        value = getattr(statement, "value", None)
        parts = value.elts if isinstance(value, ast.Tuple | ast.List | ast.Set) else [value]
        words = [part.value for part in parts if isinstance(part, ast.Constant)]
        names = tuple(word for word in words if isinstance(word, str))
        return names if len(names) == len(parts) and "__dict__" not in names else None
    return None


def is_classvar(annotation: ast.expr) -> bool:
    bare = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return last_name(bare) in ("ClassVar", "KW_ONLY")


def default_of(value: ast.expr | None) -> tuple[bool, bool]:
    """Whether a field may be left out, and whether it cannot be given at all."""
    if value is None:
        return False, False
    if isinstance(value, ast.Call) and last_name(value) == "field":
        words = {keyword.arg: keyword.value for keyword in value.keywords}
        init = words.get("init")
        skipped = isinstance(init, ast.Constant) and init.value is False
        return bool({"default", "default_factory", "factory"} & words.keys()), skipped
    return True, False
