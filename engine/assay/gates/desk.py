"""Questions of many candidates to one warm worker: what waits while one is under way goes together.

Promises: nobody waits for company: a question that finds the desk free is asked at once, alone. A question
whose asker is cancelled takes no other with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import anyio

Q = TypeVar("Q")
A = TypeVar("A")

MOST = 64
"""Questions that are asked together at most, so that the first is not kept waiting by the last."""


class _Waiting(Generic[Q, A]):
    """One question, and its answer once there is one."""

    __slots__ = ("answers", "question")

    def __init__(self, question: Q) -> None:
        self.question = question
        self.answers: list[A] = []


class Desk(Generic[Q, A]):
    """`exchange` answers several questions in order. What it raises reaches the one whose turn it was; the
    others are asked again."""

    def __init__(self, exchange: Callable[[Sequence[Q]], Awaitable[Sequence[A]]]) -> None:
        self._exchange = exchange
        self._lock = anyio.Lock()
        self._waiting: list[_Waiting[Q, A]] = []

    async def ask(self, question: Q) -> A:
        """The answer to one question."""
        mine: _Waiting[Q, A] = _Waiting(question)
        self._waiting.append(mine)
        try:
            async with self._lock:
                if not mine.answers:
                    await self._next_wave(mine)
        finally:
            if mine in self._waiting:
                self._waiting.remove(mine)
        return mine.answers[0]

    async def _next_wave(self, mine: _Waiting[Q, A]) -> None:
        """Ask for everybody who waits, the caller first."""
        others = [each for each in self._waiting if each is not mine]
        wave = [mine, *others[: MOST - 1]]
        answers = await self._exchange([each.question for each in wave])
        for each, answer in zip(wave, answers, strict=True):
            each.answers.append(answer)
            self._waiting.remove(each)
