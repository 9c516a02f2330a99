"""Contributions in words that are true whenever they are read."""

from assay.risk.wording import say


def test_time_is_told_from_the_base_and_not_from_whoever_reads_it():
    features = {"year_changes": 2, "since_change": 0.4, "changes": 9}
    assert say("activity", features) == (
        2,
        "its busiest file changed 2 times in a year, last less than a day earlier",
    )


def test_repairs_that_would_show_as_none_are_not_given_as_a_number():
    said = {few: say("repairs", {"fixed_lately": few})[1] for few in (0.0, 0.012, 0.3)}
    assert said[0.0] == "no repair of its files is known"
    assert said[0.012] == "its files were hardly repaired of late"
    assert said[0.3].startswith("its files were repaired 0.3 times of late")
