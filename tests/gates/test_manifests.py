from __future__ import annotations

import pytest

from assay.gates.manifests import UnreadableManifest, changed, is_manifest, requirements


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            "pyproject.toml",
            """
            [build-system]
            requires = ["hatchling>=1"]
            [project]
            dependencies = ["Foo_Bar >= 1, <2", "plain", "x[extra]>=1; python_version < '3.12'"]
            [project.optional-dependencies]
            dev = ["pytest"]
            [dependency-groups]
            lint = ["ruff>=0.8", {include-group = "dev"}]
            """,
            {
                ("", "foo-bar"): ">= 1, <2",
                ("", "plain"): "any",
                ("", "x"): "[extra]>=1; python_version < '3.12'",
                ("dev", "pytest"): "any",
                ("lint", "ruff"): ">=0.8",
                ("build", "hatchling"): ">=1",
            },
        ),
        (
            "pyproject.toml",
            """
            [tool.poetry.dependencies]
            python = "^3.11"
            a = "*"
            b = {version = "^2"}
            [tool.poetry.group.test.dependencies]
            c = {git = "https://example.org/c"}
            """,
            {
                ("", "python"): "^3.11",
                ("", "a"): "any",
                ("", "b"): "^2",
                ("test", "c"): '{"git": "https://example.org/c"}',
            },
        ),
        (
            "requirements/dev.txt",
            "# all\n-r base.txt\nfoo==1.0 # pinned\nbar==2 \\\n    --hash=sha256:00\n\n-e .\n",
            {("", "foo"): "==1.0", ("", "bar"): "==2"},
        ),
        (
            "requirements-test.txt",
            "foo<2; python_version<'3'\nfoo>=2; python_version>='3'\n",
            {("", "foo"): "<2; python_version<'3' | >=2; python_version>='3'"},
        ),
        (
            "setup.cfg",
            "[options]\ninstall_requires =\n  foo>=1\n  bar\n[options.extras_require]\nt = pytest\n",
            {("", "foo"): ">=1", ("", "bar"): "any", ("t", "pytest"): "any"},
        ),
        (
            "web/package.json",
            '{"dependencies": {"react": "^18"}, "devDependencies": {"vite": "5"}}',
            {("", "react"): "^18", ("dev", "vite"): "5"},
        ),
        (
            "go.mod",
            "module example.org/m\ngo 1.22\nrequire golang.org/x/text v0.3.0\nrequire (\n"
            "\tgithub.com/a/b v1.2.3 // indirect\n)\nreplace github.com/a/b => ../b\n"
            "exclude github.com/q/r v9.9.9\n",
            {("", "golang.org/x/text"): "v0.3.0", ("", "github.com/a/b"): "v1.2.3"},
        ),
        ("pyproject.toml", "", {}),
    ],
)
def test_each_manifest_is_read(path, text, expected):
    assert is_manifest(path)
    assert requirements(path, text) == expected


@pytest.mark.parametrize("path", ["README.txt", "src/go.py", "requirements.py", "package-lock.json"])
def test_other_files_are_no_manifests(path):
    assert not is_manifest(path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[project"),
        ("pyproject.toml", "project = 3"),
        ("pyproject.toml", "[project]\ndependencies = [1]"),
        ("package.json", "[]"),
        ("package.json", '{"dependencies": ["a"]}'),
        ("package.json", "[" * 100_000),
        ("setup.cfg", "no section"),
    ],
)
def test_a_malformed_manifest_is_said_to_be_unreadable(path, text):
    with pytest.raises(UnreadableManifest):
        requirements(path, text)


def test_what_came_went_and_moved():
    found = changed("p", {("", "a"): ">=1", ("", "b"): "any"}, {("", "a"): ">=2", ("dev", "b"): "any"})
    assert [(c.group, c.name, c.before, c.after) for c in found] == [
        ("", "a", ">=1", ">=2"),
        ("", "b", "any", ""),
        ("dev", "b", "", "any"),
    ]
