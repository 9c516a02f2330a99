"""Expressions that wait: each one of the engine compiles, and means what `re.compile` takes it to mean."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import assay
from assay.model.expressions import Waiting, expression


def waiting() -> Iterator[tuple[str, Waiting]]:
    """All that wait at the top of a module, or in a table there."""
    for module in pkgutil.walk_packages(assay.__path__, "assay."):
        if any(part in module.name for part in ("__main__", ".inject", ".workers")):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            tables = value.values() if isinstance(value, dict) else (value,)
            yield from ((f"{module.name}.{name}", each) for each in tables if isinstance(each, Waiting))


def test_every_expression_of_the_engine_compiles() -> None:
    found = list(waiting())
    assert len(found) > 80
    for name, each in found:
        assert each.pattern is not None, name


def test_an_expression_is_compiled_once_and_when_it_is_asked(monkeypatch) -> None:
    compiled: list[str] = []
    real = re.compile

    def compile_(text: str, flags: int = 0) -> re.Pattern[str]:
        compiled.append(text)
        return real(text, flags)

    monkeypatch.setattr(re, "compile", compile_)
    found = expression(r"A(b+)", re.IGNORECASE)
    assert compiled == []
    assert found.search("xaBB")[1] == "BB"
    assert found.match("xab") is None
    assert found.sub("-", "ab abb") == "- -"
    assert [match[1] for match in found.finditer("ab abb")] == ["b", "bb"]
    assert compiled == [r"A(b+)"]
    assert found.pattern == r"A(b+)"
    assert found.groups == 1


def test_an_expression_may_be_of_bytes() -> None:
    assert expression(rb"\d+").findall(b"1 22") == [b"1", b"22"]
