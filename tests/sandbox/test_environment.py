"""Finding the project's interpreter and what has to be shown for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from assay.model.errors import BadInput
from assay.policy.schema import Environment
from assay.sandbox.environment import ProjectEnvironment, discover


def installation(prefix: Path) -> Path:
    """Something that looks like an installation of Python; its interpreter."""
    (prefix / "bin").mkdir(parents=True)
    (prefix / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    (prefix / "lib" / "python3.11" / "os.py").write_text("")
    program = prefix / "bin" / "python3.11"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (prefix / "bin" / "python3").symlink_to("python3.11")
    return program


def virtual(place: Path, base: Path, extra: str = "") -> Path:
    """A virtual environment on `base`; its directory of packages."""
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python3").symlink_to(base / "bin" / "python3")
    (place / "bin" / "python").symlink_to("python3")
    (place / "pyvenv.cfg").write_text(f"home = {base / 'bin'}\n{extra}")
    packages = place / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    return packages


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "project"
    path.mkdir()
    return path


@pytest.fixture
def base(tmp_path: Path) -> Path:
    installation(tmp_path / "python")
    return tmp_path / "python"


def found(root: Path, settings: Environment = Environment(), **environ: str) -> ProjectEnvironment:
    return discover(root, settings, {"PATH": "/nonexistent", **environ})


def shown(environment: ProjectEnvironment) -> dict[Path, Path]:
    return {bind.target or bind.source: bind.source for bind in environment.mounts}


@pytest.mark.parametrize("name", [".venv", "venv"])
def test_the_projects_virtual_environment_comes_first(root: Path, base: Path, name: str) -> None:
    virtual(root / name, base)
    environment = found(root, VIRTUAL_ENV="/elsewhere")
    assert environment.python == root / name / "bin" / "python"
    assert shown(environment) == {root / name: root / name, base: base}
    assert environment.variables["VIRTUAL_ENV"] == str(root / name)
    assert environment.variables["PATH"].startswith(f"{root / name / 'bin'}:")
    assert not any(bind.writable for bind in environment.mounts)


def test_then_the_active_one_then_the_path(root: Path, base: Path, tmp_path: Path) -> None:
    virtual(tmp_path / "active", base)
    assert found(root, VIRTUAL_ENV=str(tmp_path / "active")).python == tmp_path / "active/bin/python"
    assert found(root, PATH=str(base / "bin")).python == base / "bin" / "python3.11"


def test_assays_own_environment_is_the_last_resort(
    root: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    virtual(tmp_path / "own", base)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "own"))
    monkeypatch.setattr(sys, "base_prefix", str(base))
    own = tmp_path / "own" / "bin"
    assert found(root, PATH=f"{own}:{base / 'bin'}").python == base / "bin" / "python3.11"
    assert found(root, PATH=str(own)).python == own / "python3"


def test_the_policy_names_one(root: Path, base: Path, tmp_path: Path) -> None:
    virtual(root / ".venv", base)
    virtual(root / "tools" / "env", base)
    for named in ("tools/env/bin/python", "tools/env", str(root / "tools/env")):
        assert found(root, Environment(python=named)).python == root / "tools/env/bin/python"


@pytest.mark.parametrize("named", ["missing/python", "/nonexistent", "plain"])
def test_a_missing_interpreter_is_refused(root: Path, named: str) -> None:
    (root / "plain").write_text("no program")
    with pytest.raises(BadInput, match="interpreter"):
        found(root, Environment(python=named))


def test_no_interpreter_at_all_is_refused(root: Path) -> None:
    with pytest.raises(BadInput, match="no Python interpreter"):
        found(root)


def test_directories_on_the_path_that_are_closed_to_the_user_are_passed_over(
    root: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    stat = os.stat

    def refusing(path: object, **options: bool) -> os.stat_result:
        if str(path).startswith(str(closed)):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("os.stat", refusing)  # root may look everywhere
    environment = found(root, PATH=f"{closed}{os.pathsep}{base / 'bin'}")
    assert environment.python.parent.parent == base


def test_linked_installations_are_shown_under_both_names(root: Path, base: Path, tmp_path: Path) -> None:
    alias = tmp_path / "python-latest"
    alias.symlink_to(base)
    virtual(root / ".venv", alias)
    assert shown(found(root)) == {root / ".venv": root / ".venv", alias: base, base: base}


def test_a_linked_virtual_environment_is_shown_where_it_is_expected(
    root: Path, base: Path, tmp_path: Path
) -> None:
    virtual(tmp_path / "elsewhere", base)
    (root / ".venv").symlink_to(tmp_path / "elsewhere")
    assert shown(found(root))[root / ".venv"] == tmp_path / "elsewhere"


def test_a_link_in_a_home_does_not_show_the_home(root: Path, base: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python3").symlink_to(base / "bin" / "python3")
    virtual(root / ".venv", home)
    places = shown(found(root))
    assert home not in places
    assert places[home / "bin" / "python3"] == base / "bin" / "python3.11"


def test_editable_installs_outside_of_the_tree_are_shown(root: Path, base: Path, tmp_path: Path) -> None:
    packages = virtual(root / ".venv", base)
    for name in ("library", "mapped", "inner"):
        (tmp_path / name).mkdir()
    (root / "src").mkdir()
    (packages / "a.pth").write_text(
        f"{tmp_path / 'library'}\n{root / 'src'}\n/nonexistent\nimport os\n#x\n/\n"
    )
    (packages / "__editable___m_finder.py").write_text(
        f"MAPPING: dict[str, str] = {{'m': {str(tmp_path / 'mapped')!r}, 'own': {str(root / 'src')!r}}}\n"
    )
    extra = set(shown(found(root))) - {root / ".venv", base}
    assert extra == {tmp_path / "library", tmp_path / "mapped"}


def worktree(main: Path, root: Path) -> None:
    """Make `root` look like a worktree that is linked to the repository at `main`."""
    linked = main / ".git" / "worktrees" / "w"
    linked.mkdir(parents=True)
    (linked / "commondir").write_text("../..\n")
    (root / ".git").write_text(f"gitdir: {linked}\n")


@pytest.mark.parametrize("how", ["worktree", "pyproject.toml", "setup.cfg"])
def test_invariant_5_an_install_from_another_checkout_leads_to_the_candidate(
    root: Path, base: Path, tmp_path: Path, how: str
) -> None:
    main = tmp_path / "main"
    (main / "src" / "deep").mkdir(parents=True)
    if how == "worktree":
        worktree(main, root)
    else:
        heading = "[project]" if how == "pyproject.toml" else "[metadata]"
        (main / how).write_text(f"{heading}\nname = 'The.Project'\n")
        (root / how).write_text(f"{heading}\nname = 'the-project'\n")
    packages = virtual(main / ".venv", base)
    (packages / "p.pth").write_text(f"{main / 'src' / 'deep'}\n{main / 'src'}\n{main}\n")
    environment = found(root, VIRTUAL_ENV=str(main / ".venv"))
    links = {bind.target: bind.source for bind in environment.mounts if bind.link}
    assert links == {main / "src": root / "src"}
    assert environment.imports[0] == root / "src" / "deep"
    assert main not in shown(environment)


def test_where_editable_installs_import_from(root: Path, base: Path, tmp_path: Path) -> None:
    packages = virtual(root / ".venv", base)
    (packages / "a.pth").write_text(f"{root / 'src'}\n{tmp_path / 'library'}\nimport os\n")
    (packages / "__editable___m_finder.py").write_text(
        f"MAPPING = {{'m': {str(root / 'lib' / 'm')!r}, 'other': {str(root / 'named')!r}}}\n"
    )
    plain = found(root)
    assert plain.imports == (root / "src", root / "lib")
    assert "PYTHONPATH" not in plain.variables
    assert plain.importing().variables["PYTHONPATH"] == f"{root / 'src'}:{root / 'lib'}"
    own = found(root, Environment(set={"PYTHONPATH": "/opt/x"})).importing()
    assert own.variables["PYTHONPATH"] == f"/opt/x:{root / 'src'}:{root / 'lib'}"


def test_an_install_from_another_project_is_no_checkout_of_this_one(
    root: Path, base: Path, tmp_path: Path
) -> None:
    for place, name in ((root, "one"), (tmp_path / "other", "two")):
        (place / "src").mkdir(parents=True)
        (place / ".git").mkdir()
        (place / "pyproject.toml").write_text(f"[project]\nname = '{name}'\n")
    packages = virtual(root / ".venv", base)
    (packages / "o.pth").write_text(f"{tmp_path / 'other' / 'src'}\n")
    assert shown(found(root))[tmp_path / "other" / "src"] == tmp_path / "other" / "src"


@pytest.mark.parametrize("editable", [False, True])
def test_invariant_5_an_installed_copy_does_not_stand_in_for_the_candidate(
    root: Path, base: Path, editable: bool
) -> None:
    (root / "pyproject.toml").write_text('[project]\nname = "Some.Thing"\n')
    (root / "src").mkdir()
    installed = virtual(root / ".venv", base) / "some_thing-1.0.dist-info"
    installed.mkdir()
    (installed / "direct_url.json").write_text('{"dir_info": {"editable": true}}' if editable else "{}")
    variables = found(root).variables
    assert variables.get("PYTHONPATH") == (None if editable else str(root / "src"))


def test_hostile_finders_are_not_run(root: Path, base: Path, tmp_path: Path) -> None:
    packages = virtual(root / ".venv", base)
    marker = tmp_path / "ran"
    (packages / "x.pth").write_text(f"import pathlib; pathlib.Path({str(marker)!r}).touch()\n")
    (packages / "__editable___x_finder.py").write_text(f"MAPPING = open({str(marker)!r}, 'w')\n")
    (packages / "__editable___y_finder.py").write_text("MAPPING = {\n")
    found(root)
    assert not marker.exists()


def test_variables_are_passed_and_set(root: Path, base: Path) -> None:
    virtual(root / ".venv", base)
    settings = Environment(pass_=("TOKEN", "ABSENT"), set={"PATH": "/only", "X": "1"})
    variables = found(root, settings, TOKEN="t", OTHER="o").variables
    assert variables == {"TOKEN": "t", "PATH": "/only", "X": "1", "VIRTUAL_ENV": str(root / ".venv")}


def test_further_paths_are_shown_and_must_exist(root: Path, base: Path, tmp_path: Path) -> None:
    virtual(root / ".venv", base)
    assert shown(found(root, Environment(read=(str(tmp_path / "python" / "lib"),))))
    for named in ("relative", str(tmp_path / "missing")):
        with pytest.raises(BadInput):
            found(root, Environment(read=(named,)))


def test_invariant_8_the_digest_follows_what_is_installed(root: Path, base: Path) -> None:
    packages = virtual(root / ".venv", base)
    seen = [found(root).digest]
    (packages / "thing-1.0.dist-info").mkdir()
    (packages / "thing-1.0.dist-info" / "RECORD").write_text("1")
    seen.append(found(root).digest)
    assert found(root).digest == seen[-1]
    (packages / "thing-1.0.dist-info" / "RECORD").write_text("12")
    seen.append(found(root).digest)
    (packages / "thing-1.0.dist-info").rename(packages / "thing-1.1.dist-info")
    seen.append(found(root).digest)
    seen.append(found(root, Environment(set={"X": "1"})).digest)
    os.utime(base / "bin" / "python3.11", (1, 1))
    seen.append(found(root).digest)
    assert len(set(seen)) == len(seen)


def test_invariant_8_the_digest_follows_what_is_shown_of_other_projects(
    root: Path, base: Path, tmp_path: Path
) -> None:
    packages = virtual(root / ".venv", base)
    sibling, data = tmp_path / "sibling", tmp_path / "data"
    for directory in (sibling, data):
        directory.mkdir()
        (directory / "held.py").write_text("1")
    (packages / "sibling.pth").write_text(f"{sibling}\n")
    settings = Environment(read=(str(data),))
    seen = [found(root, settings).digest]
    for directory in (sibling, data):
        (directory / "held.py").write_text("12")
        seen.append(found(root, settings).digest)
        (directory / "__pycache__").mkdir()
        (directory / "__pycache__" / "held.pyc").write_text("")
        assert found(root, settings).digest == seen[-1]
    assert len(set(seen)) == len(seen)


def test_processors_are_part_of_the_digest_as_far_as_there_are_any(
    root: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    virtual(root / ".venv", base)

    def seen(there: int, wanted: int) -> ProjectEnvironment:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(there)))
        return found(root, Environment(cpus=wanted))

    assert (seen(4, 2).cpus, seen(4, 2).variables["PYTHON_CPU_COUNT"]) == (2, "2")
    assert (seen(4, 0).cpus, "PYTHON_CPU_COUNT" in seen(4, 0).variables) == (0, False)
    assert seen(4, 0).digest != seen(8, 0).digest
    assert seen(4, 2).digest == seen(8, 2).digest
    assert seen(1, 2).digest != seen(8, 2).digest
