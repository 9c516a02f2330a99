"""Hosts that refuse something: the right tier, or one sentence with the right remedy and exit 3."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REFUSING = Path(__file__).with_name("refusing.py")
NO_NAMESPACES = "echo 0 >/proc/sys/user/max_user_namespaces || exit 99; "
READ_ONLY_GROUPS = (
    "for each in $(grep -E ' cgroup2? ' /proc/self/mounts | cut -d' ' -f2); do "
    "mount -o remount,bind,ro $each || exit 99; done; "
)
NO_SHARED_MEMORY = "mount -t tmpfs -o size=4k,mode=000 none /dev/shm || exit 99; "
NO_SETTINGS = "mount -t tmpfs -o size=4k,mode=000 none /proc/sys || exit 99; "
AS_ROOT_OF_ITS_OWN = ("unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-c")


class Host:
    """Runs assay as it would run on a host that refuses something; no container engine on the path."""

    def __init__(self, directory: Path) -> None:
        tools = directory / "bin"
        tools.mkdir()
        for name in ("unshare", "mount", "setpriv", "sh", "true", "git", "grep", "cut", "chmod", "rm"):
            if (found := shutil.which(name)) is not None:
                (tools / name).symlink_to(found)
        self.environ = {
            "PATH": str(tools),
            "HOME": str(directory),
            "ASSAY_CACHE_DIR": str(directory / "cache"),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }

    def seccomp(self, what: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """With a filter that refuses `what`."""
        return self._run((sys.executable, str(REFUSING), what, *self._assay(*arguments)))

    def inside(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """In a user and mount namespace in which `script` was run first."""
        done = self._run((*AS_ROOT_OF_ITS_OWN, f'{script}exec "$@"', "sh", *self._assay(*arguments)))
        if done.returncode in (1, 99) and "assay" not in done.stderr:
            pytest.skip(f"this host cannot be made to refuse that ({done.stderr.strip()})")
        return done

    def _assay(self, *arguments: str) -> tuple[str, ...]:
        start = "import sys; from assay.front.entry import run; sys.exit(run(sys.argv[1:]))"
        return (sys.executable, "-c", start, *arguments)

    def _run(self, argv: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, env=self.environ, capture_output=True, text=True, timeout=120, check=False
        )


@pytest.fixture
def refused(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a change in its work tree."""
    import pygit2

    place = tmp_path / "repository"
    repo = pygit2.init_repository(str(place))
    (place / "test_it.py").write_text("def test_it():\n    assert 1\n")
    repo.index.add_all()
    who = pygit2.Signature("A", "a@example.org")
    repo.create_commit("HEAD", who, who, "one", repo.index.write_tree(), [])
    (place / "a.patch").write_text("--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+x = 1\n")
    return place


def told(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout)


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a command that ran nothing."""
    assert (done.returncode, done.stdout) == (3, ""), done
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, lines
    return lines[0]


@pytest.mark.parametrize(("what", "fact"), [("mounts", "mounts"), ("namespaces", "user namespaces")])
def test_a_refusing_filter_is_a_refusal_with_a_remedy(
    refused: Host, repository: Path, what: str, fact: str
) -> None:
    done = refused.seccomp(what, "doctor", "--format", "json")
    document = told(done)
    assert (done.returncode, document["tier"], document["isolation"]) == (3, None, None)
    missing = {each["name"]: each for each in document["facts"] if not each["ok"]}
    assert {"jail", fact, "container engine"} <= set(missing)
    assert missing[fact]["remedy"] in document["remedies"]
    done = refused.seccomp(what, "grade", "--repo", str(repository), str(repository / "a.patch"))
    sentence = refusal(done)
    assert "cannot be isolated on this host" in sentence
    assert missing[fact]["remedy"] in sentence
    assert "--isolation none" in sentence


@pytest.mark.parametrize("tier", ["hardened", "namespaced", "nsjail", "container"])
def test_a_tier_that_was_asked_for_is_never_replaced(refused: Host, repository: Path, tier: str) -> None:
    done = refused.seccomp(
        "mounts", "grade", "--repo", str(repository), "--isolation", tier, str(repository / "a.patch")
    )
    refusal(done)


def test_an_engine_that_does_not_answer_is_told_with_its_own_words(refused: Host, tmp_path: Path) -> None:
    stub = tmp_path / "bin" / "docker"
    stub.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo Docker version 1 && exit\necho no daemon >&2\nexit 1\n'
    )
    stub.chmod(0o755)
    done = refused.seccomp("mounts", "doctor", "--format", "json")
    facts = {each["name"]: each for each in told(done)["facts"]}
    assert done.returncode == 3
    assert facts["container engine"]["detail"].endswith("no daemon")
    assert "systemctl start docker" in facts["container engine"]["remedy"]


@pytest.mark.jail
def test_no_namespaces_by_the_kernels_own_setting(refused: Host, repository: Path) -> None:
    document = told(done := refused.inside(NO_NAMESPACES, "doctor", "--format", "json"))
    assert (done.returncode, document["tier"]) == (3, None)
    assert "`sysctl -w user.max_user_namespaces=15000` as root" in document["remedies"]
    where = ("grade", "--repo", str(repository), str(repository / "a.patch"))
    assert "max_user_namespaces=15000" in refusal(refused.inside(NO_NAMESPACES, *where))


@pytest.mark.jail
@pytest.mark.parametrize("script", ["", READ_ONLY_GROUPS, NO_SHARED_MEMORY])
def test_what_a_jail_can_do_without_does_not_weaken_it(refused: Host, script: str) -> None:
    document = told(done := refused.inside(script, "doctor", "--format", "json"))
    plain = told(refused.inside("", "doctor", "--format", "json"))
    assert done.returncode == 0, done
    assert document["tier"] == plain["tier"]
    if script == READ_ONLY_GROUPS:
        assert any("cgroup memory: not writable" in note for note in document["isolation"]["notes"])


@pytest.mark.jail
def test_settings_that_cannot_be_read_are_a_refusal_and_no_accident(refused: Host, repository: Path) -> None:
    # The kernel gives no new /proc to those who see only part of one.
    document = told(done := refused.inside(NO_SETTINGS, "doctor", "--format", "json"))
    assert (done.returncode, document["tier"]) == (3, None)
    missing = {each["name"] for each in document["facts"] if not each["ok"]}
    assert {"jail", "mounts"} <= missing
    assert "seccomp" not in missing
    where = ("grade", "--repo", str(repository), str(repository / "a.patch"))
    refusal(refused.inside(NO_SETTINGS, *where))
