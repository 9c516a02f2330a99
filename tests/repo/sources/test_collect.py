from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from assay.model.candidate import Candidate, ProblemKind, Proposal
from assay.model.errors import BadInput
from assay.repo.apply import apply
from assay.repo.sources import collect, staged, worktree

PATCH = "--- a/src/other.py\n+++ b/src/other.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n"
OTHER = "--- a/README\n+++ b/README\n@@ -1 +1 @@\n-hello\n+bye\n"


def gather(scratch, *specs: str, base: str = "HEAD", **options) -> list[Proposal]:
    repo = scratch.open()
    return collect(repo, list(specs), repo.resolve(base), **options)


def applied(scratch, *specs: str, base: str = "HEAD", **options) -> list[Candidate]:
    repo = scratch.open()
    return [apply(repo, repo.resolve(base), found) for found in gather(scratch, *specs, base=base, **options)]


def paths(candidate: Candidate) -> list[str]:
    assert candidate.tree is not None, candidate.problem
    return [change.path for change in candidate.changes]


@pytest.fixture
def branched(project):
    """`topic` (two commits) and `main` (one more) since they parted."""
    project.git("checkout", "--quiet", "-b", "topic")
    project.commit("first\n\nwhy", {"a": "a\n"})
    project.commit("second", {"b": "b\n"})
    project.git("checkout", "--quiet", "main")
    project.commit("meanwhile", {"c": "c\n"})
    return project


def test_a_branch_is_all_that_it_did_since_it_left_the_base(branched) -> None:
    (found,) = applied(branched, "topic")
    assert paths(found) == ["a", "b"]
    assert (found.name, found.source) == ("topic", "topic")
    assert found.message == "2 commits of topic\n\n- first\n- second\n"
    assert found.author is not None and found.author.name == "Ada"
    repo = branched.open()
    assert [entry.path for entry in repo.files(found.tree or "")][-3:] == ["c", "src/app.py", "src/other.py"]


def test_a_branch_on_the_base_itself_is_its_own_tree(branched) -> None:
    (found,) = applied(branched, "topic", base="topic~2")
    assert found.tree == branched.tree("topic")


def test_a_commit_by_its_name_is_a_line_of_commits_too(branched) -> None:
    assert paths(applied(branched, branched.head("topic"))[0]) == ["a", "b"]
    assert paths(applied(branched, "topic^!")[0]) == ["b"]


def test_a_range_is_one_candidate_a_commit(branched) -> None:
    found = applied(branched, "main..topic")
    assert [paths(one) for one in found] == [["a"], ["b"]]
    assert [one.name.partition(" ")[2] for one in found] == ["first", "second"]
    assert [one.message for one in found] == ["first\n\nwhy\n", "second\n"]
    (squashed,) = applied(branched, "main..topic", squash=True)
    assert paths(squashed) == ["a", "b"]
    assert squashed.message == "2 commits of main..topic\n\n- first\n- second\n"
    branched.git("checkout", "--quiet", "topic")
    assert len(gather(branched, "main..")) == 2


def test_a_merge_in_a_range_is_one_change(branched) -> None:
    branched.git("merge", "--quiet", "--no-ff", "-m", "merge", "topic")
    branched.commit("after", {"d": "d\n"})
    found = applied(branched, "HEAD~2..HEAD", base="HEAD~2")
    assert [paths(one) for one in found] == [["a", "b"], ["d"]]


def test_a_root_commit_in_a_range(make) -> None:
    scratch = make(files={"a": "a\n"})
    (found,) = gather(scratch, "HEAD^!")
    assert found.base is not None and found.base.commit is None


def test_what_conflicts_with_the_base_does_not_apply(branched) -> None:
    branched.commit("clash", {"a": "other\n"})
    (found,) = applied(branched, "topic")
    assert found.problem is not None
    assert found.problem.kind is ProblemKind.DOES_NOT_APPLY
    assert found.problem.path == "a"


