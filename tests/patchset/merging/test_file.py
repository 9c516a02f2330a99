from __future__ import annotations

import pytest

from assay.patchset.merging.file import MergedFile, Unmergeable, merge_file
from assay.patchset.merging.reasons import Reason


def merged(path: str, base: str, ours: str, theirs: str) -> str | Reason:
    """The text that comes out, the same both ways round, or the reason why none does."""
    versions = base.encode(), ours.encode(), theirs.encode()
    found = merge_file(path, *versions)
    back = merge_file(path, versions[0], versions[2], versions[1])
    if isinstance(found, Unmergeable):
        assert isinstance(back, Unmergeable) and found.why
        return found.reason
    assert isinstance(back, MergedFile) and back.data == found.data
    return found.data.decode()


def at(base: str, mark: str, ours: str, theirs: str) -> tuple[str, str, str]:
    """A base without its mark, and both sides with their text in its place."""
    return base.replace(mark, ""), base.replace(mark, ours), base.replace(mark, theirs)


MODULE = """\
import os
import re
@imports
from pkg import alpha, beta@names

__all__ = ["alpha", "beta"@all]
SIZES = {
    "small": 1,
    "large": 9,
@sizes}


class Colour(Enum):
    RED = 1
    BLUE = 2
@members

class Shape:
    kind = "shape"
@attributes
    def area(self):
        return 0
@methods

register(Shape)
@calls

def use(a, b):
    return os.path.join(a, re.escape(b))
@functions"""


def module(**marks: str) -> str:
    text = MODULE
    for name in (
        "imports",
        "names",
        "all",
        "sizes",
        "members",
        "attributes",
        "methods",
        "calls",
        "functions",
    ):
        text = text.replace(f"@{name}", marks.get(name, ""))
    return text


def of_module(ours: dict[str, str], theirs: dict[str, str]) -> str | Reason:
    return merged("m.py", module(), module(**ours), module(**theirs))


@pytest.mark.parametrize(
    ("ours", "theirs", "result"),
    [
        ({"imports": "import sys\n"}, {"imports": "import io\n"}, {"imports": "import io\nimport sys\n"}),
        ({"names": ", gamma"}, {"names": ", delta"}, {"names": ", delta, gamma"}),
        ({"all": ', "zeta"'}, {"all": ', "gamma"'}, {"all": ', "gamma", "zeta"'}),
        (
            {"sizes": '    "b": 3,  # b\n'},
            {"sizes": "    'a': 4,\n"},
            {"sizes": "    \"b\": 3,  # b\n    'a': 4,\n"},
        ),
        ({"members": "    X = 4\n"}, {"members": "    Y = 3\n"}, {"members": "    Y = 3\n    X = 4\n"}),
        (
            {"attributes": "    b = 1\n"},
            {"attributes": "    a = 1\n"},
            {"attributes": "    a = 1\n    b = 1\n"},
        ),
        (
            {"methods": "\n    def b(self):\n        pass  # b\n"},
            {"methods": "\n    # a\n    def a(self):\n        pass\n"},
            {"methods": "\n    # a\n    def a(self):\n        pass\n\n    def b(self):\n        pass  # b\n"},
        ),
        ({"calls": "register(B)\n"}, {"calls": "register(A)\n"}, {"calls": "register(A)\nregister(B)\n"}),
        (
            {"functions": "\n\ndef test_b():\n    assert 1\n"},
            {"functions": "\n\n@mark\ndef test_a():\n    assert 2\n"},
            {"functions": "\n\n@mark\ndef test_a():\n    assert 2\n\n\ndef test_b():\n    assert 1\n"},
        ),
    ],
    ids=["imports", "names", "__all__", "keys", "members", "attributes", "methods", "calls", "functions"],
)
def test_what_both_add_at_one_place_goes_one_after_the_other(
    ours: dict[str, str], theirs: dict[str, str], result: dict[str, str]
) -> None:
    assert of_module(ours, theirs) == module(**result)


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        ({"imports": "from a import x\n"}, {"imports": "from b import x\n"}, Reason.DUPLICATE),
        ({"names": ", one as x"}, {"names": ", two as x"}, Reason.DUPLICATE),
        ({"sizes": '    "mid": 3,\n'}, {"sizes": '    "mid": 4,\n'}, Reason.SAME_NAME),
        ({"sizes": '    "a": 3,\n'}, {"sizes": '    "b": 3,\n'}, Reason.NUMBER),
        ({"sizes": '    "a": 3,\n'}, {"sizes": "    'a': 4,\n"}, Reason.DUPLICATE),
        ({"members": "    X = 3\n"}, {"members": "    Y = 3\n"}, Reason.NUMBER),
        (
            {"methods": "\n    def a(self):\n        pass\n"},
            {"methods": "\n    def a(self):\n        1\n"},
            Reason.SAME_NAME,
        ),
        (
            {"methods": "\n    def a(self):\n        pass\n"},
            {"methods": "\n    @property\n    def a(self):\n        pass\n"},
            Reason.SAME_NAME,
        ),
        ({"attributes": "    a = 1\n"}, {"attributes": "    b = a\n"}, Reason.ORDER),
        ({"calls": "register(B)\n"}, {"calls": "unregister(A)\n"}, Reason.ORDER),
        (
            {"functions": "\n\ndef open():\n    pass\n"},
            {"functions": "\n\ndef a():\n    open('x')\n"},
            Reason.NAMES,
        ),
        (
            {"functions": "\n\ndef a(): pass\n"},
            {"methods": "\n    def q(self):\n        return a()\n", "functions": "\n\nx = 1\n"},
            Reason.NAMES,
        ),
    ],
)
def test_what_cannot_stand_together_stays_a_conflict(
    ours: dict[str, str], theirs: dict[str, str], reason: Reason
) -> None:
    assert of_module(ours, theirs) is reason
