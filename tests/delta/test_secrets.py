from __future__ import annotations

import pytest

from assay.delta.secrets import HIDDEN, hide, scrub


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "'hunter2'"),
        ("DB_PASSWORD", "x"),
        ("jobs.publish.with.api-token", "abc"),
        ("clientSecret", "'q'"),
        ("tool.x.private_key", "k"),
        ("plain", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
        ("plain", "AKIAIOSFODNN7EXAMPLE"),
        ("plain", "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z"),
    ],
)
def test_what_may_be_a_secret_is_hidden(name, value):
    assert hide(name, value) == HIDDEN


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout", "30"),
        ("password", "${{ secrets.PYPI }}"),
        ("password", "None"),
        ("permissions.id-token", "write"),
        ("tokenizer", "'fast'"),
        ("keyboard", "'qwerty'"),
        ("rev", "0123456789abcdef0123456789abcdef01234567"),
        ("uses", "actions/checkout@v4"),
        ("module", "some_quite_long_module_name_of_forty_chars"),
    ],
)
def test_what_is_no_secret_is_shown(name, value):
    assert hide(name, value) == value


def test_passwords_in_addresses_are_hidden_wherever_they_stand():
    shown = scrub("pip install --index-url https://me:s3cret@host/simple x")
    assert "s3cret" not in shown
    assert "host/simple" in shown
