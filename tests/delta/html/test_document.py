from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.delta.conftest import ANYTHING, candidate, delta, excerpt, finding, full_risk, report
from tests.delta.conftest import gate as make_gate

from assay.delta.html.document import document
from assay.model.excerpt import FileExcerpt, Hunk
from assay.model.report import Clearance, Cleared
from assay.model.verdict import Decision

VOID = {"meta", "input", "br"}


class Reader(HTMLParser):
    """What a document is made of; fails where an element is closed that was not opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def all(self, name: str) -> list[str]:
        return [value or "" for _, given, value in self.attributes if given == name]


@pytest.mark.parametrize("which", ["full_report", "rich_report", "hostile_report", "hostile_rich_report"])
def test_the_document_is_well_formed_and_needs_nothing_from_outside(which, request):
    read = Reader(document(request.getfixturevalue(which)))
    assert read.tags["script"] == read.tags["style"] == read.tags["h1"] == read.tags["main"] == 1
    assert not {"img", "link", "iframe", "object", "embed", "form", "base"} & set(read.tags)
    assert all(link.startswith("#") for link in read.all("href"))
    assert not read.all("src") and not read.all("style")
    assert not [name for _, name, _ in read.attributes if name.startswith("on")]
    assert len(read.all("id")) == len(set(read.all("id")))
    assert {link[1:] for link in read.all("href")} <= set(read.all("id"))


def test_the_policy_of_the_head_allows_this_style_and_this_script_alone(rich_report):
    (policy,) = [value for value in Reader(document(rich_report)).all("content") if "default-src" in value]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    for rule, name in (("style-src", "page.css"), ("script-src", "page.js")):
        digest = hashlib.sha256(files("assay.delta.html").joinpath(name).read_bytes()).digest()
        assert rules[rule] == f"'sha256-{base64.b64encode(digest).decode()}'"
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"


def test_a_hostile_candidate_adds_no_element(full_report, hostile_rich_report):
    text = document(hostile_rich_report)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e\ud800-\udfff]", text)
    assert "<img" not in text
    drawn = {"pre", "figure", "figcaption", "ol", "svg", "circle", "g", "line", "text", "title", "rect"}
    assert set(Reader(text).tags) <= set(Reader(document(full_report)).tags) | drawn


@settings(max_examples=30, deadline=None)
@given(said=ANYTHING | st.sampled_from(["</script><script>", "<!--", "]]>", "--><x y='", '" onload="x']))
def test_whatever_a_candidate_chooses_is_text(said):
    shown = report(
        candidate(
            said,
            reason=said,
            risk=full_risk(said),
            gates=(make_gate("scope", reason=said, findings=(finding(message=said, path=said, rule=said),)),),
        ),
        delta=delta(api_breaks=(said,), risk=full_risk(said)),
        notes=(said,),
    )
    read = Reader(document(replace(shown, excerpts=(excerpt(shown.candidates[0].id, said, path=said),))))
    assert read.tags["script"] == 1
    assert not [name for _, name, _ in read.attributes if name.startswith("on")]


def test_everything_of_a_risk_is_there(rich_report):
    text = Reader(document(rich_report)).text
    for fact in (
        "a later fix within 365 days touches lines of this change",
        "riskier by its diff than 97%",
        "no history of the touched files is known",
        "a defect here costs more than a look",
        "a test that runs line 12",
        "with tests of line 12 it would be 11%",
        "this change is reverted within 30 days",
        "2.1%",
        "diff-1",
        "revert-1",
        "+23.0",
        "-2.0",
        "900 lines added",
        "at most 45%",
        "5 further mutants",
        "the branches of one file were not recorded",
        "land 12.5",
    ):
        assert fact in text, fact


def test_evidence_stands_beside_the_lines(rich_report):
    text = document(rich_report)
    rows = dict(re.findall(r'<tr class="added ?(\w*)">.*?<td class="at">(\d+)</td><td class="sign">', text))
    assert rows == {"caught": "11", "missed": "12", "survived": "13"}
    said = re.findall(r'<tr class="said">.*?</tr>', text)
    assert ["the tax is never zero" in said[0], "a look is wanted" in said[1]] == [True, True]
    assert "no test notices if a &lt; b were a &lt;= b" in said[2]
    assert "7 more lines not shown" in text
    assert "2 more files not shown" in text


def test_a_change_of_one_character_looks_like_one():
    hunk = Hunk(old=1, new=1, lines=("-a", "+b"))
    file = FileExcerpt(path="x", old_path="x", kind="modified", binary=False, added_lines=1, deleted_lines=1,
                       hunks=(hunk,))  # fmt: skip
    one = candidate("tiny")
    shown = report(one, excerpts=(replace(excerpt(one.id), files=(file,), left_out=0),))
    text = document(shown)
    assert text.count('<tr class="added">') == text.count('<tr class="deleted">') == 1
    assert "not shown" not in text


def test_a_thousand_candidates_and_a_hundred_thousand_findings_are_bounded():
    found = tuple(finding(line=n, message=f"m{n}") for n in range(100))
    gates = (make_gate("lint", "failed", reason="no", findings=found),)
    many = report(
        *(
            replace(candidate(f"{n}", Decision.REJECTED, rejected_by="lint", gates=gates), id=f"i{n}")
            for n in range(1100)
        )
    )
    text = document(many)
    assert len(text) < 8_000_000
    assert "… and 100 more candidates" in text
    assert "900 more candidates have no part of their own here" in text


def test_a_set_shows_all_that_is_known_of_its_pairs_and_its_own_gates(full_report):
    good, tax, rename, *_ = full_report.candidates
    chosen = full_report.patch_set
    many = tuple(replace(chosen.conflicts[0], where=f"f{n}.py") for n in range(30))
    cleared = (Cleared(a=good.id, b=tax.id, kind=Clearance.NAMES, shared=("m:f",), why="both only call it"),)
    verified = replace(chosen, conflicts=many, cleared=cleared, gates=(make_gate("tests", seconds=1.5),))
    text = Reader(document(replace(full_report, patch_set=verified))).text
    assert all(f"{rename.name} × {tax.name}: textual at f{n}.py" in text for n in range(30))
    assert f"{good.name} × {tax.name}: both only call it" in text
    assert "The set's own gates" in text
    assert "1.5 s" in text


def channels(colour: str) -> list[float]:
    return [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(colour)]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def themes() -> list[dict[str, str]]:
    style = files("assay.delta.html").joinpath("page.css").read_text()
    blocks = re.findall(r"\{([^{}]*--page:[^{}]*)\}", style)
    return [dict(re.findall(r"--([\w-]+):\s*(#\w{6})", block)) for block in blocks]


def test_every_text_has_the_contrast_that_readers_need():
    light, by_system, by_choice = themes()
    assert by_system == by_choice != light
    for theme in (light, by_system):
        for ground in ("page", "panel", "added", "deleted", "said"):
            for ink in ("text", "dim", "good", "bad", "doubt"):
                assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)
        assert contrast(theme["link"], theme["page"]) >= 4.5
        for bar in ("bar-more", "bar-less", "bar-base"):
            assert contrast(theme[bar], theme["panel"]) >= 3, bar


def test_each_command_stands_on_a_line_of_its_own():
    rejected = [candidate(f"{n}", verdict=Decision.REJECTED, rejected_by="lint") for n in range(2)]
    shown = document(report(*rejected))
    commands = re.findall(r"<code>((?:assay|git) [^<]*)</code>", shown)
    assert len(commands) > 1
    assert "&lt;code&gt;" not in shown
