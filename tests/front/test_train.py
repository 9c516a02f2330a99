"""A train on the command line: what it prints, and what it refuses."""

from __future__ import annotations

import json

import pytest

from assay.front import entry, train
from assay.land.train import watch as module
from assay.land.train.told import Summary, Told, What

LANDED = Told(what=What.LANDED, name="a\x1b[1m\nb", key="k", commit="c" * 40)
EVICTED = Told(what=What.EVICTED, name="bad", key="l", why="it does not compile", commit="d" * 40)


@pytest.fixture
def trains(monkeypatch):
    """The trains that were asked for; each tells of two candidates and is idle."""
    asked = []

    async def fake(request, *, tell, observer, **options):
        asked.append((request.sources, options))
        tell(LANDED)
        tell(EVICTED)
        return Summary(landed=1, evicted=1, undecided=0)

    monkeypatch.setattr(module, "watch", fake)
    return asked


def test_each_thing_that_happens_is_one_line(trains, capsys):
    assert entry.run(["land", "in", "--onto", "main", "--watch", "--until-idle"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("landed a")
    assert "\x1b" not in out[0]
    assert out[1:] == ["evicted bad (dddddddddddd): it does not compile"]
    ((sources, options),) = trains
    assert sources == ("in",)
    assert options == {"onto": "main", "every_commit": True, "linear": False, "until_idle": True}


def test_for_machines_each_line_is_one_object(trains, capsys):
    entry.run(["land", "in", "--onto", "main", "--watch", "--only-tip", "--format", "json"])
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == {
        "schema_version": 1, "what": "landed", "name": LANDED.name, "key": "k", "why": "", "commit": "c" * 40
    }  # fmt: skip
    assert second["why"] == "it does not compile"
    assert trains[0][1]["every_commit"] is False


@pytest.mark.parametrize(
    "words",
    [
        ["--watch", "--dry-run"],
        ["--until-idle"],
        ["--watch", "--format", "sarif"],
        ["--watch", "--output", "report"],
        ["--watch", "--profile"],
    ],
)
def test_what_makes_no_sense_for_a_train_is_refused(trains, words):
    assert entry.run(["land", "in", "--onto", "main", *words]) == 2
    assert trains == []


@pytest.mark.parametrize(
    ("landed", "evicted", "undecided", "code"),
    [(0, 0, 0, 0), (2, 0, 0, 0), (2, 1, 1, 1), (2, 0, 1, 3)],
)
def test_how_a_train_ends(landed, evicted, undecided, code):
    assert Summary(landed=landed, evicted=evicted, undecided=undecided).exit_code == code


def test_a_problem_has_no_name():
    assert train.sentence(Told(what=What.PROBLEM, why="x: no such file")) == "problem: x: no such file"
