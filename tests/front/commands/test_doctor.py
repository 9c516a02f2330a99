from __future__ import annotations

import json

import pytest

from assay.front import entry
from assay.model.tool import Tier
from assay.sandbox import probe as probing
from assay.sandbox.cgroups import find
from assay.sandbox.diagnose import Fact
from assay.sandbox.identity import host_identity


@pytest.fixture
def host(monkeypatch):
    """A host as a probe would find it: change `tier` and `facts` at will."""
    found = {"tier": Tier.NAMESPACED, "facts": (Fact(name="jail", ok=True, detail="namespaces"),)}

    def probe(wanted=None, environ=None):
        return probing.Probe(
            identity=host_identity(), hierarchies=find(), cache_or_none=None, binary=None, **found
        )

    monkeypatch.setattr(probing, "probe", probe)
    return found


def test_a_host_that_isolates(host, capsys):
    assert entry.run(["doctor"]) == 0
    assert "tier namespaced" in capsys.readouterr().out


def test_a_host_that_does_not_says_what_helps_and_exits_3(host, capsys):
    host["tier"] = None
    host["facts"] = (Fact(name="jail", ok=False, detail="forbidden \x1b[2J", remedy="sysctl -w x=1"),)
    assert entry.run(["doctor"]) == 3
    out = capsys.readouterr().out
    assert "cannot be isolated" in out
    assert "sysctl -w x=1" in out
    assert "\x1b" not in out
    assert entry.run(["doctor", "--format", "json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["tier"] is None
    assert document["isolation"] is None
    assert document["facts"][0] == {
        "name": "jail",
        "ok": False,
        "detail": "forbidden \x1b[2J",
        "remedy": "sysctl -w x=1",
    }


def test_nothing_is_not_called_isolation(host, capsys):
    host["tier"] = Tier.NONE
    assert entry.run(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "isolated by" not in out
    assert "as you, with nothing between" in out


def test_this_very_host_gets_an_answer(capsys):
    assert entry.run(["doctor", "--format", "json"]) in (0, 3)
    assert json.loads(capsys.readouterr().out)["facts"]
