"""Fakes for the grading room: a bench without jails, and gates that answer as told."""

from contextlib import contextmanager
from types import SimpleNamespace

import anyio

from assay.grade.once import OnceMap
from assay.model.candidate import Base, Candidate
from assay.model.event import nobody
from assay.model.outcome import Outcome, failed, passed
from assay.model.tool import Isolation, Tier
from assay.policy.schema import Policy

BASE = Base(commit=None, tree="b" * 40)


class FakeBench:
    """A toolbox whose memory is a dictionary."""

    def __init__(self, gates=("one", "two")):
        self.base = BASE
        self.policy = Policy(name="test", digest="p", gates=tuple(gates))
        self.observer = nobody
        self.sandbox = SimpleNamespace(isolation=Isolation(backend="fake", tier=Tier.NONE))
        self.memory = {}
        self.leases = 0
        self._once = OnceMap()

    async def environment(self):
        return SimpleNamespace(digest="e")

    async def once(self, key, make):
        return await self._once.get(key, make)

    async def recall(self, key):
        return self.memory.get(key)

    async def remember(self, key, value):
        self.memory[key] = value

    @contextmanager
    def lease(self):
        self.leases += 1
        try:
            yield
        finally:
            self.leases -= 1


class FakeGate:
    """Answers with what `answers` holds for a candidate: a result, an exception, or `hang`."""

    def __init__(self, name, **answers):
        self.name = name
        self.answers = answers
        self.ran = []
        self.cancelled = []

    async def version(self, _toolbox):
        return "1"

    async def run(self, _toolbox, candidate):
        self.ran.append(candidate.name)
        answer = self.answers.get(candidate.name, "pass")
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if answer == "hang":
            try:
                await anyio.sleep_forever()
            finally:
                self.cancelled.append(candidate.name)
        if isinstance(answer, Exception):
            raise answer
        if answer == "pass":
            return passed(self.name, evidence={"n": 1})
        if answer is Outcome.FAILED:
            return failed(self.name, f"{candidate.name} is bad")
        return answer


def make_candidate(name, tree=None, equivalent_to=None):
    letter = format(sum(name.encode()) % 16, "x")
    return Candidate(
        id=name,
        name=name,
        source=name,
        base=BASE,
        tree=tree or (letter * 30 + name.encode().hex().ljust(10, "0")[:10]),
        equivalent_to=equivalent_to,
    )
