"""The section that says where the time went."""

from msgspec.structs import replace

from assay.delta.compose_profile import section
from assay.delta.render import render
from assay.model.profile import BruteForce, ColdStarts, LeftOut, Profile, Share

PROFILE = Profile(
    seconds=10.0,
    cpu_seconds=6.0,
    candidates=64,
    per_minute=384.0,
    spent=(
        Share(what="lint", seconds=0.5, cpu_seconds=0.2, count=64),
        Share(what="tests", seconds=8.0, cpu_seconds=5.0, count=20),
        Share(what="apply", seconds=0.0001, cpu_seconds=0.0, count=64),
    ),
    saved=(Share(what="cache", seconds=0.0, cpu_seconds=3.0, count=1),),
    brute_force=BruteForce(seconds=200.0, cpu_seconds=150.0, how="64 candidates, one by one"),
)


def words(lines):
    return [" ".join("".join(span.text for span in line).split()) for line in lines]


def test_the_largest_comes_first_and_what_is_nothing_not_at_all():
    groups = {group.label: words(group.lines) for group in section(PROFILE).groups}
    assert groups["Spent"] == ["tests 8.0 s CPU 5.0 s 20 times", "lint 0.5 s CPU 0.2 s 64 times"]
    assert groups["Saved, about"] == ["cache - CPU 3.0 s"]
    assert groups["Brute force"][0] == "3 min 20 s, 20.0 times as long, CPU 2 min 30 s"


def test_text_and_markdown_show_it_when_asked_and_json_always(full_report):
    report = replace(full_report, profile=PROFILE)
    for format_ in ("text", "markdown"):
        assert "384 candidates a minute" not in render(report, format_)
        assert "384 candidates a minute" in render(report, format_, profile=True)
    assert render(report, "json") == render(report, "json", profile=True)
    assert '"per_minute": 384.0' in render(report, "json")


def test_it_says_what_was_not_warm_and_why(full_report):
    cold = replace(
        PROFILE,
        cold_starts=(
            ColdStarts(why="nothing starts warm in the tier container", count=2),
            ColdStarts(why="x", count=1),
        ),
        left_out=(LeftOut(module="grpc", why="starts threads"),),
    )
    groups = {group.label: words(group.lines) for group in section(cold).groups}
    assert groups["Started cold"] == ["nothing starts warm in the tier container 2 times", "x"]
    assert groups["Not imported ahead of time"] == ["grpc: starts threads"]
    report = replace(full_report, profile=cold)
    for format_ in ("text", "markdown"):
        shown = render(report, format_, profile=True)
        assert "starts warm in the tier container" in shown
        assert "grpc" in shown
    assert '"cold_starts"' in render(report, "json")


def test_without_a_profile_there_is_no_section(full_report):
    assert render(full_report, "text", profile=True) == render(full_report, "text")


def test_where_brute_force_is_not_known_nothing_is_said_of_it():
    labels = [group.label for group in section(replace(PROFILE, brute_force=None)).groups]
    assert labels == ["Spent", "Saved, about"]
