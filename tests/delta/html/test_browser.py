"""The page in a real browser: it runs its own script and nothing else, and fits a phone."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.delta.conftest import EVIL, candidate, excerpt, full_risk, report
from tests.delta.conftest import gate as make_gate

from assay.delta.html.document import document
from assay.model.report import Conflict, ConflictKind, PatchSet, Report
from assay.model.verdict import Decision

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium on PATH to open the page in")

ATTACK = (
    f"{EVIL}</script><script>window.ran=1</script><img src=x onerror='window.ran=1'><a href='javascript:1'>"
)

# The page is put into a frame of the wanted width, and this looks into it from outside: the page's own policy
# would not let any of it run inside.
PROBE = """
const frame = document.querySelector("iframe");
frame.addEventListener("load", () => {
  const page = frame.contentDocument, view = frame.contentWindow, root = page.documentElement;
  const wide = () => root.scrollWidth;
  const folded = wide();
  for (const fold of page.querySelectorAll("details")) fold.open = true;
  const unfolded = wide();
  const before = view.getComputedStyle(page.body).backgroundColor;
  page.getElementById("theme").click();
  const after = view.getComputedStyle(page.body).backgroundColor;
  const rows = () => [...page.querySelectorAll(".matrix tbody tr")].filter((row) => !row.hidden).length;
  const all = rows(), name = page.getElementById("name");
  if (name) { name.value = "needle"; name.dispatchEvent(new view.Event("input")); }
  const found = rows();
  const small = [...page.querySelectorAll("body *")].filter((each) =>
    each.childNodes.length && [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) &&
    !each.closest("svg, script, style, .hidden") && parseFloat(view.getComputedStyle(each).fontSize) < 11);
  const lines = (each) => {
    const range = page.createRange();
    range.selectNodeContents(each);
    return range.getClientRects().length;
  };
  const split = [...page.querySelectorAll(".gates th")].filter((each) => lines(each) > 1).length;
  const told = {
    split, width: root.clientWidth, folded, unfolded, before, after, all, found,
    controls: [...page.querySelectorAll(".controls")].every((part) => !part.hidden),
    ran: view.ran ?? null, images: page.images.length, scripts: page.scripts.length,
    links: [...page.links].map((link) => link.getAttribute("href")).filter((link) => !link.startsWith("#")),
    loaded: view.performance.getEntriesByType("resource").length, small: small.length,
  };
  document.body.setAttribute("data-told", JSON.stringify(told));
});
"""


def look(report: Report, tmp_path: Path, width: int) -> dict:
    """What the probe finds in the page at this width."""
    page = html.escape(document(report))
    # The handler has to be there before the frame is.
    outer = tmp_path / "outer.html"
    outer.write_text(
        f'<!doctype html><meta charset="utf-8"><body>'
        f'<iframe style="width:{width}px;height:800px;border:0"></iframe><script>{PROBE}</script>'
        f"<template>{page}</template>"
        f'<script>frame.srcdoc = document.querySelector("template").content.textContent;</script>'
    )
    done = subprocess.run(
        [
            str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=8000", "--dump-dom",
            outer.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    found = re.search(r'data-told="([^"]*)"', done.stdout)
    assert found is not None, done.stdout[:2000]
    return json.loads(html.unescape(found[1]))


def many(number: int) -> Report:
    """So many candidates with long names, in one tangle of conflicts."""
    gates = tuple(make_gate(name) for name in ("apply", "scope", "compile", "lint", "security", "tests"))
    shown = tuple(
        replace(candidate(f"needle-{'x' * 90}" if n == 7 else f"attempt_{n}_{'y' * (n % 60)}", gates=gates),
                id=f"c{n}")
        for n in range(number)
    )  # fmt: skip
    conflicts = tuple(
        Conflict(
            a=f"c{n}", b=f"c{(n * 7 + 1) % number}", kind=ConflictKind.TEXTUAL, where="a" * 120, why="both"
        )
        for n in range(number)
    )
    chosen = PatchSet(members=("c1",), left_out=(), conflicts=conflicts, tree=None, verdict=None)
    return report(*shown, patch_set=chosen)


def hostile(rich: Report) -> Report:
    """Whatever a candidate may choose tries to run."""
    told = replace(
        candidate(ATTACK, reason=ATTACK, risk=full_risk(ATTACK)), id=rich.candidates[0].id, source=ATTACK
    )
    return replace(
        rich, candidates=(told,), notes=(ATTACK,), excerpts=(excerpt(told.id, ATTACK, path=ATTACK),)
    )


@pytest.mark.parametrize(
    ("which", "width"), [("rich", 360), ("rich", 1280), ("hostile", 360), ("hostile", 1280), ("many", 360)]
)
def test_the_page_fits_runs_its_own_script_and_nothing_else(which, width, rich_report, tmp_path):
    shown = {"rich": rich_report, "hostile": hostile(rich_report), "many": many(100)}[which]
    told = look(shown, tmp_path, width)
    assert told["folded"] <= told["width"], "scrolls sideways"
    assert told["unfolded"] <= told["width"], "scrolls sideways once unfolded"
    assert told["controls"], "the page's own script does not run"
    assert told["before"] != told["after"], "the switch between light and dark does nothing"
    assert (told["ran"], told["images"], told["scripts"], told["loaded"]) == (None, 0, 1, 0)
    assert told["links"] == []
    assert told["small"] == 0
    assert told["all"] == len(shown.candidates)
    if which == "many":
        assert told["found"] == 1


def test_long_reasons_leave_the_names_of_gates_whole(tmp_path):
    reason = "tests/test_a.py::TestSomething::test_" + "a_long_story_" * 20 + " fails: " + "because " * 40
    gates = (make_gate("compile"), make_gate("security"), make_gate("tests", "failed", reason=reason))
    told = look(report(candidate("a.patch", Decision.REJECTED, gates=gates)), tmp_path, 1200)
    assert told["split"] == 0


def test_markup_that_slipped_through_could_not_run(rich_report, tmp_path, monkeypatch):
    hole = '<main><script>window.ran=1</script><img src=x onerror="window.ran=1">'
    whole = document(rich_report).replace("<main>", hole)
    monkeypatch.setitem(look.__globals__, "document", lambda _shown: whole)
    told = look(rich_report, tmp_path, 360)
    assert (told["scripts"], told["images"]) == (2, 1)
    assert told["ran"] is None
