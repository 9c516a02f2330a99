"""Reading reports: strict, and safe against hostile documents."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.gates.command_reports import Unreadable, read_junit, read_sarif, relative


def nothing(_path: str, _line: int) -> str:
    return ""


def test_junit_counts_each_kind_of_case() -> None:
    report = b"""<?xml version="1.0" encoding="utf-8"?>
    <testsuites><testsuite>
      <testcase classname="a" name="ok"/>
      <testcase classname="a" name="bad"><failure>text</failure></testcase>
      <testcase classname="a" name="broken"><error message="boom"/></testcase>
      <testcase classname="a" name="not"><skipped/></testcase>
      <testcase classname="a" name="bad"/>
    </testsuite></testsuites>"""
    cases = read_junit(report)
    assert cases.failed == {"a::bad": "text", "a::broken": "boom"}
    assert cases.passed == {"a::ok"}
    assert cases.skipped == {"a::not"}


@pytest.mark.parametrize(
    "hostile",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]><testsuite><testcase name="&a;"/></testsuite>',
        b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>',
        "<!DOCTYPE x><testsuite/>".encode("utf-16"),
        b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE x>',
        b"<testsuite>" * 500 + b"</testsuite>" * 500,
        b"<testsuite><testcase name='a'/>",
        b"",
        b"\xff",
    ],
)
def test_hostile_and_broken_xml_is_unreadable(hostile: bytes) -> None:
    with pytest.raises(Unreadable):
        read_junit(hostile)


def test_sarif_defaults_suppressions_and_addresses() -> None:
    log = {
        "runs": [
            {
                "tool": {"driver": {"rules": [{"id": "R", "defaultConfiguration": {"level": "error"}}]}},
                "results": [
                    {
                        "ruleId": "R",
                        "message": {"text": "one"},
                        "locations": [place("file:///root/a%20b.ts", 3)],
                    },
                    {"ruleId": "S", "message": {"id": "two"}},
                    {"ruleId": "R", "message": {"text": "x"}, "suppressions": [{"kind": "inSource"}]},
                    {"ruleId": "R", "message": {"text": "x"}, "kind": "pass"},
                ],
            }
        ]
    }
    found = read_sarif(json.dumps(log).encode(), "/root", nothing)
    assert [(f.rule, f.path, f.line, f.level, f.message) for f in found] == [
        ("R", "a b.ts", 3, "error", "one"),
        ("S", "", 0, "warning", "two"),
    ]


def place(uri: str, line: int) -> dict[str, object]:
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["runs", "results", "message", "locations", "text"]), inner, max_size=4
        )
    ),
)


@given(json_values)
def test_any_json_is_read_or_unreadable(value: object) -> None:
    try:
        found = read_sarif(json.dumps(value).encode(), "/", nothing)
    except Unreadable:
        return
    assert isinstance(found, tuple)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read_junit(data)
    with pytest.raises(Unreadable):
        read_sarif(data, "/", nothing)


def test_paths_become_relative() -> None:
    assert relative("/root/a/b", "/root") == "a/b"
    assert relative("./a", "/root") == "a"
    assert relative("", "/root") == ""
