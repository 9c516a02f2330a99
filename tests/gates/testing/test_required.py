"""Lists of required tests: reading them, and what two runs say of each."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.gates.testing.required import Kind, Required, Standing, observe, read_lines, read_lists, weigh
from assay.gates.testing.suite import COLLECTION, Case, Result, Suite
from assay.model.errors import BadInput

P, F, E, S, X = Result.PASSED, Result.FAILED, Result.ERROR, Result.SKIPPED, Result.XFAILED
T = "tests/test_a.py"


def suite(**results):
    """Cases of one file by the names of their tests."""
    return suite_of({f"{T}::{name}": result for name, result in results.items()})


def suite_of(results):
    return Suite(cases=tuple(Case(id=i, result=r, file=i.split("::")[0]) for i, r in results.items()))


def standing(required, base, found, complete=True):
    return {d.id: d.standing for d in weigh(required, base, found, base_complete=complete)}


def one(required, base, found, complete=True):
    (demand,) = weigh(required, base, found, base_complete=complete)
    return demand


def mended(name):
    return Required(fail_to_pass=(f"{T}::{name}",))


def kept(name):
    return Required(pass_to_pass=(f"{T}::{name}",))


def listed(name):
    return Required(must_pass=(f"{T}::{name}",))


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (F, P, Standing.PASSED),
        (F, F, Standing.SUSPECT),
        (F, S, Standing.SUSPECT),
        (F, X, Standing.SUSPECT),
        (P, P, Standing.PASSED),
        (P, F, Standing.SUSPECT),
        (S, S, Standing.UNDECIDED),
        (S, P, Standing.PASSED),
        (X, X, Standing.UNDECIDED),
    ],
)
def test_what_has_to_be_mended_must_pass_whatever_the_base_does(before, after, wanted):
    for required in (mended("t"), listed("t")):
        assert one(required, suite(t=before), suite(t=after)).standing is wanted


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (P, P, Standing.PASSED),
        (P, F, Standing.SUSPECT),
        (P, S, Standing.SUSPECT),
        (F, F, Standing.EXCLUDED),
        (F, P, Standing.EXCLUDED),
        (E, E, Standing.EXCLUDED),
        (S, S, Standing.EXCLUDED),
    ],
)
def test_invariant_6_what_the_base_fails_too_speaks_against_the_list(before, after, wanted):
    assert one(kept("t"), suite(t=before), suite(t=after)).standing is wanted


def test_what_is_not_there_did_not_pass():
    demand = one(mended("t"), suite(t=F), suite(other=P))
    assert (demand.standing, demand.suspects) == (Standing.SUSPECT, (f"{T}::t",))
    # The file cannot be collected on the base, as is usual for tests of something new.
    collection = suite_of({T + COLLECTION: E})
    assert one(mended("t"), collection, suite(other=P)).standing is Standing.SUSPECT
    assert one(mended("t"), collection, collection).standing is Standing.SUSPECT


def test_what_no_side_has_though_its_file_is_collected_is_for_the_user_to_correct():
    demand = one(mended("typo"), suite(t=P), suite(t=P))
    assert demand.standing is Standing.UNDECIDED
    assert "check the list" in demand.why
    # Other parameters of the same function may come with another change.
    assert one(mended("t[new]"), suite(**{"t[old]": P}), suite(**{"t[old]": P})).standing is Standing.SUSPECT


def test_a_base_that_came_to_no_end_is_asked_again_before_blame():
    demand = one(kept("t"), Suite(), suite(t=F), complete=False)
    assert (demand.standing, demand.ask_base) == (Standing.SUSPECT, True)
    assert not one(mended("t"), suite(t=F), suite(t=F)).ask_base


def test_a_test_that_passes_on_the_base_already_is_noted():
    assert "already" in one(mended("t"), suite(t=P), suite(t=P)).why


@pytest.mark.parametrize(
    "name",
    ["t[a b]", "t[a", "t", "C::t"],
    ids=["exact", "cut at a space", "every case of a function", "in a class"],
)
def test_ids_are_found_with_the_usual_differences(name):
    found = suite(**{"t[a b]": P, "C::t[1]": P})
    assert one(mended(name), Suite(), found).standing is Standing.PASSED


def test_parameters_that_are_paths_differ_from_machine_to_machine():
    required = mended("t[/home/them/lib/data.csv]")
    assert one(required, Suite(), suite(**{"t[/home/us/data.csv]": P})).standing is Standing.PASSED


def test_an_exact_id_is_preferred_to_a_similar_one():
    found = suite(**{"t[a": P, "t[a b]": F})
    assert one(mended("t[a"), Suite(), found).standing is Standing.PASSED


def test_ids_are_known_by_the_path_from_the_root_as_well():
    case = Case(id="test_a.py::t", result=P, file=T)
    assert one(mended("t"), Suite(), Suite(cases=(case,))).standing is Standing.PASSED


def test_of_a_whole_function_every_case_has_to_pass_and_none_may_vanish():
    base = suite(**{"t[1]": P, "t[2]": P})
    demand = one(kept("t"), base, suite(**{"t[1]": F, "t[2]": P}))
    assert demand.suspects == (f"{T}::t[1]",)
    demand = one(kept("t"), base, suite(**{"t[1]": P}))
    assert demand.suspects == (f"{T}::t[2]",)
    # A case that is skipped on the base as well is no obstacle to the others.
    base, found = suite(**{"t[1]": F, "t[2]": S}), suite(**{"t[1]": P, "t[2]": S})
    assert one(mended("t"), base, found).standing is Standing.PASSED


def observed(base, found, complete=True):
    demands = observe([T], base, found, base_complete=complete)
    return {demand.id.removeprefix(f"{T}::"): (demand.standing, demand.kind) for demand in demands}


def test_without_lists_every_test_of_the_files_counts_and_the_base_says_as_what():
    found = observed(suite(old=P, new=F, skipped=S), suite(old=P, new=P, skipped=S))
    assert found == {
        "old": (Standing.PASSED, Kind.KEPT),
        "new": (Standing.PASSED, Kind.MENDED),
        "skipped": (Standing.EXCLUDED, Kind.KEPT),
    }
    other = suite_of({"tests/test_b.py::t": F})
    assert observed(other, other) == {}


@pytest.mark.parametrize(("before", "after"), [(P, S), (F, S), (F, X), (P, F), (S, F), (F, F)])
def test_without_lists_no_test_may_get_out_of_it(before, after):
    assert observed(suite(t=before), suite(t=after))["t"][0] is Standing.SUSPECT


def test_without_lists_a_test_may_not_vanish():
    assert observed(suite(t=P), Suite())["t"][0] is Standing.SUSPECT


def test_without_lists_a_skip_that_nothing_compares_with_decides_nothing():
    found = observed(suite_of({T + COLLECTION: E}), suite(t=S, u=P))
    assert found["t"][0] is Standing.UNDECIDED
    assert found["u"] == (Standing.PASSED, Kind.MENDED)


def test_a_file_that_cannot_be_collected_or_is_skipped_as_a_whole_fails():
    broken, skipped = suite_of({T + COLLECTION: E}), suite_of({T + COLLECTION: S})
    for base in (broken, Suite(), suite(t=F)):
        assert Standing.SUSPECT in {standing for standing, _ in observed(base, broken).values()}
        assert Standing.SUSPECT in {standing for standing, _ in observed(base, skipped).values()}
    assert observed(skipped, skipped) == {}
    assert observed(broken, suite(t=P)) == {"t": (Standing.PASSED, Kind.MENDED)}


names = st.sampled_from(["a", "b", "c[1]", "c[2]", "D::d"])
runs = st.dictionaries(names, st.sampled_from(list(Result)), max_size=5).map(lambda found: suite(**found))


@given(names, runs, runs, st.booleans())
def test_nothing_is_met_that_did_not_pass_and_nothing_is_blamed_that_did(name, base, found, complete):
    cases = {case.id.removeprefix(f"{T}::"): case.result for case in found.cases}
    for required in (mended(name), kept(name), listed(name)):
        demand = one(required, base, found, complete)
        if demand.standing is Standing.PASSED:
            assert cases[name].good
        if demand.standing is Standing.SUSPECT:
            assert name not in cases or not cases[name].good


@given(runs, runs)
def test_invariant_6_equal_runs_never_speak_against_a_candidate_by_what_it_should_keep(base, found):
    required = Required(pass_to_pass=tuple(f"{T}::{name}" for name in ("a", "b", "c[1]")))
    assert Standing.SUSPECT not in standing(required, found, found).values()


def test_lists_may_be_json_in_json():
    lists = {"FAIL_TO_PASS": [f"{T}::a", f"./{T}::a"], "PASS_TO_PASS": json.dumps([f"{T}::b[x y]"])}
    required = read_lists(lists, "here")
    assert required == Required(fail_to_pass=(f"{T}::a",), pass_to_pass=(f"{T}::b[x y]",))
    assert required.files == (T,)
    assert read_lists({}, "here").ids == ()


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        ({"FAIL_TO_PASS": 3}, "must be a list"),
        ({"FAIL_TO_PASS": "tests/test_a.py::t"}, "no JSON list"),
        ({"PASS_TO_PASS": [3]}, "no test id"),
        ({"PASS_TO_PASS": ["test_x (app.tests.Case)"]}, "no pytest node id"),
        ({"PASS_TO_PASS": ["/tests/a.py::t"]}, "not relative"),
        ({"PASS_TO_PASS": ["../a.py::t"]}, "not relative"),
        ({"PASS_TO_PASS": ["a.py::t\n"]}, None),
        ({"PASS_TO_PASS": ["a.py::t\x1b[0m"]}, "no pytest node id"),
        ({"FAIL_TO_PASS": ["a.py::t"], "PASS_TO_PASS": ["a.py::t"]}, "both lists"),
    ],
)
def test_lists_that_mean_nothing_are_bad_input(lists, words):
    if words is None:
        assert read_lists(lists, "here").ids
        return
    with pytest.raises(BadInput, match=words):
        read_lists(lists, "here")


def test_a_text_lists_what_must_pass():
    required = read_lines(f"# comment\n\n{T}::a\r\n  {T}::b[1 2]\n{T}\n", "list.txt")
    assert required.must_pass == (f"{T}::a", f"{T}::b[1 2]", T)
    with pytest.raises(BadInput, match=r"list\.txt:2"):
        read_lines(f"{T}::a\nnot an id\n", "list.txt")
