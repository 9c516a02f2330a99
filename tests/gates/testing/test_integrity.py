"""What speaks against a run, and that nothing does which the base shows as well."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from assay.gates.testing.compare import Touched
from assay.gates.testing.integrity import again, deviations
from assay.gates.testing.suite import Body, Canaries, Case, Result, Suite

TRUSTED = Touched(trusted=True)
GOOD = Case(id="t.py::t", result=Result.PASSED, file="t.py", origin="t.py::t", plain=True, body=Body.LEFT)
BAD = structs.replace(GOOD, result=Result.FAILED, body=Body.ENTERED, raised=True)
OTHER = structs.replace(GOOD, id="t.py::other", origin="t.py::other")


def against(base, found, touched=TRUSTED, *, others=(), **suite):
    """Messages against a suite of the case `found`, where the base has `base` (None: no such test)."""
    old = Suite(cases=tuple(case for case in (base, OTHER, *others) if case), exit_status=0)
    new = structs.replace(Suite(cases=(found, OTHER), exit_status=0), **suite)
    return [deviation.message for deviation in deviations(old, new, touched)]


@pytest.mark.parametrize("base", [GOOD, BAD, None], ids=["passes", "fails", "absent"])
@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ({"body": Body.NONE}, "not executed"),
        ({"body": Body.ENTERED}, "not come to an end"),
        ({"raised": True}, "raised an exception"),
    ],
)
def test_a_pass_that_its_body_contradicts(base, seen, words):
    assert any(words in message for message in against(base, structs.replace(GOOD, **seen)))


def test_a_swallowed_exception_is_held_against_who_brings_it():
    cut = structs.replace(GOOD, body=Body.CUT)
    assert any("swallowed" in message for message in against(GOOD, cut))
    assert against(cut, cut) == against(None, cut) == against(cut, GOOD) == []
    assert any("come to an end" in text for text in against(cut, structs.replace(GOOD, body=Body.ENTERED)))


@pytest.mark.parametrize("result", [Result.FAILED, Result.SKIPPED, Result.XFAILED, Result.ERROR])
def test_only_a_pass_is_doubted(result):
    assert against(GOOD, structs.replace(BAD, result=result, body=Body.NONE)) == []


@pytest.mark.parametrize("body", [Body.NONE, Body.ENTERED, Body.UNKNOWN])
def test_a_base_that_passes_like_that_excuses_it(body):
    odd = structs.replace(GOOD, body=body, raised=True)
    assert against(odd, odd) == []


def test_a_decorator_that_swallows_is_no_news_when_a_failing_test_passes():
    decorated = structs.replace(GOOD, plain=False, body=Body.ENTERED)
    assert against(structs.replace(BAD, plain=False), decorated) == []
    assert against(None, decorated) == []


def test_where_exceptions_do_not_fail_tests_they_say_nothing_of_a_fixed_one():
    swallowed = structs.replace(OTHER, id="t.py::quiet", raised=True, body=Body.ENTERED)
    assert against(BAD, structs.replace(GOOD, body=Body.ENTERED, raised=True), others=[swallowed]) == []


def test_another_function_under_a_test_s_name():
    assert against(GOOD, structs.replace(GOOD, origin="", body=Body.UNKNOWN, plain=False))
    assert against(GOOD, structs.replace(GOOD, origin="t.py::easy"))


def test_an_edited_test_may_be_another_function():
    moved = structs.replace(GOOD, origin="base.py::t")
    assert against(GOOD, moved, Touched(paths=frozenset({"t.py"}))) == []


def test_a_test_that_lost_its_function_behind_a_decorator_may_have_a_new_decorator():
    decorated = structs.replace(GOOD, plain=False)
    assert against(decorated, structs.replace(decorated, origin="", body=Body.UNKNOWN)) == []


def test_altered_machinery_that_the_base_does_not_alter():
    altered = {"time.time": "lib.py"}
    assert "by lib.py" in against(GOOD, GOOD, altered=altered)[0]
    base = Suite(cases=(GOOD,), altered=altered)
    assert deviations(base, base, TRUSTED) == ()


def test_a_person_s_new_plugin_is_no_tampering():
    hook = {"the hook pytest_runtest_call in lib.py": "lib.py"}
    assert against(GOOD, GOOD, altered=hook)
    assert against(GOOD, GOOD, Touched(configured=True), altered=hook) == []


def test_a_conftest_that_a_person_changed_may_load_another_plugin():
    hook = {"the hook pytest_runtest_call in plug.py": "plug.py"}
    assert against(GOOD, GOOD, Touched(paths=frozenset({"plug.py"})), altered=hook)
    assert against(GOOD, GOOD, Touched(paths=frozenset({"a/conftest.py"})), altered=hook) == []
    assert against(GOOD, GOOD, Touched(paths=frozenset({"a/conftest.py"}), trusted=True), altered=hook)


@pytest.mark.parametrize("name", ["plug/", "plug/hooks.py"])
def test_a_project_that_is_a_plugin_may_get_one_more_hook(name):
    plugin = {f"the plugin {name}": name}
    base = Suite(cases=(GOOD,), altered=plugin)
    hooked = {**plugin, "the hook pytest_runtest_call in plug/hooks.py": "plug/hooks.py"}
    elsewhere = {**plugin, "the hook pytest_runtest_call in other.py": "other.py"}
    assert (
        deviations(base, structs.replace(base, altered=hooked), Touched(paths=frozenset({"plug/hooks.py"})))
        == ()
    )
    assert deviations(base, structs.replace(base, altered=hooked), TRUSTED)
    assert deviations(base, structs.replace(base, altered=elsewhere), Touched(paths=frozenset({"other.py"})))


def test_what_code_does_that_a_person_left_alone_is_no_tampering():
    clock = {"time.time": "tool.py"}
    assert against(GOOD, GOOD, Touched(paths=frozenset({"lib.py"})), altered=clock) == []
    assert against(GOOD, GOOD, Touched(paths=frozenset({"tool.py"})), altered=clock)
    assert against(GOOD, GOOD, altered=clock)


def test_a_person_may_write_a_tool_that_looks_at_the_heap_and_a_model_that_is_judged_may_not():
    walks = {"gc.get_objects in tool.py": "tool.py"}
    assert against(GOOD, GOOD, Touched(paths=frozenset({"tool.py"})), altered=walks) == []
    assert against(GOOD, GOOD, TRUSTED, altered=walks)


def test_a_changed_conftest_may_let_new_tests_raise():
    raising = structs.replace(GOOD, raised=True, body=Body.ENTERED)
    assert against(None, raising, Touched(paths=frozenset({"conftest.py", "t.py"}))) == []
    assert against(None, raising, Touched(paths=frozenset({"t.py"})))


def test_a_plugin_that_is_loaded_is_no_harm_by_itself():
    assert against(GOOD, GOOD, altered={"the plugin plug.py": "plug.py"}) == []


@pytest.mark.parametrize("body", [Body.NONE, Body.ENTERED])
def test_an_edited_test_may_have_got_a_decorator_that_keeps_its_body_from_its_end(body):
    decorated = structs.replace(GOOD, plain=False, body=body)
    assert against(GOOD, decorated, Touched(paths=frozenset({"t.py"}))) == []
    assert against(GOOD, decorated, Touched(paths=frozenset({"lib.py"})))
    assert against(GOOD, structs.replace(decorated, plain=True), Touched(paths=frozenset({"t.py"})))


def test_files_that_are_not_what_they_should_be():
    assert "when the tests began" in against(GOOD, GOOD, files={"t.py": "rewritten"})[0]
    assert "were over" in against(GOOD, GOOD, files={"data.json": "later"})[0]


def test_a_test_that_gets_further_than_on_the_base_may_write_files():
    assert against(BAD, GOOD, files={"data.json": "later"}) == []
    assert against(BAD, GOOD, files={"t.py": "rewritten"})


def test_what_equals_everything_where_the_base_has_the_test():
    wild = structs.replace(GOOD, equal=("Any (lib.py)",))
    assert "Any (lib.py) equals everything" in against(GOOD, wild)[0]
    assert against(BAD, wild)
    assert against(None, wild) == []
    assert against(wild, wild) == []


@pytest.mark.parametrize(
    ("base", "found", "spoken"),
    [
        (Canaries(planned=4, ran=4), Canaries(planned=4, ran=4), 0),
        (Canaries(planned=4, ran=4), Canaries(planned=4, ran=4, wrong=("passed instead of failed",)), 1),
        (Canaries(planned=4, ran=4), Canaries(planned=4, ran=2), 1),
        (Canaries(planned=4, ran=4, wrong=("error",)), Canaries(planned=4, ran=4, wrong=("passed",)), 0),
        (Canaries(planned=4, ran=3), Canaries(planned=4, ran=2), 0),
        (Canaries(), Canaries(planned=4, ran=4, wrong=("passed",)), 0),
    ],
)
def test_canaries(base, found, spoken):
    old = Suite(cases=(GOOD,), canaries=base)
    assert len(deviations(old, structs.replace(old, canaries=found), TRUSTED)) == spoken


def test_leaving_before_pytest_returned():
    assert "left before" in against(GOOD, GOOD, exit_status=None)[0]
    base = Suite(cases=(GOOD,), exit_status=None)
    assert deviations(base, base, TRUSTED) == ()


def test_seen_again_means_the_same_kind():
    first = deviations(Suite(cases=(GOOD,)), Suite(cases=(structs.replace(GOOD, raised=True),)), TRUSTED)
    assert again(first, ()) == ()
    assert again(first, first) == first


CASES = st.builds(
    Case,
    id=st.sampled_from(["a", "b", "c"]),
    result=st.sampled_from(Result),
    origin=st.sampled_from(["", "x", "y"]),
    plain=st.booleans(),
    raised=st.booleans(),
    body=st.sampled_from(Body),
    equal=st.lists(st.sampled_from(["K", "L"]), max_size=2).map(tuple),
)
SUITES = st.builds(
    Suite,
    cases=st.lists(CASES, max_size=3, unique_by=lambda case: case.id).map(tuple),
    altered=st.dictionaries(st.sampled_from(["m", "n"]), st.just("p")),
    files=st.dictionaries(st.sampled_from(["f", "g"]), st.sampled_from(["rewritten", "later", "unseen"])),
    canaries=st.builds(Canaries, planned=st.integers(0, 2), ran=st.integers(0, 2)),
    exit_status=st.sampled_from([None, 0]),
)


@given(SUITES, st.booleans())
def test_invariant_6_what_the_base_shows_itself_speaks_against_nobody(suite, trusted):
    assert deviations(suite, suite, Touched(trusted=trusted)) == ()


def test_workers_that_the_base_does_not_have_are_no_way_out():
    seen = structs.replace(GOOD, body=Body.NONE)
    assert against(GOOD, seen, parallel=True) == [
        "workers are said to run the tests, which they do not on the base"
    ]
    assert against(GOOD, seen, Touched(trusted=False, configured=True), parallel=True) == []


def test_a_helper_that_the_same_tests_do_not_load_was_stood_in_for():
    def missing(base, found, touched=TRUSTED, others=()):
        old = Suite(cases=(GOOD, *others), exit_status=0, loaded=base)
        new = Suite(cases=(GOOD,), exit_status=0, loaded=found)
        return [deviation.path for deviation in deviations(old, new, touched)]

    assert missing(("h.py", "t.py"), ("t.py",)) == ["h.py"]
    assert missing(("t.py",), ("h.py", "t.py")) == []
    assert missing(("h.py", "t.py"), ()) == []
    # A selection of tests need not load what the others do; a person may have changed what they load.
    assert missing(("h.py", "t.py"), ("t.py",), others=(OTHER,)) == []
    assert missing(("h.py", "t.py"), ("t.py",), Touched(trusted=False)) == []
