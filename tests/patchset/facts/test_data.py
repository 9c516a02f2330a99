from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.patchset.facts.data import EntryPoint, data_of


def test_keys_and_entry_points() -> None:
    found = data_of(
        "pyproject.toml",
        b'[project]\nname = "x"\n[project.scripts]\nrun = "x.cli:main"\n[a]\nb = {c = [1]}\n',
    )
    assert found.values["project.name"] == "x" and found.values["a.b.c"] == "[1]"
    assert found.entries == (EntryPoint(name="run", target="x.cli:main"),)
    assert data_of("x.json", b'{"a": {"b": true}}').values == {"a.b": "True"}
    assert data_of("x.ini", b"[s]\nKey = v\n").values == {"s.Key": "v"}


@pytest.mark.parametrize("name", ["x.toml", "x.json", "x.cfg"])
@given(
    data=st.binary(max_size=80) | st.sampled_from([b"[" * 5000, b'{"a":' * 5000, b"a=" * 9, b"[x]\n[x]\n"])
)
def test_no_file_does_harm(name: str, data: bytes) -> None:
    assert isinstance(data_of(name, data).values, dict)
