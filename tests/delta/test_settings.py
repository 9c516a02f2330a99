from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.delta.build import build
from assay.delta.keys import UnreadableSettings, flat
from assay.model.delta import Area

BASE = {
    "pyproject.toml": b"[project]\nname = 'x'\ndependencies = ['a']\n[tool.ruff]\nline-length = 100\n",
    "setup.cfg": b"[metadata]\nname = x\n[flake8]\nmax-line-length = 80\n",
    "app.json": b'{"a": {"b": 1, "c": [1, 2]}, "password": "old"}',
    ".github/workflows/ci.yml": (
        b"on: [push]\njobs:\n  test:\n    runs-on: ubuntu\n    steps:\n"
        b"      - uses: actions/checkout@v3\n      - name: Run\n        run: pytest\n"
    ),
    "db/001.sql": b"create table t (a int);\n",
    "api.proto": b"message User {\n  string name = 1;\n}\n",
    "migrations/0001_a.py": b"from alembic import op\ndef upgrade():\n    op.add_column('t', 'a')\n",
}


@pytest.fixture
def of(repo, tree_of):
    def delta(**edits):
        after = {path: data for path, data in {**BASE, **edits}.items() if data is not None}
        return build(repo, tree_of(BASE), tree_of(after), ())

    return delta


def edited(path: str, old: bytes, new: bytes) -> dict[str, bytes]:
    assert old in BASE[path]
    return {path: BASE[path].replace(old, new)}


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("pyproject.toml", b"100", b"110", ("tool.ruff.line-length", "100", "110")),
        ("setup.cfg", b"80", b"90", ("flake8.max-line-length", "80", "90")),
        ("app.json", b'"b": 1', b'"b": 2', ("a.b", "1", "2")),
        ("app.json", b"[1, 2]", b"[1, 2, 3]", ("a.c", "[1, 2]", "[1, 2, 3]")),
        ("app.json", b"old", b"new", ("password", "(hidden)", "(hidden)")),
        (".github/workflows/ci.yml", b"@v3", b"@v4",
         ("jobs.test.steps[actions/checkout].uses", "actions/checkout@v3", "actions/checkout@v4")),
        (".github/workflows/ci.yml", b"run: pytest", b"run: tox",
         ("jobs.test.steps[Run].run", "pytest", "tox")),
        ("db/001.sql", b"int", b"bigint", ("create table t (a bigint)", "", "stated")),
        ("api.proto", b"= 1", b"= 2", ("User.name", "string = 1", "string = 2")),
        ("migrations/0001_a.py", b"'a'", b"'b'", ("op.add_column('t', 'b')", "", "done")),
    ],
)  # fmt: skip
def test_a_setting_is_told_by_its_key_path(of, path, old, new, expected):
    found = of(**edited(path, old, new)).settings
    assert expected in [(s.key, s.before, s.after) for s in found]


def test_equal_settings_written_otherwise_are_no_change(of):
    assert of(**{"app.json": b'{\n"password":"old",\n  "a": {"c": [1,2], "b": 1}}'}).settings == ()
    assert of(**edited("pyproject.toml", b"line-length = 100", b"line-length=100 # why")).settings == ()


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("notes/fix.yaml", b"---\nfixes:\n  - x\n"),
        ("new.toml", b"fixes = 1\n"),
        ("new.json", b'{"fixes": 1}'),
        ("new.ini", b"fixes = 1\n"),
    ],
)
def test_a_new_file_is_told_by_its_own_keys_alone(of, path, source):
    assert [change.key for change in of(**{path: source}).settings] == ["fixes"]


def test_requirements_are_left_to_the_dependencies(of):
    found = of(**edited("pyproject.toml", b"['a']", b"['a', 'b']"))
    assert found.settings == ()
    assert [d.name for d in found.dependencies] == ["b"]


def test_areas_and_what_matters_for_security_are_told(of):
    workflow = (
        BASE[".github/workflows/ci.yml"]
        .replace(b"jobs:", b"permissions:\n  contents: write\njobs:")
        .replace(b"run: pytest", b"run: pytest\n        env:\n          T: ${{ secrets.PYPI }}")
    )
    found = of(**{".github/workflows/ci.yml": workflow}).settings
    assert {(s.key, s.area, s.security) for s in found} == {
        ("permissions.contents", Area.CI, True),
        ("jobs.test.steps[Run].env.T", Area.CI, True),
    }
    assert of(**edited("db/001.sql", b"int", b"bigint")).settings[0].area is Area.SCHEMA


def test_a_file_that_cannot_be_read_is_said(of):
    assert "app.json" in of(**{"app.json": b"{"}).unparsed


def test_an_alias_is_not_followed():
    bomb = b"a: &a [x, x]\n" + b"".join(
        b"%c: &%c [*%c, *%c]\n" % (n, n, n - 1, n - 1) for n in range(ord("b"), ord("z"))
    )
    found = flat("a.yml", bomb)
    assert found["c"] == "[*b, *b]"


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("a.yml", b"[" * 50_000),
        ("a.yml", b"- " * 50_000),
        ("a.json", b"[" * 50_000),
        ("a.json", b'{"a":' * 50_000),
        ("a.toml", b"a=" + b"[" * 20_000),
        ("a.yml", b"a: b\n" * 100_000),
    ],
)
def test_what_is_built_to_cost_much_is_refused(path, source):
    with pytest.raises(UnreadableSettings):
        flat(path, source)


@given(st.binary(max_size=200), st.sampled_from(["a.yml", "a.json", "a.toml", "setup.cfg", ".editorconfig"]))
def test_any_bytes_are_settings_or_refused(content, path):
    with contextlib.suppress(UnreadableSettings):
        assert all(isinstance(value, str) for value in flat(path, content).values())
