"""What a running train knows, besides what the ledger remembers: verdicts by tree, and who is put off.

Promises: losing all of it costs time and nothing else. A pass holds for its tree wherever the branch is, as
long as the policy is the same and nothing that fails on the old base was overlooked in it; a failure holds
on the tip that it was found on, and on the one that the train makes of it by landing what passed there: who
newly fails a test against the older newly fails it against the newer.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from assay.land.train.memory import Alone, Memory
from assay.land.train.schedule import Answer, Outcome
from assay.land.train.told import Teller, Told, What
from assay.model.candidate import Base, Candidate
from assay.model.verdict import Decision, Verdict
from assay.patchset.facts.library import Library
from assay.policy.schema import Policy
from assay.repo.repository import Repository
from assay.risk.background import Background
from assay.risk.chosen import usual
from assay.risk.prior import prior

ATTEMPTS = 3
"""So often a car may get no verdict before it is evicted."""
_AGAIN = 60.0
"""Seconds after which one that got no verdict is tried again, if the branch has not moved before."""
_LEAST, _MOST = 0.05, 0.98
"""No chance is taken to be less or more than this."""
_RISK, _DOUBT = 16.0, 4.0
"""What the whole way from no risk to the greatest takes of the odds, and what a suspected conflict does."""
_USUAL = 0.1
"""The risk of an ordinary diff, which moves no odds."""
_LEGS = 64
"""Facts of sources are read anew after so many legs: what is not asked for any more is not kept for ever."""


class Line:
    """The state of one train. Everything that leaves the queue leaves it here."""

    def __init__(self, memory: Memory, tell: Teller) -> None:
        self.memory = memory
        self.landed = 0
        self.tip = ""
        """Where the train last saw or put the branch."""
        self.evicted = 0
        self.undecided = 0
        self.overtaken = False
        """Whether others have moved the branch, and who waits was not compared with that yet."""
        self.waited: set[str] = set()
        """Who has let others go first."""
        self._tell = tell
        self._library: Library | None = None
        self._legs = 0
        self._passed: dict[tuple[str, str], str | None] = {}
        self._answers: dict[tuple[str, str, str], Answer] = {}
        self._put_off: dict[str, tuple[str, float]] = {}
        self._unsure: dict[str, int] = {}
        self._problems: set[str] = set()

    def waits(self, key: str, base: Base) -> bool:
        """Whether a car is in the queue and not put off on this base."""
        tree, moment = self._put_off.get(key, ("", 0.0))
        return not self.memory.left(key) and (tree != base.tree or time.monotonic() - moment > _AGAIN)

    def answer(self, policy: Policy, base: Base, tree: str) -> Answer | None:
        """What is known of a tree on this base."""
        passed_on = self._passed.get((policy.digest, tree), "")
        if passed_on is None or passed_on == base.tree:
            return Answer(outcome=Outcome.PASSED)
        return self._answers.get((policy.digest, base.tree, tree))

    def learn(self, policy: Policy, base: Base, tree: str, verdict: Verdict) -> None:
        """Keep the verdict on a tree."""
        if verdict.decision is Decision.ACCEPTED:
            overlooked = any(result.detail.get("pre_existing") for result in verdict.gates)
            self._passed[policy.digest, tree] = base.tree if overlooked else None
            return
        rejected = verdict.decision is Decision.REJECTED
        outcome = Outcome.FAILED if rejected else Outcome.UNSURE
        answer = Answer(outcome=outcome, why=verdict.reason, lasting=_newly_failing(verdict))
        self._answers[policy.digest, base.tree, tree] = answer

    def carry(self, policy: Policy, old: Base, new: Base) -> None:
        """The train moves the branch from `old` to `new`, whose tree passed: what failed by tests then fails
        still, and is not run again."""
        if self._passed.get((policy.digest, new.tree), "") is not None:
            return
        for (digest, base, tree), answer in list(self._answers.items()):
            if (digest, base) == (policy.digest, old.tree) and answer.lasting:
                self._answers[digest, new.tree, tree] = answer

    def alone(self, policy: Policy, key: str) -> Alone | None:
        """What a car's verdict alone was, if it passed under this policy on some tip. That is not asked again
        on later ones unless they have to do with it: nothing lands by it."""
        known = self.memory.alone.get(key)
        return known if known is not None and known.policy == policy.digest else None

    def accept(self, policy: Policy, key: str, candidate: Candidate, verdict: Verdict) -> None:
        """A car passed alone."""
        self.memory.alone[key] = Alone(policy=policy.digest, candidate=candidate, verdict=verdict)

    def look_again(self, key: str, name: str, why: str, base: Base) -> None:
        """A car is to be graded alone anew, since what others have pushed may have to do with it."""
        self.memory.alone.pop(key, None)
        self._tell(Told(what=What.TOUCHED, name=name, key=key, why=why, commit=base.commit or ""))

    def let_go_first(self, key: str, name: str, why: str, base: Base) -> None:
        """A car lets others go first, this once."""
        self.waited.add(key)
        self._tell(Told(what=What.WAITS, name=name, key=key, why=why, commit=base.commit or ""))

    def blame(self, key: str, why: str, base: Base) -> str:
        """Why a car fails on this base, and where it did not."""
        known = self.memory.alone.get(key)
        before = known.candidate.base if known is not None else None
        if before is None or before.commit is None or before.tree == base.tree:
            return why
        return f"it passed on {before.commit[:12]}, and fails with what has landed since: {why}"

    def chance(self, repo: Repository, candidate: Candidate, rate: float, *, doubtful: bool) -> float:
        """How likely a car is to pass with others: `rate` is the share of this repository's that did. Its
        risk moves the odds, as does a suspected conflict; neither is a measure of just this."""
        found = prior(repo, candidate, Background(models=usual()))
        risk = found.probability if found is not None else _USUAL
        odds = rate / (1.0 - rate) * math.pow(_RISK, _USUAL - risk)
        if doubtful:
            odds /= _DOUBT
        return min(_MOST, max(_LEAST, odds / (1.0 + odds)))

    def library(self, repo: Repository) -> Library:
        """The facts of sources, kept from leg to leg: only what is new is read."""
        if self._library is None or self._legs >= _LEGS:
            self._library, self._legs = Library(repo.blob), 0
        self._legs += 1
        return self._library

    def land(self, names: dict[str, str], commit: str, tasks: Mapping[str, str] | None = None) -> None:
        """These have landed, with these tasks (by the names of who did them), and the journal knows."""
        self.memory.tasks.update(tasks or {})
        self.memory.landed.update(names)
        self.landed += len(names)
        self.tip = commit
        for key, name in names.items():
            self._tell(Told(what=What.LANDED, name=name, key=key, commit=commit))

    def evict(self, key: str, name: str, why: str, base: Base) -> None:
        """This one has left for good, and the journal knows."""
        self.memory.evicted[key] = why
        self.evicted += 1
        self._tell(Told(what=What.EVICTED, name=name, key=key, why=why, commit=base.commit or ""))

    def put_off(self, key: str, name: str, why: str, base: Base) -> bool:
        """Pass a car over on this base; False if that was done too often for it."""
        self._unsure[key] = self._unsure.get(key, 0) + 1
        if self._unsure[key] >= ATTEMPTS:
            return False
        self._put_off[key] = (base.tree, time.monotonic())
        self._answers = {known: a for known, a in self._answers.items() if a.outcome is not Outcome.UNSURE}
        self._tell(Told(what=What.PUT_OFF, name=name, key=key, why=why, commit=base.commit or ""))
        return True

    def at(self, commit: str) -> None:
        """The branch is here now; where the train did not put it there, that is told."""
        self.overtaken = self.overtaken or not self.tip
        if self.tip and commit != self.tip:
            self.overtaken = True
            self._tell(Told(what=What.MOVED, why="the branch was moved by somebody else", commit=commit))
        self.tip = commit

    def forget(self, base: Base, policy: Policy) -> None:
        """Drop what cannot be asked for on this base under this policy."""
        self._answers = {k: a for k, a in self._answers.items() if k[:2] == (policy.digest, base.tree)}
        self._passed = {k: on for k, on in self._passed.items() if k[0] == policy.digest}
        self.memory.alone = {
            k: known
            for k, known in self.memory.alone.items()
            if known.policy == policy.digest and not self.memory.left(k)
        }
        self.waited = {key for key in self.waited if not self.memory.left(key)}

    def problems(self, sentences: tuple[str, ...]) -> None:
        """Tell what is wrong with the sources or the work tree, once as long as it lasts."""
        for sentence in sentences:
            if sentence not in self._problems:
                self._tell(Told(what=What.PROBLEM, why=sentence))
        self._problems = set(sentences)


def _newly_failing(verdict: Verdict) -> bool:
    """Whether a rejection is one by tests that fail, and not on the base."""
    told = ("newly_failing", "own_missing")
    by = (result.detail for result in verdict.gates if result.gate == verdict.rejected_by)
    return any(detail.get(name) for detail in by for name in told)
