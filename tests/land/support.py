"""Repositories with work trees, landings on them, and what a user would see afterwards."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from assay.land import plan
from assay.land.plan import LandingPlan
from assay.ledger.ledger import Ledger
from assay.model.candidate import Base, Candidate, Oid, Signature
from assay.patchset.combine import Combined, combine
from assay.repo.diff import changes
from assay.repo.repository import FILE, Repository, open_repository
from assay.repo.trees import edit

Content = bytes | tuple[int, bytes] | None
NOW = 1_700_000_000
AUTHOR = Signature(name="Ann", email="ann@example.org", time=NOW - 5, offset=60)


def git(root: Path, *arguments: str, ok: bool = True, **variables: str) -> str:
    """Run git in `root` without any configuration of the host; what it prints."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_OPTIONAL_LOCKS": "0"}
    environ |= variables
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "core.quotePath=false"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=root, env=environ, capture_output=True, check=False
    )
    if ok and done.returncode:
        raise AssertionError(done.stderr.decode(errors="replace"))
    return os.fsdecode(done.stdout)


def write(root: Path, files: Mapping[str, Content]) -> None:
    """Put files into a work tree by hand; a mode of 0o120000 makes a symbolic link, None removes."""
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        mode, data = content if isinstance(content, tuple) else (FILE, content)
        if target.is_symlink() or target.exists():
            target.unlink()
        if data is None:
            continue
        if mode == 0o120000:
            target.symlink_to(os.fsdecode(data))
        else:
            target.write_bytes(data)
            target.chmod(mode & 0o777)


class Yard:
    """A repository with branch main checked out, and landings on it."""

    def __init__(self, root: Path, files: Mapping[str, Content], *settings: str) -> None:
        root.mkdir(parents=True)
        self.root = root
        git(root, "init", "-q", "-b", "main")
        for setting in settings:
            git(root, "config", *setting.split("=", 1))
        write(root, files)
        git(root, "add", "-A")
        git(root, "commit", "-q", "--allow-empty", "-m", "base")

    @property
    def repo(self) -> Repository:
        return open_repository(self.root, {})

    def tip(self, ref: str = "refs/heads/main") -> Oid:
        return Oid(git(self.root, "rev-parse", ref).strip())

    def candidate(self, name: str, edits: Mapping[str, Content], **fields: object) -> Candidate:
        repo, tip = self.repo, self.tip()
        base = Base(commit=tip, tree=repo.resolve(tip).tree)
        leaves: dict[str, tuple[int, Oid] | None] = {}
        for path, content in edits.items():
            mode, data = content if isinstance(content, tuple) else (FILE, content)
            leaves[path] = None if data is None else (mode | 0o100000, repo.write_blob(data))
        tree = edit(repo, base.tree, leaves)
        return Candidate(
            id=f"id-{name}",
            name=name,
            source="test",
            base=base,
            tree=tree,
            changes=changes(repo, base.tree, tree),
            **fields,
        )

    def plan(self, *members: Candidate, ref: str = "refs/heads/main", linear: bool = False) -> LandingPlan:
        base = members[0].base
        combined = combine(self.repo, base, members)
        assert isinstance(combined, Combined) and base.commit
        return plan.build(self.repo, ref, base.commit, members, combined, {}, linear=linear, now=NOW)

    def change(self, edits: Mapping[str, Content], ref: str = "refs/heads/main") -> LandingPlan:
        """The plan of landing one change."""
        return self.plan(self.candidate("change", edits), ref=ref)

    def ledger(self) -> Ledger:
        return Ledger.open(self.repo.common_dir / "assay")

    def state(self, root: Path | None = None) -> dict[str, object]:
        """What a user sees: refs, HEAD, index entries and every file, but for Assay's own."""
        root = root or self.root
        return {
            "refs": git(root, "for-each-ref", "--format=%(refname) %(objectname)"),
            "head": git(root, "symbolic-ref", "-q", "HEAD", ok=False),
            "index": git(root, "ls-files", "-s", "-z"),
            "files": files(root),
            "locks": sorted(str(p) for p in (self.root / ".git").rglob("*.lock*") if "assay" not in p.parts),
            "config": (self.root / ".git/config").read_bytes(),
        }


def files(root: Path) -> dict[str, tuple[str, bytes]]:
    """Every path of a work tree with its kind and bytes; empty directories too."""
    found: dict[str, tuple[str, bytes]] = {}
    for above, directories, names in os.walk(root):
        if Path(above) == root:
            directories[:] = [name for name in directories if name != ".git"]
        for name in (*names, *directories):
            if name == ".git":
                continue
            full = Path(above) / name
            path = os.fspath(full.relative_to(root))
            if full.is_symlink():
                found[path] = ("link", os.fsencode(full.readlink()))
            elif full.is_file():
                found[path] = ("program" if full.stat().st_mode & 0o100 else "file", full.read_bytes())
            elif not any(full.iterdir()):
                found[path] = ("directory", b"")
    return found


def status(root: Path) -> str:
    return git(root, "status", "--porcelain")
