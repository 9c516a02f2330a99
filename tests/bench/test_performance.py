"""The page of figures: that it says what was measured, and that the committed one has today's structure."""

import re

import pytest
from bench.budgets import BUDGETS, RATE, WORK, Budget, of_grading
from bench.grading import Compared, Run, body_cpu, irreducible
from bench.performance import PAGE, page, spec


def gate(cost=None, **given):
    detail = {} if cost is None else {"run_cost": cost, "quick": True}
    return {"gate": "tests", "cached": False, "equivalent_to": None, "detail": detail, **given}


def entry(*gates, equal_up_to=None):
    return {"gates": list(gates), "equal_up_to": equal_up_to}


COST = {"seconds": 1.0, "cpu_seconds": 0.6, "bodies": 0.5}
DOCUMENT = {
    "candidates": [
        entry(gate(COST)),
        entry(gate(COST), equal_up_to="tree"),
        entry(gate(COST, equivalent_to="a"), equal_up_to="formatting"),
        entry(gate(COST, cached=True)),
        entry(gate()),
    ]
}


def run(seconds, accepted=(True, False), cpu=10.0):
    names = [f"{number}.patch" for number in range(len(accepted))]
    return Run(dict(zip(names, accepted, strict=True)), seconds, cpu, DOCUMENT)


def compared(cold=(True, False), full=None):
    return Compared("click", run(60.0), run(5.0, cold, 2.0), run(0.5), full, 1.0)


def test_what_cannot_be_done_without_is_counted_once_for_each_run():
    assert irreducible(DOCUMENT, 0.25) == pytest.approx(0.55)


def test_bodies_that_waited_for_a_processor_cost_what_the_run_cost():
    assert body_cpu({"seconds": 10.0, "cpu_seconds": 1.0, "bodies": 8.0}) == pytest.approx(0.8)
    assert body_cpu({"seconds": 1.0, "cpu_seconds": 2.0, "bodies": 1.9}) == pytest.approx(2.0)
    assert body_cpu({"seconds": 0.0, "cpu_seconds": 0.0, "bodies": 0.0}) == 0.0


def test_budgets_of_a_comparison():
    found = of_grading([compared()])
    assert found[RATE] == pytest.approx(12)
    assert found[WORK] == 2.0


@pytest.mark.parametrize(("least", "value", "met"), [(False, 9, True), (False, 11, False), (True, 9, False)])
def test_a_budget_is_a_ceiling_or_a_floor(least, value, met):
    assert Budget("what", 10, "x", least).met(value) is met


def test_what_is_not_met_or_not_measured_is_said():
    lines = spec({WORK: 7.0, RATE: 12.0}).splitlines()
    assert any(line.endswith("| ≤ 1.2 x | 7 x | not met |") for line in lines)
    assert any(line.endswith("| ≥ 10 x | 12 x | met |") for line in lines)
    assert sum("not measured | not met" in line for line in lines) == len(BUDGETS) - 2


def test_a_verdict_that_differs_is_on_the_page():
    text = page([compared(cold=(False, False))], {}, 2, {"startup": "quick\n"})
    assert "- click: 0.patch: the script says accepted; cold rejected, again accepted" in text
    assert "| 1 of 2 agree |" in text
    assert "```text\nquick\n```" in text


def test_ways_that_agree_are_silent():
    assert list(compared(full=run(80.0)).differing()) == []


def test_the_committed_page_has_todays_structure():
    """Figures are of the machine that made them; what is promised, and whether it was kept, is not."""
    text = PAGE.read_text()
    rows = re.findall(r"^\| (.+?) \| ([≤≥] .+?) \| (.+?) \| (met|not met) \|$", text, re.MULTILINE)
    assert [(what, limit) for what, limit, _, _ in rows] == [(each.what, each.words) for each in BUDGETS]
    for budget, (_, _, told, verdict) in zip(BUDGETS, rows, strict=True):
        if told == "not measured":
            assert verdict == "not met"
        else:
            value, unit = told.split(" ")
            assert unit == budget.unit
            # What is rounded to the limit may have been on either side of it.
            assert float(value) == budget.limit or budget.met(float(value)) == (verdict == "met")
    assert "## Candidates a minute" in text
