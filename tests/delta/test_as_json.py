from __future__ import annotations

import json

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from assay.delta.as_json import as_json, report_schema
from assay.model.report import Report

CONTRACT = {
    "": {"schema_version", "transaction", "command", "base", "policy", "isolation", "candidates", "patch_set"}
    | {"delta", "landed"},
    "candidate": {
        "id",
        "name",
        "source",
        "tree",
        "verdict",
        "reason",
        "rejected_by",
        "equivalent_to",
        "cached",
    }
    | {"seconds", "cpu_seconds", "gates", "risk"},
    "gate": {"gate", "outcome", "reason", "seconds", "cached", "findings", "detail"},
    "finding": {"rule", "path", "line", "message", "severity", "fingerprint"},
    "patch_set": {"members", "left_out", "conflicts", "tree", "verdict"},
    "risk": {"probability", "band", "contributions", "calibrated"},
}


def test_the_document_has_every_field_of_the_contract(full_report):
    document = json.loads(as_json(full_report))
    rejected = document["candidates"][4]
    gate = rejected["gates"][0]
    for name, part in {
        "": document,
        "candidate": rejected,
        "gate": gate,
        "finding": gate["findings"][0],
        "patch_set": document["patch_set"],
        "risk": document["candidates"][0]["risk"],
    }.items():
        assert CONTRACT[name] <= part.keys(), name
    assert document["schema_version"] == 1
    assert rejected["verdict"] == "rejected"
    assert document["candidates"][0]["risk"]["probability"] is None


def test_absent_parts_are_null_and_not_left_out(full_report):
    document = json.loads(as_json(replace(full_report, delta=None, patch_set=None)))
    assert document["delta"] is None
    assert document["patch_set"] is None
    assert document["landed"] is None


@pytest.mark.parametrize("which", ["full_report", "hostile_report"])
def test_a_rendered_document_validates_against_the_schema(which, request):
    schema = report_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(as_json(request.getfixturevalue(which))), schema)


@pytest.mark.parametrize("field", ["delta", "candidates", "schema_version"])
def test_the_schema_refuses_a_document_without_a_field(field, full_report):
    document = json.loads(as_json(full_report))
    del document[field]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, report_schema())


def test_the_schema_allows_fields_of_later_versions(full_report):
    jsonschema.validate({**json.loads(as_json(full_report)), "later": 1}, report_schema())


def test_a_document_reads_back_as_the_report(full_report):
    assert msgspec.json.decode(as_json(full_report), type=Report) == full_report


def test_bytes_that_are_no_utf8_are_percent_escaped(hostile_report):
    as_json(hostile_report).encode()
    odd = replace(hostile_report, landing="caf\udce9 100%", transaction="100%", notes=("\ud800",))
    document = json.loads(as_json(odd))
    assert document["landing"] == "caf%E9 100%25"
    assert document["transaction"] == "100%"
    assert document["notes"] == ["%ED%A0%80"]


def test_equal_reports_are_equal_bytes(full_report):
    first = full_report.candidates[0]
    one, other = ({"b": 1, "a": {"y": 1, "x": 2}}, {"a": {"x": 2, "y": 1}, "b": 1})
    documents = {
        as_json(
            replace(full_report, candidates=(replace(first, gates=(replace(first.gates[0], detail=d),)),))
        )
        for d in (one, other)
    }
    assert len(documents) == 1


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_makes_a_valid_document(text):
    from assay.delta.as_json import _escaped

    escaped = _escaped({"k": [text]})["k"][0]
    escaped.encode()
    if not any("\ud800" <= char <= "\udfff" for char in text):
        assert escaped == text
