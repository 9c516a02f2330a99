"""The hook's command line without the parser: it means what the parser takes it to mean, or nothing."""

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


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the flow is asked, and how its result is to be shown."""
    found: list[object] = []

    async def check(request, change, *, head=None, observer=None):
        found.append((request, change, head))
        return Report(
            transaction="",
            command="check",
            base=Base(commit=None, tree=Oid("0" * 40)),
            policy=PolicyStamp(name="x", digest="d"),
            isolation=Isolation(backend="none", tier=Tier.NONE),
            candidates=(),
        )

    monkeypatch.setattr(flow, "check", check)
    monkeypatch.setattr(session, "show", lambda _report, view, _code: found.append(view))
    return found


@pytest.mark.parametrize(
    "line",
    [
        "--staged",
        "--worktree -q",
        "--base HEAD --head x",
        "--base=HEAD",
        "--staged -C . --policy fast --quiet",
        "--staged --repo . --jobs 2 --format json",
        "--staged -j 3 --format=markdown --color never",
        "--staged --isolation namespaced --color=always",
        "--staged --isolation auto",
    ],
)
def test_a_line_means_what_the_parser_takes_it_to_mean(
    line: str, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["check", *line.split()]
    assert entry.run(arguments) == 0
    by_quick, asked[:] = list(asked), []
    assert quick.read(arguments) is not None
    monkeypatch.setattr(quick, "check", lambda _arguments: None)
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
    monkeypatch.setattr(quick, "check", lambda _arguments: None)
    assert (entry.run(arguments), capsys.readouterr()) == first
    assert first[0] == 2


@given(st.lists(st.sampled_from(WORDS), max_size=5))
def test_whatever_is_read_the_parser_reads_too(words: list[str]) -> None:
    given_ = quick.read(["check", *words])
    if given_ is None:
        return
    command = app.command()
    context = command.commands["check"].make_context("check", list(words))
    values = context.params
    assert values["staged"] is ("--staged" in given_)
    assert values["worktree"] is ("--worktree" in given_)
    assert values["quiet"] is ("--quiet" in given_)
    for option, name in (("--policy", "policy"), ("--base", "base"), ("--head", "head")):
        assert values[name] == given_.get(option)
    assert values["jobs"] == int(given_.get("--jobs", "0"))


@pytest.mark.parametrize(
    "line",
    [
        "--help",
        "--staged --jobs -1",
        "--staged x",
        "--staged --staged",
        "--policy",
        "--format xml",
        "--jobs ٣",
        "-q=1",
    ],
)
def test_what_leaves_a_doubt_is_the_parsers(line: str) -> None:
    assert quick.read(["check", *line.split()]) is None
    assert quick.read(["grade", "--quiet"]) is None
    assert quick.read([]) is None
