"""What a test file says that it replaces for longer than a test."""

import textwrap

import pytest

from assay.gates.inject.patches import replaces

WIDE = "@pytest.fixture(scope='module', autouse=True)\ndef quick():\n"
OTHERS = (
    "",
    "def quick():\n",
    "def test_quick():\n",
    "@pytest.fixture\ndef quick():\n",
    "@pytest.fixture(scope='function')\ndef quick():\n",
    "@pytest.fixture(autouse=True)\ndef quick():\n",
    "class A:\n  def setUp(self):\n",
)
PATCH = "mock.patch('time.sleep').start()"


def said(head, text):
    return replaces((head + textwrap.indent(text, "    " if head else "")).encode(), "time", "sleep")


@pytest.mark.parametrize(
    "text",
    [
        PATCH,
        "mock.patch('lib.core.time.sleep').start()",
        "with mock.patch.object(time, 'sleep'): yield",
        "mocker.patch.object(lib.time, 'sleep', autospec=True)",
        "monkeypatch.setattr(time, 'sleep', print)",
        "monkeypatch.setattr('time.sleep', print)",
        "monkeypatch.delattr(time, 'sleep')",
        "lib.time.sleep = print",
    ],
)
def test_what_replaces_it(text):
    assert said(WIDE, text)


@pytest.mark.parametrize(
    "text",
    [
        "pass",
        "time.sleep(1)",
        "getattr(time, 'sleep')",
        "hasattr(time, 'sleep')",
        "print(sleep)",
        "mock.patch('overtime.sleep')",
        "mock.patch('time.sleeper')",
        "mock.patch.object(other, 'sleep')",
        "mock.patch('sleep')",
        "other.sleep = print",
        "'time.sleep'",
        "sleep: (",
    ],
)
def test_what_does_not(text):
    assert not said(WIDE, text)


@pytest.mark.parametrize(
    "head",
    [
        "class A:\n  @classmethod\n  def setUpClass(cls):\n",
        "def setup_module():\n",
        "@fixture(scope='session')\nasync def quick():\n",
    ],
)
def test_what_more_than_one_test_sees(head):
    assert said(head, PATCH)


@pytest.mark.parametrize("head", OTHERS)
def test_what_is_over_with_a_test(head):
    assert not said(head, PATCH)


def test_a_decorated_test():
    assert not replaces(b"@mock.patch('time.sleep')\ndef test(sleep): pass", "time", "sleep")


def test_a_part_of_a_class():
    def quick(text):
        return replaces((WIDE + "    " + text).encode(), "subprocess.Popen", "wait")

    assert quick("mock.patch('subprocess.Popen.wait')")
    assert quick("mock.patch.object(subprocess.Popen, 'wait')")
    assert not quick("mock.patch.object(threading.Thread, 'wait')")
