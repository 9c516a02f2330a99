"""What looks for files and modules is heard, in a process of its own: it stays replaced there."""

import json
import subprocess
import sys

import pytest

from assay.gates.inject import lookups

LOOKS = {
    "os.path.exists('there')": "there",
    "os.path.isfile('there')": "there",
    "os.lstat('.')": ".",
    "os.access('there', os.R_OK)": "there",
    "pathlib.Path('there').is_dir()": "there",
    "os.stat('there', dir_fd=os.open('.', os.O_RDONLY))": "there",
    "__import__('xyz')": "xyz",
    "importlib.import_module('xyz.abc')": "xyz",
    "importlib.util.find_spec('xyz')": "xyz",
    "__import__('json', fromlist=['nothing'])": "json.nothing",
}

PROGRAM = """
import contextlib, importlib, importlib.util, json, os, pathlib, sys
import json as _
sys.path.insert(0, {place!r})
import lookups

heard = []
whole = lookups.Lookups(lambda path, directory: heard.append(str(path)), heard.append).start()
found = {{}}
for look in {looks!r}:
    del heard[:]
    with contextlib.suppress(OSError, ImportError):
        eval(look)
    found[look] = list(heard)
known = [os.stat in about for about in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks)]
print(json.dumps([whole, found, known]))
"""


@pytest.fixture(scope="module")
def told():
    place = lookups.__file__.rpartition("/")[0]
    program = PROGRAM.format(place=place, looks=list(LOOKS))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return json.loads(done.stdout)


def test_nothing_escapes(told):
    assert told[0] is True


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_is_heard(told, look):
    assert LOOKS[look] in told[1][look]


def test_what_takes_its_place_can_do_what_it_could(told):
    assert told[2] == [True, True, True]


def test_errors_are_the_original_s(tmp_path):
    program = PROGRAM.split("found =")[0].format(place=lookups.__file__.rpartition("/")[0])
    program += (
        "try:\n    os.stat('nowhere')\nexcept OSError as error:\n    print(error.errno, error.filename)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == [b"2", b"nowhere"]
