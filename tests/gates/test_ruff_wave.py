"""Which questions may share a run of ruff."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.gates.ruff_wave import Question, chunks, grouped
from assay.model.candidate import Oid
from assay.repo.trees import TreeWrite

PATHS = ("a.py", "b.py", "pkg/a.py", "pkg/c.py")
BLOBS = ("1" * 40, "2" * 40)


def question(
    writes: dict[str, str] | None = None,
    asked: tuple[str, ...] = (),
    *,
    deletions: tuple[str, ...] = (),
    alters: bool = False,
    looks_around: bool = True,
    options: tuple[str, ...] = (),
) -> Question:
    found = (writes or {}).items()
    return Question(
        writes=tuple(TreeWrite(path=path, mode=0o100644, blob=Oid(blob)) for path, blob in found),
        deletions=deletions,
        asked={options: asked} if asked else {},
        unknown=frozenset(asked),
        alters=alters or bool(deletions),
        looks_around=looks_around,
    )


questions = st.builds(
    question,
    writes=st.dictionaries(st.sampled_from(PATHS), st.sampled_from(BLOBS)),
    asked=st.lists(st.sampled_from(PATHS), min_size=1, unique=True).map(tuple),
    deletions=st.lists(st.sampled_from(PATHS), max_size=1).map(tuple),
    alters=st.booleans(),
    looks_around=st.booleans(),
    options=st.sampled_from([(), ("--isolated",)]),
)


@given(st.lists(questions, max_size=8))
def test_no_question_can_tell_that_it_has_company(asked: list[Question]) -> None:
    groups = grouped(asked)
    assert sorted(number for group in groups for number in group.members) == list(range(len(asked)))
    for group in groups:
        for number in group.members:
            mine = asked[number]
            own = {write.path: write for write in mine.writes}
            # The files that it looks at have its own contents, or the base's where it changes nothing.
            assert all(group.writes.get(path) == own.get(path) for path in mine.paths)
            assert all(group.writes[path] == write for path, write in own.items())
            assert group.deletions == mine.deletions
            if mine.looks_around:
                assert not any(asked[other].alters for other in group.members if other != number)


@given(st.lists(questions, max_size=8))
def test_the_runs_of_a_group_ask_about_everything(asked: list[Question]) -> None:
    for group in grouped(asked):
        calls = list(group.calls())
        for number in group.members:
            for options, paths in asked[number].asked.items():
                for listing in (False, True):
                    runs = [c for c in calls if c.options == options and c.listing is listing]
                    assert set(paths) <= {path for call in runs for path in call.paths}


def test_edits_of_different_files_share_one_run() -> None:
    edits = [question({path: BLOBS[0]}, (path,)) for path in PATHS]
    (group,) = grouped([*edits, edits[0]])
    assert len(group.members) == 5
    assert len(list(group.calls())) == 2  # what is wrong with them, and which of them ruff looks at


def test_new_files_share_a_run_where_no_rule_looks_around() -> None:
    added = [question({path: BLOBS[0]}, (path,), alters=True, looks_around=False) for path in PATHS]
    assert len(grouped(added)) == 1


@given(st.lists(st.text("ab", max_size=30000), max_size=8))
def test_command_lines_are_bounded_and_whole(paths: list[str]) -> None:
    found = list(chunks(paths))
    assert [path for chunk in found for path in chunk] == paths
    assert all(len(chunk) == 1 or sum(map(len, chunk)) <= 48 * 1024 for chunk in found)
