"""Shared by the tests of the grading room."""

import pytest
from tests.grade.fakes import FakeBench


@pytest.fixture
def bench():
    return FakeBench()
