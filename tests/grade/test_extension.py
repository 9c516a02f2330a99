"""A C extension that a prepare step builds in place, its tests, and git beside it: in real jails."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from pathlib import Path

import pytest
from tests.grade.projects import Benches, Project

from assay.grade.workbench import Workbench
from assay.model.tool import ToolCall
from assay.policy.schema import Environment, GitView, Policy, Prepare
from assay.sandbox.spec import JailCommand

pytestmark = [
    pytest.mark.jail,
    pytest.mark.skipif(
        shutil.which("gcc") is None or not Path(sysconfig.get_path("include"), "Python.h").exists(),
        reason="no compiler, or no headers of Python",
    ),
]

SETUP = b"""\
from setuptools import Extension, setup

setup(name="quick", version="1", packages=["quick"], ext_modules=[Extension("quick._c", ["quick/_c.c"])])
"""
SOURCE = b"""\
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *none) { return PyLong_FromLong(41); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_c", 0, -1, methods};
PyMODINIT_FUNC PyInit__c(void) { return PyModule_Create(&module); }
"""
FILES = {
    "setup.py": SETUP,
    "quick/__init__.py": b"from quick._c import answer\n",
    "quick/_c.c": SOURCE,
    ".gitignore": b"*.so\nbuild/\n",
}
POLICY = Policy(
    name="test",
    environment=Environment(git=GitView.SYNTHETIC),
    prepare=(
        Prepare(run=("python", "setup.py", "-q", "build_ext", "--inplace"), inputs=("setup.py", "**/*.c")),
    ),
)
ENVIRON = {"VIRTUAL_ENV": sys.prefix, "PATH": f"{sys.prefix}/bin:/usr/bin:/bin"}


@pytest.fixture(scope="module")
def _setuptools() -> None:
    pytest.importorskip("setuptools")


def asked(project: Project, tree: str, *argv: str):
    async def work(bench: Workbench) -> ToolCall:
        environment = await bench.environment()
        with bench.lease():
            return await bench.sandbox.run(
                JailCommand(
                    label="test",
                    argv=argv,
                    root=project.repo.root,
                    stack=await bench.stack(tree),
                    binds=environment.mounts,
                    variables=environment.variables,
                )
            )

    return work


@pytest.mark.usefixtures("_setuptools")
@pytest.mark.parametrize("isolation", [None, "none"])
def test_an_extension_is_built_once_for_whom_it_is_the_same(tmp_path: Path, isolation: str | None) -> None:
    project, benches = Project(tmp_path / "project", FILES), Benches(tmp_path)
    project.git.create_reference("refs/tags/v3", project.git.head.target)
    same = project.tree({"quick/__init__.py": b"from quick._c import answer\n\nother = 1\n"})
    own = project.tree({"quick/_c.c": SOURCE.replace(b"41", b"42")})
    script = "python -c 'import quick; print(quick.answer())' && git describe --tags --dirty && git status -s"
    said = [
        benches.jailed(project, POLICY, asked(project, tree, "sh", "-c", script), ENVIRON, isolation)
        for tree in (project.base.tree, same, own, same)
    ]
    assert [call.stdout.split() for call in said] == [
        [b"41", b"v3"],
        [b"41", b"v3"],
        [b"42", b"v3"],
        [b"41", b"v3"],
    ], [call.stderr for call in said]
    assert [call.label for call in benches.calls].count("prepare") == 2
    assert not list(project.path.rglob("*.so"))
