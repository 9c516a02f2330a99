"""The clusters of a run: attempts at each task, compared by text, by tests and, if wanted, by probes.

Promises: runs nothing unless the policy asks for probes, and then only in jails (invariant 4), each different
tree that was accepted once; never changes a verdict. Probes that the machine could not make leave attempts
with those of their own text.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from assay.grade.engine import Bench
from assay.grade.equivalence import Forms
from assay.model.candidate import Candidate
from assay.model.report import Cluster
from assay.model.verdict import Decision, Verdict
from assay.patchset.alike.clusters import clusters, vector
from assay.patchset.alike.forms import OrderForms
from assay.patchset.alike.plan import plan
from assay.patchset.alike.probing import Answers, counted, observe, reliable, telling
from assay.patchset.alike.votes import tasks
from assay.policy.schema import Clusters
from assay.repo.globs import compile_globs

_TREES = 32
"""So many different trees of one task are probed at most; the others are told apart by their text."""


async def alike(
    bench: Bench, candidates: Sequence[Candidate], verdicts: Sequence[Verdict]
) -> dict[str, Cluster]:
    """The cluster of each candidate that is one of several attempts, by id."""
    if bench.policy.grade.clusters is Clusters.OFF:
        return {}
    decided = {verdict.candidate: verdict for verdict in verdicts}
    probed = bench.policy.grade.clusters is Clusters.PROBES
    found: dict[str, Cluster] = {}
    for attempts in tasks(candidates).values():
        answers = await _probe(bench, attempts, decided) if probed else {}
        unknown = any(
            vector(decided[attempt.id]) is None for attempt in attempts if _accepted(decided, attempt)
        )
        texts = _texts(bench, [a for a in attempts if _accepted(decided, a)] if probed or unknown else [])
        texts = [{attempt.id: (attempt.base.tree, attempt.tree) for attempt in attempts}, *texts]
        # Without a single call to make, tests are all there is.
        probes_said = probed and answers is not None
        for cluster in clusters(attempts, decided, texts, answers or {}, probed=probes_said):
            found |= dict.fromkeys(cluster.members, cluster)
    return found


def _accepted(decided: Mapping[str, Verdict], attempt: Candidate) -> bool:
    return decided[attempt.id].decision is Decision.ACCEPTED


def _texts(bench: Bench, attempts: Sequence[Candidate]) -> list[dict[str, Hashable]]:
    """What counts as one text besides the tree: forms up to formatting, forms up to order. Dear in proportion
    to the changed files, so that only attempts come here of which tests cannot tell who is chosen."""
    forms = Forms(bench.repo.blob, compile_globs(bench.policy.compile.exclude))
    exact = compile_globs((*bench.policy.tests.paths, *bench.policy.compile.exclude))
    orders = OrderForms(bench.repo.blob, exact)
    return [
        {attempt.id: (attempt.base.tree, forms.form(attempt)) for attempt in attempts},
        {attempt.id: (attempt.base.tree, orders.form(attempt)) for attempt in attempts},
    ]


async def _probe(
    bench: Bench, attempts: Sequence[Candidate], decided: Mapping[str, Verdict]
) -> dict[str, Answers] | None:
    """The answers that can tell accepted attempts apart, by tree; None if there is nothing to call."""
    base = attempts[0].base
    accepted = {
        str(attempt.tree): attempt
        for attempt in attempts
        if _accepted(decided, attempt) and attempt.base.tree == base.tree
    }
    distinct = list(accepted.values())[:_TREES]
    if len(distinct) < 2:
        return None
    calls = plan(bench.repo, distinct, compile_globs(bench.policy.tests.paths))
    if not calls:
        return None
    answers: dict[str, Answers] = {}
    for attempt in distinct:
        with bench.lease():
            seen = await observe(bench, str(attempt.tree), calls, attempt.name)
        if seen is not None:
            answers[str(attempt.tree)] = counted(calls, seen)
    answers = reliable(answers)
    runs = list(answers.values())
    if runs and not any(None not in column for column in zip(*runs, strict=True)):
        return None
    places = telling(runs)
    return {tree: tuple(seen[place] for place in places) for tree, seen in answers.items()}
