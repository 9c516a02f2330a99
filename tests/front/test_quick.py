"""Plain command lines without the parser: they mean what the parser takes them to mean, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.front import app, entry, quick, session
from assay.land import flow
from assay.model.candidate import Base, Oid
from assay.model.report import PolicyStamp, Report
from assay.model.tool import Isolation, Tier

WORDS = (
    *(
        "--staged",
        "--worktree",
        "--quiet",
        "-q",
        "--repo",
        "-C",
        "--policy",
        "--jobs",
        "-j",
        "--base",
        "--head",
    ),
    *("--format", "--color", "--isolation", "--repo=x", "--policy=fast", "--jobs=2", "--format=json", "-Cx"),
    *(
        "--help",
        "--no",
        "-qj2",
        "--stag",
        "x",
        "fast",
        "HEAD",
        "2",
        "-1",
        "json",
        "never",
        "none",
        "",
        "--",
        "-",
    ),
)
GRADED = (
    *("--squash", "--full", "--profile", "-q", "--quiet", "-o", "--output", "--first", "--first=1", "--lane"),
    *(
        "bulk",
        "interactive",
        "--output=x",
        "--lane=bulk",
        "--staged",
        "--head",
        "--evidence",
        "a=b",
        "*.patch",
    ),
    *WORDS,
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the flow is asked, and how its result is to be shown."""
    found: list[object] = []

    nothing = Report(
        transaction="",
        command="check",
        base=Base(commit=None, tree=Oid("0" * 40)),
        policy=PolicyStamp(name="x", digest="d"),
        isolation=Isolation(backend="none", tier=Tier.NONE),
        candidates=(),
    )

    async def check(request, change, *, head=None, observer=None):
        found.append((request, change, head))
        return nothing

    async def grade(request, *, observer=None):
        found.append(request)
        return nothing

    monkeypatch.setattr(flow, "check", check)
    monkeypatch.setattr(flow, "grade", grade)
    monkeypatch.setattr(session, "show", lambda _report, view, _code: found.append(view))
    return found


@pytest.mark.parametrize(
    "line",
    [
        "check --staged",
        "check --worktree -q",
        "check --base HEAD --head x",
        "check --base=HEAD",
        "check --staged -C . --policy fast --quiet",
        "check --staged --repo . --jobs 2 --format json",
        "check --staged -j 3 --format=markdown --color never",
        "check --staged --isolation namespaced --color=always",
        "check --staged --isolation auto",
        "grade x",
        "grade x --quiet a=b A..B",
        "grade -C . --base HEAD --policy agent -j 2 x y",
        "grade --first 2 x --format html --squash",
        "grade x --full --profile --color never --isolation=none",
        "grade --lane bulk x -o out",
        "grade --lane=interactive x --output=out --first=1",
    ],
)
def test_a_line_means_what_the_parser_takes_it_to_mean(
    line: str, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = line.split()
    assert entry.run(arguments) == 0
    by_quick, asked[:] = list(asked), []
    assert quick.read(arguments) is not None
    monkeypatch.setattr(quick, "run", lambda _arguments: None)
    assert entry.run(arguments) == 0
    assert by_quick == asked


@pytest.mark.parametrize("line", ["", "--staged --worktree", "--head x", "--staged --base x"])
def test_what_contradicts_itself_is_refused_in_the_same_words(
    line: str,
    asked: list[object],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path,
) -> None:
    arguments = ["check", "-C", str(tmp_path), *line.split()]
    first = (entry.run(arguments), capsys.readouterr())
    monkeypatch.setattr(quick, "run", lambda _arguments: None)
    assert (entry.run(arguments), capsys.readouterr()) == first
    assert first[0] == 2


@given(st.lists(st.sampled_from(WORDS), max_size=5))
def test_whatever_is_read_the_parser_reads_too(words: list[str]) -> None:
    line = quick.read(["check", *words])
    if line is None:
        return
    given_ = line.given
    command = app.command()
    context = command.commands["check"].make_context("check", list(words))
    values = context.params
    assert values["staged"] is ("--staged" in given_)
    assert values["worktree"] is ("--worktree" in given_)
    assert values["quiet"] is ("--quiet" in given_)
    for option, name in (("--policy", "policy"), ("--base", "base"), ("--head", "head")):
        assert values[name] == given_.get(option)
    assert values["jobs"] == int(given_.get("--jobs", "0"))


@given(st.lists(st.sampled_from(GRADED), max_size=6))
def test_whatever_is_read_of_a_grading_the_parser_reads_too(words: list[str]) -> None:
    line = quick.read(["grade", *words])
    if line is None:
        return
    context = app.command().commands["grade"].make_context("grade", list(words))
    values = context.params
    assert tuple(values["sources"]) == line.sources
    for flag in ("squash", "full", "profile", "quiet"):
        assert values[flag] is (f"--{flag}" in line.given)
    for option in ("policy", "base", "lane"):
        assert values[option] == line.given.get(f"--{option}")
    for option in ("jobs", "first"):
        assert values[option] == int(line.given.get(f"--{option}", "0"))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "land x",
        "check --help",
        "check --staged --jobs -1",
        "check --staged x",
        "check --staged --staged",
        "check --policy",
        "check --format xml",
        "check --jobs ٣",
        "check -q=1",
        "grade",
        "grade --quiet",
        "grade -",
        "grade x --first -1",
        "grade x --lane fast",
        "grade x --evidence mutants",
        "grade x -- y",
        "grade x --staged",
    ],
)
def test_what_leaves_a_doubt_is_the_parsers(line: str) -> None:
    assert quick.read(line.split()) is None
