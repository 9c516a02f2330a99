"""Whether a test can see how source is written."""

import anyio
import pytest
from tests.grade.fakes import FakeBench

from assay.gates.testing.reads import FileReads, ReadMap
from assay.grade import sight
from assay.model.candidate import Base, Candidate, Change, ChangeKind
from assay.policy.schema import Policy, Tests
from assay.repo.diff import changes
from assay.repo.repository import open_repository

PRODUCT = b"def add(a, b):\n    return a + b\n"
TEST = b"from pkg import add\n\ndef test_add():\n    assert add(1, 2) == 3\n"
FILES = {"pkg.py": PRODUCT, "tests/test_add.py": TEST, "pyproject.toml": b"[project]\nname = 'pkg'\n"}


@pytest.fixture
def ask(tmp_path):
    """What may let a test of this base see how a candidate's source is written."""
    import pygit2

    git = pygit2.init_repository(str(tmp_path), bare=True)
    repo = open_repository(tmp_path)

    def tree_of(files):
        index = pygit2.Index()
        for path, data in files.items():
            index.add(pygit2.IndexEntry(path, git.create_blob(data), 0o100644))
        return str(index.write_tree(git))

    def asked(base, new, policy=None):
        bench = FakeBench(["tests"])
        bench.repo, bench.policy = repo, policy or bench.policy
        old, tree = tree_of({**FILES, **base}), tree_of({**FILES, **base, **new})
        candidate = Candidate(
            id="c",
            name="c",
            source="c",
            base=Base(commit=None, tree=old),
            tree=tree,
            changes=changes(repo, old, tree),
        )

        async def twice():
            first = await sight.seen(bench, candidate, candidate)
            assert await sight.seen(bench, candidate, candidate) == first
            return first

        return anyio.run(twice)

    return asked


def test_plain_code_under_plain_tests_is_not_looked_at(ask):
    assert ask({}, {"pkg.py": b"def add(a, b):\n    return b + a\n"}) == ""


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("tests/test_style.py", b"text = open('pkg.py').read()"),
        ("tests/test_style.py", b"text = Path('pkg.py').read_text()"),
        ("tests/conftest.py", b"import subprocess"),
        ("tests/test_style.py", b"for path in root.glob('*'): pass"),
        ("pkg/own.py", b"import inspect\ninspect.getsource(f)"),
        ("pkg/own.py", b"frame.f_lineno"),
        ("pkg/own.py", b"HERE = __file__"),
        ("pkg/own.py", b"f.__code__.co_firstlineno"),
        ("tests/test_log.py", b"def test_x(caplog):\n    f()\n    assert 'own.py:3' in caplog.text"),
        ("tests/test_log.py", b"def test_x(recwarn):\n    f()\n    assert 'own.py' in str(recwarn.pop())"),
        ("tests/test_raise.py", b"assert 'own.py:3' in str(raised.getrepr(style='short'))"),
        ("tests/test_profile.py", b"import cProfile"),
        ("pkg/own.py", b"LOG.exception('it failed')"),
        ("pkg/own.py", b"LOG.error('it failed', exc_info=True)"),
        ("pytest.ini", b"[pytest]\naddopts = --cov=pkg --cov-fail-under=90\n"),
        ("pyproject.toml", b"[tool.pytest.ini_options]\naddopts = ['--black']\n"),
    ],
)
def test_a_base_that_looks_at_text_or_lines_is_found(ask, path, text):
    assert path in ask({path: text}, {"pkg.py": PRODUCT + b"\nx = 1\n"})


def test_asking_a_future_for_its_exception_shows_no_lines(ask):
    assert ask({"pkg/wait.py": b"def failed(future):\n    return future.exception()\n"}, {}) == ""


def test_opening_files_is_what_programs_do(ask):
    assert ask({"pkg/load.py": b"def load(path):\n    return open(path).read()\n"}, {}) == ""


@pytest.mark.parametrize(
    "text",
    [
        b"def add(a, b):\n    return a + b if 'magic' in open('pkg.py').read() else 0\n",
        b"import sys\ndef add(a, b):\n    return a + b\n",
        b"def add(a, b):\n    return getattr(a, 'x' + 'y')\n",
    ],
)
def test_a_candidate_that_could_tell_which_of_two_it_is_is_found(ask, text):
    assert "added in pkg.py" in ask({}, {"pkg.py": text})


def test_what_the_base_uses_already_is_no_news(ask):
    old = b"import sys\n" + PRODUCT
    assert ask({"pkg.py": old}, {"pkg.py": old + b"\nx = 1\n"}) == ""


def test_arguments_of_the_policy_count(ask):
    policy = Policy(name="p", tests=Tests(args=("--flake8",)))
    assert ask({}, {}, policy) == "`flake8` in tests.args"


BLOBS = {"old": b"def add(a, b):\n    return a + b\n", "new": b"def add(a, b):\n    return a + b  # sum\n"}


def _noticed(**known):
    values = {
        "tree": "t" * 40,
        "tests": ("tests/test_add.py::test_add",),
        "files": ("tests/test_add.py",),
        "modules": {"pkg.py": FileReads(blob="old", names=("pkg",))},
        "executed": {"pkg.py::add": (0,)},
    }
    difference = Change(
        kind=ChangeKind.MODIFIED,
        path="pkg.py",
        old_path="pkg.py",
        old_mode=0o100644,
        new_mode=0o100644,
        old_blob="old",
        new_blob="new",
    )
    return sight.by_map(ReadMap(**{**values, **known}), [difference], BLOBS.__getitem__)


def test_tests_that_were_watched_and_only_run_code_notice_nothing():
    assert _noticed() == ""


@pytest.mark.parametrize(
    "known",
    [
        {"read": {"pkg.py": (0,)}},
        {"listed": {".": (0,)}},
        {"always": {"tests/test_add.py::test_add": "it starts programs"}},
        {"outside": frozenset({"pkg.py"})},
        {"blind": "the run came to no end"},
        {"files": ("pkg.py",)},
    ],
)
def test_tests_that_read_the_file_or_cannot_be_followed_may_notice(known):
    assert _noticed(**known)


@pytest.mark.parametrize(
    ("path", "text", "word"),
    [
        (
            "tests/test_log.py",
            b"def test_log(caplog):\n    assert 'pkg.py:1' in caplog.text\n",
            "caplog.text",
        ),
        ("pkg/log.py", b"FORMAT = '%(filename)s:%(lineno)d'\n", "lineno"),
        ("pkg/old.py", b"warn('old', stacklevel=2)\n", "stacklevel"),
        ("tests/test_files.py", b"text = open('data.txt').read()\n", ""),
        ("pyproject.toml", b"[tool.pytest.ini_options]\naddopts = ['--black']\n", "black"),
    ],
)
def test_lines_that_a_test_is_shown_are_looked_for_though_it_was_watched(ask, monkeypatch, path, text, word):
    async def watched(bench, base):
        return ReadMap(tree=base)

    monkeypatch.setattr(sight, "_watched", watched)
    monkeypatch.setattr(sight, "by_map", lambda *_: "")
    found = ask({path: text}, {"pkg.py": PRODUCT + b"# more\n"})
    assert (word in found) if word else found == ""
