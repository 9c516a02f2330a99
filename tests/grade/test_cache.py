"""Gate results kept from one run to the next."""

from functools import partial

import anyio

from assay.grade import cache
from assay.model.outcome import Finding, Severity, failed


def test_a_finding_in_a_file_whose_name_is_no_text_is_kept_and_found_again(bench):
    finding = Finding(
        rule="F401", path="odd\udcff.py", line=1, message="unused", severity=Severity.ERROR, fingerprint="f"
    )
    result = failed("lint", "odd\udcff.py:1: unused", findings=(finding,))
    anyio.run(partial(cache.keep, bench, "key", result))
    found = anyio.run(partial(cache.recall, bench, "key"))
    assert found.findings == (finding,)
    assert found.cached


def test_a_damaged_entry_is_a_miss(bench):
    for damaged in (b"", b"{", b"\xff", b"[]", b'{"gate": 1}'):
        bench.memory["key"] = damaged
        assert anyio.run(partial(cache.recall, bench, "key")) is None