def test_what_the_base_has_is_empty(branched) -> None:
    for spec in ("main", "main~1", "HEAD"):
        (found,) = applied(branched, spec)
        assert found.problem is not None and found.problem.kind is ProblemKind.EMPTY
        assert "contains it already" in found.problem.message


def test_an_unrelated_history_has_the_wrong_base(project) -> None:
    project.git("checkout", "--quiet", "--orphan", "alien")
    project.commit("alien", {"z": "z\n"})
    (found,) = applied(project, "alien", base="main")
    assert found.problem is not None and found.problem.kind is ProblemKind.WRONG_BASE


def test_a_shallow_clone_says_why_histories_look_unrelated(branched, tmp_path: Path) -> None:
    origin, clone = f"file://{branched.path}", tmp_path / "shallow"
    branched.git("clone", "--quiet", "--depth=1", "--no-single-branch", origin, str(clone))
    (found,) = applied(type(branched)(clone), "origin/topic")
    assert found.problem is not None and found.problem.kind is ProblemKind.WRONG_BASE
    assert "unshallow" in found.problem.message


def test_a_base_without_commits(make) -> None:
    scratch = make()
    repo = scratch.open()
    scratch.write({"a": "a\n"}).git("add", "a")
    assert paths(apply(repo, repo.head(), staged(repo))) == ["a"]
    patch = b"--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+x\n"
    (found,) = collect(repo, ["-"], repo.head(), stdin=patch)
    assert paths(apply(repo, repo.head(), found)) == ["x"]


def test_a_diff_file_and_standard_input(project, tmp_path: Path) -> None:
    (tmp_path / "fix.patch").write_text(PATCH)
    (found,) = applied(project, str(tmp_path / "fix.patch"))
    assert (found.name, paths(found)) == ("fix.patch", ["src/other.py"])
    assert found.patch == PATCH.encode()
    (piped,) = applied(project, "-", stdin=PATCH.encode())
    assert piped.tree == found.tree


def mailbox_of(project) -> bytes:
    project.git("checkout", "--quiet", "-b", "series")
    project.commit("Ä first", {"src/other.py": "x = 2\n"})
    project.commit("second", {"src/other.py": "x = 3\n"})
    data = project.run("format-patch", "--stdout", "--cover-letter", "main..series").stdout
    project.git("checkout", "--quiet", "main")
    return data


