from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.land.support import AUTHOR, NOW, Yard, git

from assay.land.plan import LandingPlan, branch_ref, build, committer, tip
from assay.model.errors import BadInput
from assay.patchset.combine import Combined, combine
from assay.repo import refs


def show(yard: Yard, commit: str, form: str) -> str:
    return git(yard.root, "show", "-s", f"--format={form}", commit).strip()


def test_one_member_is_one_commit_with_its_own_author_and_message(yard: Yard) -> None:
    git(yard.root, "config", "user.name", "Me")
    git(yard.root, "config", "user.email", "me@example.org")
    member = yard.candidate("fix", {"a.txt": b"new\n"}, author=AUTHOR, message="Fix it\n\nAt last.\n")
    plan = yard.plan(member)
    assert plan.commits == (plan.new,)
    assert show(yard, plan.new, "%an %ae %at|%cn %ce %ct|%P|%T") == (
        f"Ann ann@example.org {NOW - 5}|Me me@example.org {NOW}|{plan.expected_old}|{member.tree}"
    )
    assert show(yard, plan.new, "%B") == "Fix it\n\nAt last."
    assert plan.message == "assay: land fix"


def test_a_member_without_author_or_message_gets_the_user_and_its_name(yard: Yard) -> None:
    plan = yard.change({"a.txt": b"new\n"})
    assert show(yard, plan.new, "%an <%ae>|%s") == "Assay <assay@localhost>|change"


def test_several_are_one_merge_that_shows_every_message(yard: Yard) -> None:
    members = [
        yard.candidate("one", {"a.txt": b"new\n"}, message="First thing"),
        yard.candidate("two", {"b.txt": None}, message="Second thing"),
    ]
    plan = yard.plan(*members)
    assert plan.commits == (plan.new,)
    parents = show(yard, plan.new, "%P").split()
    assert parents[0] == plan.expected_old and len(parents) == 3
    assert [show(yard, parent, "%s|%P") for parent in parents[1:]] == [
        f"First thing|{plan.expected_old}",
        f"Second thing|{plan.expected_old}",
    ]
    assert show(yard, plan.new, "%B") == "Land 2 changes on main\n\n- First thing\n- Second thing"
    assert show(yard, plan.new, "%T") == plan.tree


def test_linear_is_one_commit_each(yard: Yard) -> None:
    members = [yard.candidate("one", {"a.txt": b"new\n"}), yard.candidate("two", {"b.txt": None})]
    plan = yard.plan(*members, linear=True)
    assert len(plan.commits) == 2
    assert show(yard, plan.new, "%s|%P|%T") == f"two|{plan.commits[0]}|{plan.tree}"
    assert show(yard, plan.commits[0], "%s|%P|%T") == f"one|{plan.expected_old}|{members[0].tree}"


def test_a_commit_that_already_says_it_keeps_its_name(yard: Yard) -> None:
    git(yard.root, "checkout", "-q", "-b", "topic")
    (yard.root / "a.txt").write_bytes(b"topic\n")
    git(yard.root, "commit", "-qam", "on topic")
    topic = yard.tip("refs/heads/topic")
    git(yard.root, "checkout", "-q", "main")
    member = yard.candidate("topic", {"a.txt": b"topic\n"}, commit=topic)
    assert yard.plan(member).new == topic
    other = yard.candidate("other", {"b.txt": None})
    assert topic in show(yard, yard.plan(member, other).new, "%P").split()
    changed = yard.candidate("changed", {"a.txt": b"else\n"}, commit=topic)
    assert yard.plan(changed).new != topic


def test_the_commit_a_candidate_is_kept_as_is_used_if_its_author_is_known(yard: Yard) -> None:
    for author, same in ((AUTHOR, True), (None, False)):
        member = yard.candidate(f"kept{same}", {"a.txt": b"k\n"}, author=author)
        refs.keep(yard.repo, member)
        kept = refs.candidates(yard.repo)
        combined = combine(yard.repo, member.base, [member])
        assert isinstance(combined, Combined) and member.base.commit
        plan = build(yard.repo, "refs/heads/main", member.base.commit, [member], combined, kept, now=NOW)
        assert (plan.new == kept[member.id]) is same


def test_planning_changes_nothing_that_a_user_sees(yard: Yard) -> None:
    before = yard.state()
    yard.plan(yard.candidate("one", {"a.txt": b"new\n"}), yard.candidate("two", {"b.txt": None}))
    assert yard.state() == before


def test_a_plan_survives_the_journal(yard: Yard) -> None:
    plan = yard.change({"a.txt": b"new\n"})
    assert msgspec.convert(msgspec.to_builtins(plan), LandingPlan) == plan


def test_nothing_to_land_is_a_mistake(yard: Yard) -> None:
    with pytest.raises(ValueError, match="nothing to land"):
        build(yard.repo, "refs/heads/main", yard.tip(), [], Combined(tree=yard.tip(), steps=()), {})


def test_branches_to_land_on(yard: Yard, tmp_path: Path) -> None:
    assert branch_ref(yard.repo, "main") == branch_ref(yard.repo, "refs/heads/main") == "refs/heads/main"
    assert tip(yard.repo, "refs/heads/main") == yard.tip()
    git(yard.root, "symbolic-ref", "refs/heads/alias", "refs/heads/main")
    git(yard.root, "tag", "v1")
    for name, words in (("none", "no branch"), ("refs/tags/v1", "not a local"), ("alias", "another name")):
        with pytest.raises(BadInput, match=words):
            branch_ref(yard.repo, name)


def test_the_committer_is_neutral_without_a_configured_user(yard: Yard) -> None:
    assert committer(yard.repo, NOW).email == "assay@localhost"
