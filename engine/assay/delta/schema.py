"""What changes in schemas: SQL, migrations of Alembic and Django, protocol buffers, JSON Schema.

Promises: pure; statements are told by their first words, as much as a reader needs to know what to look at;
never raises for what a file holds. Honest limit: statements that a migration puts together at run time are
not seen.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from assay.delta.content import Content
from assay.delta.secrets import scrub
from assay.gates.syntax import REFUSED, dotted, parse
from assay.model.delta import Area, SettingChange
from assay.model.expressions import expression

_SQL = expression(
    r"^\s*((?:create|alter|drop|rename|truncate|grant|revoke|insert|update|delete|comment)\b[\s\S]*)",
    re.IGNORECASE,
)
_SQL_COMMENT = expression(r"--[^\n]*|/\*[\s\S]*?(?:\*/|\Z)")
_PROTO_COMMENT = expression(r"//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)")
_BLOCK = expression(r"\b(message|enum|service|oneof)\s+(\w+)\s*\{")
_FIELD = expression(r"([\w.<>, ]*?)\b(\w+)\s*=\s*(-?\d+)\s*(?:\[[^\]]*\])?$")
_RPC = expression(r"rpc\s+(\w+)\s*\(([^)]*)\)\s*returns\s*\(([^)]*)\)")
_MIGRATIONS = frozenset({"migrations", "versions", "alembic"})
_LONG, _LONGEST = 100, 1_000
_MAX_BYTES = 512 * 1024
_SQL_SUFFIXES = (".sql", ".ddl")


def is_schema(path: str) -> bool:
    """Whether a file says what data look like, or changes it."""
    pure = PurePosixPath(path)
    return pure.suffix in (*_SQL_SUFFIXES, ".proto") or _is_migration(pure)


def schema_changes(file: Content) -> Iterator[SettingChange]:
    """The statements, fields and operations that came, went or changed."""
    old, new = (_parts(file.path, side or b"") for side in (file.old, file.new))
    for key in dict.fromkeys([*new, *old]):
        before, after = old.get(key, ""), new.get(key, "")
        if before != after:
            yield SettingChange(
                path=file.path, area=Area.SCHEMA, key=key, before=scrub(before), after=scrub(after)
            )


def _is_migration(pure: PurePosixPath) -> bool:
    return pure.suffix == ".py" and pure.parent.name in _MIGRATIONS and pure.name != "__init__.py"


def _parts(path: str, content: bytes) -> dict[str, str]:
    if len(content) > _MAX_BYTES:
        return {}
    suffix = PurePosixPath(path).suffix
    text = content.decode("utf-8", "replace")
    found = (
        _proto(text) if suffix == ".proto" else _sql(text) if suffix in _SQL_SUFFIXES else _python(content)
    )
    return dict(found)


def _sql(text: str) -> Iterator[tuple[str, str]]:
    for statement in _SQL_COMMENT.sub(" ", text).split(";"):
        found = _SQL.match(statement)
        if found:
            words = " ".join(found[1].split())
            yield words[:_LONG], "stated"


def _proto(text: str) -> Iterator[tuple[str, str]]:
    """Fields by the messages around them, each with its type and number."""
    around: list[str] = []
    for piece in re.split(r"([{};])", _PROTO_COMMENT.sub(" ", text)):
        words = " ".join(piece.split())
        if piece == "{" or len(words) > _LONGEST:
            continue
        if piece == "}":
            around = around[:-1]
        elif found := _BLOCK.match(f"{words}{{"):
            around = [*around, found[2]]
            yield ".".join(around), found[1]
        elif found := _RPC.match(words):
            yield ".".join([*around, found[1]]), f"rpc ({found[2]}) returns ({found[3]})"
        elif around and (field := _FIELD.match(words)):
            yield ".".join([*around, field[2]]), f"{field[1].strip()} = {field[3]}".strip()


def _python(source: bytes) -> Iterator[tuple[str, str]]:
    """The operations of a migration, by what they are called with."""
    module = parse(source)
    if module is None:
        return
    try:
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and dotted(node.func).split(".")[0] in ("op", "migrations"):
                given = ", ".join([*map(_given, node.args), *map(_word, node.keywords)])
                name = dotted(node.func)
                if name not in ("migrations.swappable_dependency",):
                    yield f"{name}({given})"[:_LONG], "done"
    except REFUSED:
        return


def _given(node: ast.expr) -> str:
    return " ".join(ast.unparse(node).split())


def _word(node: ast.keyword) -> str:
    return f"{node.arg}={_given(node.value)}"
