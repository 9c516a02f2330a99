"""What a running train knows, besides what the ledger remembers: verdicts by tree, and who is put off.

Promises: losing all of it costs time and nothing else. A pass holds for its tree wherever the branch is, as
long as the policy is the same and nothing that fails on the old base was overlooked in it; a failure holds
on the tip that it was found on.
"""

from __future__ import annotations

import time

from assay.land.train.memory import Memory
from assay.land.train.schedule import Answer, Outcome
from assay.land.train.told import Teller, Told, What
from assay.model.candidate import Base, Candidate
from assay.model.verdict import Decision, Verdict
from assay.policy.schema import Policy
from assay.repo.repository import Repository
from assay.risk.score import assess

ATTEMPTS = 3
"""So often a car may get no verdict before it is evicted."""
_AGAIN = 60.0
"""Seconds after which one that got no verdict is tried again, if the branch has not moved before."""
_LIKELY, _UNLIKELY = 0.95, 0.3


class Line:
    """The state of one train. Everything that leaves the queue leaves it here."""

    def __init__(self, memory: Memory, tell: Teller) -> None:
        self.memory = memory
        self.landed = 0
        self.tip = ""
        """Where the train last saw or put the branch."""
        self.evicted = 0
        self.undecided = 0
        self.alone: dict[tuple[str, str], Verdict] = {}
        self._tell = tell
        self._alone_on: dict[str, Base] = {}
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
        self._answers[policy.digest, base.tree, tree] = Answer(outcome=outcome, why=verdict.reason)

    def accept(self, policy: Policy, base: Base, key: str, verdict: Verdict) -> None:
        """A car passed alone. That is not asked again on later tips: nothing lands by it alone."""
        self.alone[policy.digest, key] = verdict
        self._alone_on[key] = base

    def blame(self, key: str, why: str, base: Base) -> str:
        """Why a car fails on this base, and where it did not."""
        before = self._alone_on.get(key)
        if before is None or before.commit is None or before.tree == base.tree:
            return why
        return f"it passed on {before.commit[:12]}, and fails with what has landed since: {why}"

    def chance(self, repo: Repository, policy: Policy, candidate: Candidate, key: str) -> float:
        """How likely a car is to pass with others: by its risk score, which is a judgement and no measure."""
        verdict = self.alone.get((policy.digest, key))
        score = assess(repo, candidate, policy, verdict.gates if verdict is not None else ()).score
        return _LIKELY - (_LIKELY - _UNLIKELY) * score

    def land(self, names: dict[str, str], commit: str) -> None:
        """These have landed, and the journal knows."""
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
        if self.tip and commit != self.tip:
            self._tell(Told(what=What.MOVED, why="the branch was moved by somebody else", commit=commit))
        self.tip = commit

    def forget(self, base: Base, policy: Policy) -> None:
        """Drop what cannot be asked for on this base under this policy."""
        self._answers = {k: a for k, a in self._answers.items() if k[:2] == (policy.digest, base.tree)}
        self._passed = {k: on for k, on in self._passed.items() if k[0] == policy.digest}
        self.alone = {
            k: verdict
            for k, verdict in self.alone.items()
            if k[0] == policy.digest and not self.memory.left(k[1])
        }
        self._alone_on = {k: on for k, on in self._alone_on.items() if not self.memory.left(k)}

    def problems(self, sentences: tuple[str, ...]) -> None:
        """Tell what is wrong with the sources or the work tree, once as long as it lasts."""
        for sentence in sentences:
            if sentence not in self._problems:
                self._tell(Told(what=What.PROBLEM, why=sentence))
        self._problems = set(sentences)