def test_a_mailbox_is_a_candidate_a_mail_or_one_series(project, tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.write_bytes(mailbox_of(project))
    first, second = applied(project, str(box))
    assert (first.name, first.message, paths(first)) == ("box:1", "Ä first", ["src/other.py"])
    assert first.author is not None and first.author.email == "ada@example.org"
    assert second.problem is not None and second.problem.kind is ProblemKind.DOES_NOT_APPLY
    (series,) = applied(project, str(box), squash=True)
    assert series.tree == project.tree("series")


def test_a_series_follows_renames_from_mail_to_mail(project) -> None:
    project.git("checkout", "--quiet", "-b", "series")
    project.commit("one", {"src/app.py": "".join(f"line {n}\n" for n in range(1, 31)) + "end\n"})
    project.git("mv", "src/app.py", "src/main.py")
    project.commit("two")
    data = project.run("format-patch", "--stdout", "-M", "main..series").stdout
    project.git("checkout", "--quiet", "main")
    (series,) = applied(project, "-", stdin=data, squash=True)
    assert series.tree == project.tree("series")


PREDICTIONS = [
    {"instance_id": "t-1", "model_name_or_path": "m", "model_patch": PATCH},
    {"instance_id": "t-2", "model_name_or_path": "m", "model_patch": OTHER.rstrip("\n")},
    {"instance_id": "t-3", "model_name_or_path": "m", "model_patch": ""},
    {"instance_id": "t-4", "model_name_or_path": "m", "model_patch": None},
]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.jsonl", "\n".join(map(json.dumps, PREDICTIONS)) + "\n\n"),
        ("p.json", json.dumps(PREDICTIONS, indent=1)),
        ("p.json", json.dumps({entry["instance_id"]: entry for entry in PREDICTIONS})),
        ("unnamed", "\ufeff" + "\r\n".join(map(json.dumps, PREDICTIONS))),
    ],
)
def test_predictions(project, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(text.encode())
    found = applied(project, str(tmp_path / name))
    assert [one.instance for one in found] == ["t-1", "t-2", "t-3", "t-4"]
    assert [one.name for one in found] == ["t-1:m", "t-2:m", "t-3:m", "t-4:m"]
    assert [paths(one) for one in found[:2]] == [["src/other.py"], ["README"]]
    assert [one.problem.kind for one in found[2:] if one.problem] == [ProblemKind.EMPTY] * 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"model_patch": ""}\n{oops\n', "p.jsonl:2: this is not JSON"),
        ('{"model_patch": ""}\n[]\n', "p.jsonl:2: a prediction is a JSON object"),
        ('{"patch": ""}', "p.jsonl:1: a prediction needs the key model_patch"),
        ('{"model_patch": 3}', "must be a string"),
        ('{"model_patch": "", "instance_id": []}', "instance_id must be a string"),
        ("\n\n", "no prediction"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_prediction_names_its_line(project, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "p.jsonl").write_text(text)
    with pytest.raises(BadInput) as caught:
        gather(project, str(tmp_path / "p.jsonl"))
    assert words in caught.value.sentence


def test_predictions_are_no_series(project, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps(PREDICTIONS[0]))
    with pytest.raises(BadInput, match="squash"):
        gather(project, str(tmp_path / "p.jsonl"), squash=True)


def test_a_directory_of_patches(project, tmp_path: Path) -> None:
    directory = tmp_path / "patches"
    directory.mkdir()
    (directory / "0002.patch").write_text(PATCH.replace("x = 1", "x = 2", 1).replace("+x = 2", "+x = 3"))
    (directory / "0001.diff").write_text(PATCH)
    (directory / "notes").write_text("no patch")
    found = applied(project, str(directory))
    assert [one.name for one in found] == ["0001.diff", "0002.patch"]
    (series,) = applied(project, str(directory), squash=True)
    assert project.open().read(series.tree or "", "src/other.py") == b"x = 3\n"


def test_a_linked_worktree(project, tmp_path: Path) -> None:
    agent = tmp_path / "agent"
    project.git("worktree", "add", "--quiet", "--detach", str(agent))
    inside = type(project)(agent)
    inside.commit("half", {"a": "a\n"})
    inside.write({"b": "b\n"})
    project.commit("meanwhile", {"c": "c\n"})
    (found,) = applied(project, str(agent))
    assert (found.name, paths(found)) == ("agent", ["a", "b"])


def test_a_clone_of_an_agent_s_own(project, tmp_path: Path) -> None:
    project.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    type(project)(tmp_path / "clone").commit("new there", {"a": "a\n"})
    (tmp_path / "clone/README").unlink()
    (found,) = applied(project, str(tmp_path / "clone"))
    assert paths(found) == ["README", "a"]


def test_a_plain_copy(project, tmp_path: Path) -> None:
    shutil.copytree(project.path, tmp_path / "copy", ignore=shutil.ignore_patterns(".git"))
    (tmp_path / "copy/src/other.py").write_text("x = 2\n")
    (found,) = applied(project, str(tmp_path / "copy"))
    assert paths(found) == ["src/other.py"]


def test_invariant_4_no_git_command_runs_inside_a_candidate_s_tree(project, tmp_path: Path) -> None:
    """A hostile `.git` in an agent's directory is neither obeyed nor believed about anything but HEAD."""
    agent = tmp_path / "agent"
    project.git("clone", "--quiet", ".", str(agent))
    inside = type(project)(agent)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key").write_text("secret\n")
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\ncat\n")
    trap.chmod(0o755)
    for name in (
        "core.fsmonitor",
        "filter.f.clean",
        "filter.f.smudge",
        "filter.f.process",
        "diff.f.textconv",
    ):
        inside.git("config", name, str(trap))
    for hook in ("post-index-change", "reference-transaction", "post-checkout"):
        shutil.copy(trap, agent / ".git/hooks" / hook)
    inside.write({".gitattributes": "* filter=f diff=f\n", "new": "n\n"})
    inside.git("config", "core.worktree", str(tmp_path / "secret"))
    (found,) = applied(project, str(agent))
    assert paths(found) == [".gitattributes", "new"]
    assert not (tmp_path / "ran").exists()


def test_what_is_no_checkout_is_bad_input(project, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="no file of the base"):
        gather(project, str(tmp_path / "empty"))
    with pytest.raises(BadInput, match="part of the repository"):
        gather(project, str(project.path / "src"))


def test_names_that_could_be_either_are_asked_about(project, monkeypatch) -> None:
    project.git("branch", "both")
    project.write({"both": PATCH})
    monkeypatch.chdir(project.path)
    with pytest.raises(BadInput, match="both a path and a revision"):
        gather(project, "both")
    assert gather(project, "./both")[0].patch == PATCH.encode()
    assert gather(project, "both^0")[0].commit == project.head()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("fix.patch", "no such file"),
        ("../fix.patch", "no such file"),
        ("/none/x", "no such file"),
        ("nothing", "no file, directory or revision"),
        ("main..nothing", "not both ends"),
        ("nothing^!", "not both ends"),
        ("", "a source is"),
        ("main..main", "no commit"),
        ("x" * 5000, "no file, directory or revision"),
        ("~nobody-of-this-name/x", "no such file"),
        ("bad\udcff", "no file, directory or revision"),
    ],
)
def test_what_is_not_there_says_what_was_looked_for(project, spec: str, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        gather(project, spec)
    assert words in caught.value.sentence


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (b"\n", "empty"),
        (b"[PATCH] prose\n", "malformed"),
        (b"\0\xff\xfe" * 100, "malformed"),
        (b"prose\n", "malformed"),
    ],
)
def test_files_that_are_no_patches_are_problems_of_their_candidates(
    project, tmp_path: Path, data: bytes, kind: str
) -> None:
    (tmp_path / "x.patch").write_bytes(data)
    (found,) = applied(project, str(tmp_path / "x.patch"))
    assert found.problem is not None and found.problem.kind.value == kind


