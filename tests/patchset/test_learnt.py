"""Groups that failed together, remembered over runs and bases."""

from __future__ import annotations

import pytest
from tests.patchset.support import Lab

from assay.patchset.learnt import KEY, Groups, edit, learn, remembered

pytestmark = pytest.mark.anyio


class Store(dict):
    async def recall(self, key):
        return self.get(key)

    async def remember(self, key, value):
        self[key] = value


@pytest.fixture
def people(lab: Lab):
    return [lab.candidate(name, {f"{name}.py": b"x = 1\n"}) for name in ("n-a", "n-b", "n-c", "n-d")]


async def test_a_group_is_known_again_with_other_names_and_in_the_order_given(lab, people):
    store = Store()
    await learn(store.recall, store.remember, [people[:2]])
    await learn(store.recall, store.remember, [people[1:4]])
    found = (await remembered(store.recall)).among(people[::-1])
    assert found == (("id-n-d", "id-n-c", "id-n-b"), ("id-n-b", "id-n-a"))
    assert (await remembered(store.recall)).among(people[1:3]) == ()


def test_an_edit_is_the_same_on_another_base(tmp_path, people):
    other = Lab(tmp_path / "other", {"unrelated.py": b"y = 2\n"})
    assert edit(other.candidate("new", {"n-a.py": b"x = 1\n"})) == edit(people[0])
    assert edit(other.candidate("new", {"n-a.py": b"x = 2\n"})) != edit(people[0])


async def test_the_oldest_are_forgotten_and_damage_is_no_memory(people):
    groups = Groups()
    for _ in range(3):
        groups = groups.after([people[:2]])
    assert len(groups.groups) == 1
    assert await remembered(Store({KEY: b"rubbish"}).recall) == Groups()
