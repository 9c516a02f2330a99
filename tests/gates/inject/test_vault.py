"""What reaches the vault, and from whom. Each in an interpreter of its own: an audit hook stays."""

import ast
import subprocess
import sys

import pytest

from assay.gates.inject.held import source
from assay.gates.testing.run import injected

HEAD = """
import sys
names = {}
exec(compile(BOOT, "<string>", "exec"), names)
parts, codes = names["load"](TEXTS)
told, heard = [], []
def of_product(path):
    return path if path == "<product>" else ""
def tell(*what):
    told.append(what)
Vault, hooks = parts["vault"].Vault, parts["hooks"]
start, finish = hooks.pytest_runtest_logstart, hooks.pytest_runtest_logfinish
vault = Vault(codes, of_product, tell)
vault.serve("assay.start", heard.append)
vault.serve("assay.finish", heard.append, apart=True)
def product(text):
    space = {"start": start, "finish": finish, "sys": sys}
    exec(compile(text, "<product>", "exec"), space)
    return space
"""
PRODUCT = "<product>"


@pytest.fixture
def run():
    """Run this in an interpreter with the injected modules: what was heard, and what was told as amiss."""

    def run(text):
        script = f"BOOT = {source('boot')!r}\nTEXTS = {injected()!r}\n{HEAD}\n{text}\nprint((heard, told))"
        done = subprocess.run([sys.executable, "-"], input=script.encode(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return ast.literal_eval(done.stdout.decode())

    return run


def test_what_the_hooks_raise_is_heard(run):
    assert run("vault.lock(); start('a', None); finish('b', None)") == (["a", "b"], [])


def test_who_raises_the_events_himself_is_told_of_and_not_heard(run):
    text = 'vault.lock(); product(\'sys.audit("assay.start", "a")\')'
    assert run(text) == ([], [("the report", PRODUCT)])


def test_code_of_a_hook_that_is_made_to_raise_another_event_is_not_heard(run):
    text = """
vault.lock()
code = start.__code__
other = tuple("assay.finish" if one == "assay.start" else one for one in code.co_consts)
type(start)(code.replace(co_consts=other), {})("a", None)
"""
    assert run(text) == ([], [("the report", "")])


def test_who_calls_the_hooks_is_told_of_where_that_matters(run):
    text = 'vault.lock(); product(\'start("a", None); finish("b", None)\')'
    assert run(text) == (["a", "b"], [("what calls the hooks of the report", PRODUCT)])


def test_who_calls_the_hooks_is_told_of_when_frames_are_known(run):
    text = """
vault.lock()
for number in range(40):
    finish(str(number), None)
product("finish('x', None)")
"""
    heard, told = run(text)
    assert len(heard) == 41
    assert told == [("what calls the hooks of the report", PRODUCT)]


def test_what_a_hook_does_is_changed_by_no_name(run):
    text = """
vault.lock()
for space in (start.__globals__, start.__builtins__):
    space.clear()
start("a", None)
"""
    assert run(text) == (["a"], [])


def test_whoever_runs_while_the_vault_works_and_asks_for_frames_is_told_of(run):
    text = """
vault.serve("assay.start", product("def look(test): return sys._getframe(0)")["look"])
vault.lock()
start("a", None)
"""
    assert run(text) == ([], [("the frames of the reporter", PRODUCT)])


def test_frames_are_anybody_s_when_the_vault_is_at_rest(run):
    assert run("vault.lock(); start('a', None); product('sys._getframe(0)')") == (["a"], [])
