"""The repository of one commit, as git sees it inside a jail."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sandbox.conftest import Runner, Trees

from assay.model.tool import ToolCall
from assay.repo.tags import Tag
from assay.sandbox.gitview import GitSettings
from assay.sandbox.layers import LayerStore
from assay.sandbox.spec import Bind, Stack

pytestmark = [
    pytest.mark.jail,
    pytest.mark.skipif(not Path("/usr/bin/git").exists(), reason="no git that jails show"),
]

OLD = {
    "kept": b"kept\n",
    "changed": b"old\n",
    "gone/a": b"a",
    "gone/b": b"b",
    "crlf.txt": b"a\r\nb\n",
    "large.bin": b"a pointer\n",
    ".gitattributes": b"*.txt text eol=lf\n*.bin filter=lfs\nkept ident\n",
    "run": (0o100755, b"#!/bin/sh\n"),
    "link": (0o120000, b"kept"),
    "sub": (0o160000, b"1" * 40),
    "na\nme": b"x",
    "empty": b"",
}
NEW = {
    **{name: content for name, content in OLD.items() if not name.startswith("gone/")},
    "changed": b"new\n",
    "gone": b"a file now\n",
    "kept": (0o100755, b"kept\n"),
    "made/c": b"c",
    "link/x": b"a directory now",
}
del NEW["link"]
TAG = GitSettings(tag=Tag(name="v1.2", annotated=True), ignored=(".v*[e]nv",))


@pytest.fixture
def views(trees: Trees, store: LayerStore) -> dict[str, Stack]:
    """The base's and a candidate's stack, with the view on top."""
    old, new = trees.tree(OLD), trees.tree(NEW)
    base = store.base(old)
    own = store.over(base, old, new)
    return {
        name: Stack(layers=(*stack.layers, *store.git_view(base, stack, TAG)), tree=stack.tree)
        for name, stack in (("base", base), ("candidate", own))
    }


def git(run: Runner, stack: Stack, *arguments: str, **rest: object) -> str:
    return answer(run("git", *arguments, stack=stack, **rest))


def answer(call: ToolCall) -> str:
    assert call.exit_code == 0, call.stderr.decode()
    return call.stdout.decode()


@pytest.mark.parametrize("name", ["base", "candidate"])
def test_the_tree_is_clean_and_whole(run: Runner, views: dict[str, Stack], trees: Trees, name: str) -> None:
    stack = views[name]
    script = (
        "git status --porcelain --ignored && git update-index --really-refresh -q; git status --porcelain;"
        # And if git has to read every file.
        "find . -name .git -prune -o -type f -exec touch {} + && git status --porcelain && git write-tree &&"
        "git fsck --strict --full --no-dangling && git ls-files -z | tr '\\0' '|'"
    )
    tree, files = answer(run.sh(script, stack=stack)).split("\n", 1)
    assert tree == stack.tree
    wanted = OLD if name == "base" else NEW
    assert files.rstrip("|").split("|") == sorted(wanted, key=str.encode)
    assert git(run, stack, "rev-parse", "HEAD^{tree}").strip() == stack.tree


def test_there_is_one_commit_and_its_tag(run: Runner, views: dict[str, Stack]) -> None:
    for stack in views.values():
        log = git(run, stack, "log", "--all", "--format=%an %ae %ad %d", "--date=iso")
        assert log == "nobody nobody@localhost 2000-01-01 00:00:00 +0000  (HEAD -> main, tag: v1.2)\n"
        assert git(run, stack, "describe", "--dirty") == "v1.2\n"
        assert git(run, stack, "for-each-ref", "--format=%(refname) %(objecttype)") == (
            "refs/heads/main commit\nrefs/tags/v1.2 tag\n"
        )


def test_equal_trees_have_equal_commits(run: Runner, views: dict[str, Stack], store: LayerStore) -> None:
    base = store.base(views["base"].tree)
    again = Stack(layers=(*base.layers, *store.git_view(base, base, TAG)), tree=base.tree)
    assert git(run, again, "rev-parse", "HEAD") == git(run, views["base"], "rev-parse", "HEAD")


def test_what_is_mounted_in_the_tree_is_none_of_gits_business(
    run: Runner, views: dict[str, Stack], tmp_path: Path
) -> None:
    (tmp_path / "environment").mkdir()
    (tmp_path / "environment" / "file").write_text("x")
    bind = Bind(source=tmp_path / "environment", target=Path("/srv/project/.v*[e]nv"))
    assert git(run, views["candidate"], "status", "--porcelain", binds=(bind,)) == ""


def test_a_program_can_commit_and_nobody_else_sees_it(run: Runner, views: dict[str, Stack]) -> None:
    script = (
        "git config user.name x && git config user.email x && echo y >changed && git commit -qam y &&"
        "git log --oneline | wc -l"
    )
    assert answer(run.sh(script, stack=views["candidate"])).strip() == "2"
    assert git(run, views["candidate"], "log", "--oneline").count("\n") == 1


def test_only_files_of_the_base_are_there_beside_the_commit(
    run: Runner, views: dict[str, Stack], trees: Trees
) -> None:
    secret = trees.git.create_blob(b"of the history")
    assert run("git", "cat-file", "-e", str(secret), stack=views["candidate"]).exit_code != 0
    dangling = git(run, views["candidate"], "fsck", "--full", "--dangling").splitlines()
    assert {line.split()[1] for line in dangling} <= {"tree", "blob"}
    assert len(dangling) <= len(OLD)


def test_invariant_7_a_views_own_part_costs_what_differs(views: dict[str, Stack], store: LayerStore) -> None:
    common, own = views["candidate"].layers[-2:]
    assert common == views["base"].layers[-2]
    assert list((common / ".git" / "objects" / "pack").glob("*.pack"))
    objects = [path for path in (own / ".git" / "objects").rglob("*") if path.is_file()]
    assert len(objects) <= 10
    store.drop(views["candidate"].tree)
    assert common.exists() and not own.exists()


def test_without_a_view_nothing_of_git_is_there(run: Runner, stack: Stack) -> None:
    assert run.sh("test ! -e .git && ! git status", stack=stack).exit_code == 0


def test_an_empty_tree_is_a_commit_too(run: Runner, trees: Trees, store: LayerStore) -> None:
    base = store.base(trees.tree({}))
    stack = Stack(layers=(*base.layers, *store.git_view(base, base, GitSettings())), tree=base.tree)
    assert answer(run.sh("git status --porcelain && git log --oneline | wc -l", stack=stack)).strip() == "1"