def snapshot(root: Path) -> dict[str, bytes]:
    """Every file of a repository but its objects and Assay's own refs."""
    own = (".git/objects/", ".git/refs/assay/")
    found = {str(p.relative_to(root)): p for p in root.rglob("*") if p.is_file() and not p.is_symlink()}
    return {name: path.read_bytes() for name, path in found.items() if not name.startswith(own)}


def test_invariant_1_untouched_by_everything_but_a_swap(branched, tmp_path: Path) -> None:
    from assay.repo import refs

    branched.write({"src/other.py": "x = 2\n", "untracked": "u\n"})
    branched.git("add", "src/other.py")
    branched.write({"src/other.py": "x = 3\n"})
    hooks = branched.path / ".git/hooks"
    for hook in ("post-index-change", "reference-transaction", "pre-commit", "post-checkout"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
        (hooks / hook).chmod(0o755)
    branched.git("config", "core.fsmonitor", f"touch '{tmp_path}/ran'; false")
    status = branched.git("-c", "core.fsmonitor=false", "status", "--porcelain")
    (tmp_path / "ran").unlink(missing_ok=True)
    before = snapshot(branched.path)
    repo = branched.open()
    base = repo.head()
    (tmp_path / "fix.patch").write_text(PATCH)
    proposals = collect(repo, ["topic", "main..topic", str(tmp_path / "fix.patch"), "HEAD"], base)
    for proposal in [*proposals, staged(repo), worktree(repo)]:
        candidate = apply(repo, base, proposal)
        if candidate.tree is not None:
            refs.keep(repo, candidate)
    refs.drop(repo, refs.candidates(repo))
    assert snapshot(branched.path) == before
    assert not (tmp_path / "ran").exists()
    assert branched.git("-c", "core.fsmonitor=false", "status", "--porcelain") == status
