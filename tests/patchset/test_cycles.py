"""Circles of imports: what is found of two candidates, and whether the interpreter agrees."""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.patchset.support import Lab

from assay.model.report import Cleared, Confidence, Conflict
from assay.patchset.cycles import played
from assay.patchset.edits import Edits
from assay.patchset.graph import graph
from assay.patchset.touch import Touches

BASE = {
    "pkg/__init__.py": b"from pkg import a, b, c\n",
    "pkg/a.py": b"ONE = 1\n\n\ndef fa():\n    return 1\n",
    "pkg/b.py": b"TWO = 2\n\n\ndef fb():\n    return 2\n",
    "pkg/c.py": b"from pkg.b import fb\n\n\ndef fc():\n    return fb()\n",
}
TO_C = {"pkg/a.py": b"from pkg.c import fc\n" + BASE["pkg/a.py"] + b"\n\nthree = fc()\n"}


def between(place: Path, left: bytes, right: bytes) -> Conflict | Cleared:
    """What is known of two candidates of which one edits module a, and the other b."""
    lab = Lab(place / "repo.git", BASE)
    a = lab.candidate("left", {"pkg/a.py": left})
    b = lab.candidate("right", {"pkg/b.py": right})
    found = graph(lab.repo, lab.base, [a, b]).between(a.id, b.id)
    turned = graph(lab.repo, lab.base, [b, a]).between(a.id, b.id)
    assert type(found) is type(turned)
    return found


def test_a_circle_through_a_module_that_nobody_touches(tmp_path: Path) -> None:
    back = b"from pkg.a import fa\n" + BASE["pkg/b.py"]
    found = between(tmp_path, TO_C["pkg/a.py"], back)
    assert isinstance(found, Conflict)
    assert found.confidence is Confidence.PROVEN
    assert {witness.path for witness in found.witness} == {"pkg/a.py", "pkg/b.py"}


@pytest.mark.parametrize(
    "back",
    [
        b"import typing\nif typing.TYPE_CHECKING:\n    from pkg.a import fa\n" + BASE["pkg/b.py"],
        b"from pkg import a\n" + BASE["pkg/b.py"],
        BASE["pkg/b.py"] + b"\n\nfrom pkg.a import ONE\n",
        BASE["pkg/b.py"] + b"\n\ndef late():\n    from pkg.a import fa\n    return fa()\n",
        b"from pkg.other import fa\n" + BASE["pkg/b.py"],
    ],
    ids=["types only", "the module", "once all is there", "when called", "of nobody"],
)
def test_a_circle_in_which_nothing_is_asked_for_too_early_is_none(tmp_path: Path, back: bytes) -> None:
    found = between(tmp_path, b"ONE = 1\nfrom pkg.c import fc\n", back)
    assert isinstance(found, Cleared) or "circle" not in found.why


def test_one_that_only_some_ways_in_survive_is_suspected(tmp_path: Path) -> None:
    base = {name: text for name, text in BASE.items() if name != "pkg/__init__.py"} | {"pkg/__init__.py": b""}
    lab = Lab(tmp_path / "repo.git", base)
    a = lab.candidate("a", {"pkg/a.py": b"ONE = 1\nfrom pkg.b import fb\n"})
    b = lab.candidate("b", {"pkg/b.py": b"from pkg.a import ONE\n" + BASE["pkg/b.py"]})
    found = graph(lab.repo, lab.base, [a, b]).between(a.id, b.id)
    assert isinstance(found, Conflict)
    assert found.confidence is Confidence.SUSPECTED


_NUMBERS = count()
_STATEMENTS = st.lists(
    st.one_of(
        st.sampled_from(["X = 1", "Y = 2"]),
        st.tuples(st.sampled_from("pqr"), st.sampled_from("XY")).map(
            lambda t: f"from {{{t[0]}}} import {t[1]}"
        ),
    ),
    max_size=4,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.tuples(_STATEMENTS, _STATEMENTS, _STATEMENTS), entry=st.sampled_from("pqr"))
def test_what_is_played_is_what_the_interpreter_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bodies: tuple[list[str], ...], entry: str
) -> None:
    number = next(_NUMBERS)
    names = {letter: f"circle{number}{letter}" for letter in "pqr"}
    sources = {
        names[letter]: "".join(f"{line}\n" for line in body).format(**names)
        for letter, body in zip("pqr", bodies, strict=True)
    }
    # Names that are nowhere bound, or bound twice, are other tests' business.
    for name, source in sources.items():
        bound = [line.split()[-1] if " import " in line else line.split()[0] for line in source.splitlines()]
        if len(set(bound)) < len(bound) or f"from {name} " in source:
            return
        sources[name] = source + "".join(f"{letter} = 3\n" for letter in "XY" if letter not in bound)
    lab = Lab(tmp_path / f"{number}.git", {f"{name}.py": text.encode() for name, text in sources.items()})
    view = Touches(lab.repo, lab.base.tree, Edits(lab.repo)).base
    expected = played(view, sources, names[entry]) is not None
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    failed = True
    with suppress(ImportError):
        importlib.import_module(names[entry])
        failed = False
    for name in sources:
        sys.modules.pop(name, None)
    assert failed == expected
