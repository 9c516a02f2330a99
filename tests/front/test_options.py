from __future__ import annotations

import pytest

from assay.front.options import project_environment


@pytest.mark.parametrize(
    ("environ", "kept"),
    [
        ({"VIRTUAL_ENV": "/own"}, True),
        ({"VIRTUAL_ENV": "/own", "PRE_COMMIT": "1"}, False),
        ({"VIRTUAL_ENV": "/the/users", "PRE_COMMIT": "1"}, True),
    ],
)
def test_only_the_environment_that_pre_commit_made_for_us_is_no_place_for_the_projects_python(environ, kept):
    environ = {**environ, "PATH": "/bin"}
    found = project_environment(environ, "/own")
    assert found["PATH"] == "/bin"
    assert ("VIRTUAL_ENV" in found) is kept
