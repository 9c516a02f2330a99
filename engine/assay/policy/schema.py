"""The shape of a policy: frozen records with every default written down once.

Promises: pure data, no I/O. Sizes are bytes, times are seconds. Globs are matched against '/'-separated
paths relative to the repository's root, `**` crossing directories.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import field

from assay.model.candidate import Record
from assay.model.outcome import Severity
from assay.policy.stakes import EvidenceRules, RiskRules

MIB = 1024 * 1024


class Limits(Record, frozen=True, kw_only=True):
    """What one jailed program may use. 0 means: no limit of this kind."""

    seconds: float = 600.0
    cpu_seconds: float = 0.0
    memory: int = 2048 * MIB
    pids: int = 512
    file_size: int = 1024 * MIB
    open_files: int = 4096
    output: int = 16 * MIB
    scratch: int = 1024 * MIB
    """The largest size of the private /tmp, and of /dev/shm and the home directory; together they are kept
    well within `memory`, since that is what they are made of."""
    disk: int = 4096 * MIB
    """What the program may add to its tree, in all."""
    files: int = 200_000
    """How many files and directories it may add to its tree, and to each of its private file systems."""


class GitView(StrEnum):
    """What a test sees of git: nothing, or a one-commit repository without other history."""

    NONE = "none"
    SYNTHETIC = "synthetic"


class Environment(Record, frozen=True, kw_only=True):
    """The project's own interpreter and what a jail shows of the host."""

    python: str = ""
    """Path of the interpreter, relative to the root or absolute.

    Empty: the first of .venv, venv, $VIRTUAL_ENV, python3."""
    set: dict[str, str] = field(default_factory=dict)
    pass_: tuple[str, ...] = field(default=(), name="pass")
    """Names of host environment variables that are visible inside."""
    read: tuple[str, ...] = ()
    """Further absolute host paths that are visible inside, read-only."""
    git: GitView = GitView.NONE
    cpus: int = 0
    """So many processors at most are there for tests; 0: those of the host."""


class Prepare(Record, frozen=True, kw_only=True):
    """A command run once per base, in a jail, whose output in the tree later jails see."""

    run: tuple[str, ...]
    inputs: tuple[str, ...] = ("**",)
    """Globs of the files that the output depends on."""


class Scope(Record, frozen=True, kw_only=True):
    """What a candidate may touch. `severity` maps a rule of the scope gate to what breaking it does."""

    protected: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    """If not empty, every changed path must match one of these."""
    max_files: int = 0
    max_lines: int = 0
    max_blob: int = 0
    severity: dict[str, Severity] = field(default_factory=dict)


class Compile(Record, frozen=True, kw_only=True):
    """The compile gate."""

    exclude: tuple[str, ...] = ()


class Lint(Record, frozen=True, kw_only=True):
    """The lint gate. `config` names ruff's configuration on the base; empty: as ruff finds it."""

    config: str = ""
    exclude: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR
    """What a new finding does."""
    warm: bool = True
    """One jail lints the candidates of a run, in waves, instead of a jail for each. The findings are the
    same."""


class Security(Record, frozen=True, kw_only=True):
    """The security gate. A finding counts if it reaches both thresholds (`low`, `medium`, `high`)."""

    config: str = ""
    exclude: tuple[str, ...] = ()
    min_severity: str = "medium"
    min_confidence: str = "medium"
    severity: Severity = Severity.ERROR
    """What a new finding does."""
    tests: Severity = Severity.WARNING
    """What it does in a test file, where it is not worse than elsewhere: tests take pickles apart, start
    programs and listen on all addresses in order to test that."""


class NoTests(StrEnum):
    """What it means that the base has no test at all."""

    SKIP = "skip"
    INCONCLUSIVE = "inconclusive"


class FlakyRule(StrEnum):
    """What follows when a newly failing test does not fail again."""

    TOLERATE = "tolerate"
    INCONCLUSIVE = "inconclusive"


class Select(StrEnum):
    """Which candidates run only those tests that their diff can affect."""

    MANY = "many"
    """Those that are graded together with others. What is about to land runs everything."""
    ALWAYS = "always"
    NEVER = "never"


class Tests(Record, frozen=True, kw_only=True):
    """The tests gate: the project's pytest with our reporter."""

    args: tuple[str, ...] = ()
    """Appended to pytest's command line, for example the directory to run."""
    paths: tuple[str, ...] = (
        "tests/**",
        "test/**",
        "**/tests/**",
        "**/test_*.py",
        "**/*_test.py",
        "**/conftest.py",
    )
    """Globs of what counts as a test file."""
    from_base: bool = False
    """Only the base's tests decide: test files are as on the base, the candidate's own are absent; its own
    new tests run apart (output of a model)."""
    own: Severity = Severity.ERROR
    """With `from_base`: what a failing new test of the candidate's own does."""
    weakened: Severity = Severity.WARNING
    """Without `from_base`: what it does that the base's version of a changed test fails."""
    trust: bool = False
    """The user vouches for changed tests (`--trust-tests`): they count as the candidate has them."""
    none: NoTests = NoTests.SKIP
    flaky: FlakyRule = FlakyRule.TOLERATE
    base_runs: int = 0
    """How often the base's suite is run before a candidate is blamed, the second time under another hash seed
    and order: 1, 2, or 0 for a second time only if the first was quick."""
    select: Select = Select.MANY
    warm: bool = True
    """Tests of candidates that are graded together with others start as forks of an interpreter that has
    imported pytest and the project's dependencies already. What is about to land starts anew."""
    perturb: bool = False
    """Run what passes once more under another hash seed and order: it has to pass there as well."""
    seed: int = 0
    """Not 0: random numbers start from it anew before each test."""
    clock: str = ""
    """An instant (ISO 8601 with its offset) at which the clock stands still for tests, by the project's own
    time-machine; empty: the clock runs."""
    confirm: int = 1
    """How often a newly failing test is run again, on the candidate and on the base, before it rejects."""
    slowdown: float = 10.0
    """A candidate's suite may take this many times the base's time, at least `grace` seconds."""
    grace: float = 30.0
    time_limit: float = 0.0
    """Overrides both, if set."""

    @property
    def tests_of_base(self) -> bool:
        """Whether only the base's tests decide."""
        return self.from_base and not self.trust

    @property
    def instant(self) -> float | None:
        """`clock` in seconds since the epoch. Raises ValueError for what is no instant."""
        if not self.clock:
            return None
        there = datetime.fromisoformat(self.clock)
        if there.tzinfo is None:
            raise ValueError(f"{self.clock} does not say its offset from UTC")
        return there.timestamp()


class Acceptance(Record, frozen=True, kw_only=True):
    """The acceptance gate, which runs where tests or lists are given (`--acceptance`, `--require`)."""

    show: bool = True
    """Whether reports name the tests and say how they fail; else they count them."""


class ReportKind(StrEnum):
    """How a `command` gate's program tells its result."""

    EXIT = "exit"
    SARIF = "sarif"
    JUNIT = "junit"
    REGEX = "regex"


class Command(Record, frozen=True, kw_only=True):
    """A gate that is any program. Compared with the base's own result, so that old failures blame nobody."""

    name: str
    run: tuple[str, ...]
    report: ReportKind = ReportKind.EXIT
    file: str = ""
    """Where the program writes its report, relative to the root; empty: standard output."""
    pattern: str = ""
    """For `regex`: named groups path, line, message, rule; `path` and `message` are required."""
    ok: tuple[int, ...] = (0,)
    findings_exit: tuple[int, ...] = (1,)
    """Exit codes that mean `ran, and found something`. Any other code is a tool error and fails closed."""
    paths: tuple[str, ...] = ("**",)
    """Not applicable to a candidate that changes nothing matching these."""
    trusted: tuple[str, ...] = ()
    """Globs of files taken from the base whatever the candidate says: the program's own configuration."""
    limits: Limits | None = None


class Equivalence(StrEnum):
    """Which candidates are graded once, in one of them."""

    FORMATTING = "formatting"
    """Those of equal trees; and those equal up to comments and formatting share the answer of the tests gate,
    where no test is seen to look at source."""
    TEXT = "text"
    """Those of equal trees."""
    OFF = "off"


class GateOrder(StrEnum):
    """In which order gates are asked. The decision is the same; which gate is named for a rejection may
    differ."""

    LEARNT = "learnt"
    """The one with the greatest chance to reject per second first, by what was seen in this repository."""
    POLICY = "policy"
    """As in `gates`."""


class Clusters(StrEnum):
    """By what attempts at one task count as behaving alike."""

    TESTS = "tests"
    """By what the tests said of them."""
    PROBES = "probes"
    """Accepted ones also by calls of what they change, which are made in jails."""
    OFF = "off"


class Grade(Record, frozen=True, kw_only=True):
    """How candidates are graded side by side."""

    equivalence: Equivalence = Equivalence.FORMATTING
    order: GateOrder = GateOrder.LEARNT
    clusters: Clusters = Clusters.TESTS


class Suspected(StrEnum):
    """What becomes of two candidates of which one newly uses what the other changes in a way that names and
    signatures cannot judge (a default, a value, the kind of a result or an exception)."""

    ASK = "ask"
    """They may land together: tests decide."""
    APART = "apart"
    """They do not land together; the second may land after the first."""


class SetRules(Record, frozen=True, kw_only=True):
    """How a set that is to land together is looked at beyond its gates."""

    suspected: Suspected = Suspected.APART

    probes: int = 4
    """Of so many pairs of members at most is it asked, by calls made in jails, whether what neither of them
    changes changes with both; 0: of none."""
    seconds: float = 60.0
    """No further pair is asked about after so many seconds."""


class Policy(Record, frozen=True, kw_only=True):
    """One whole policy, after packs and files are laid over each other."""

    name: str
    digest: str = ""
    """SHA-256 over the effective content: equal rules, equal digests, whatever file they came from."""
    origin: tuple[str, ...] = ()
    """Where each layer came from, strongest last; not part of the digest."""
    sources: dict[str, str] = field(default_factory=dict)
    """Which layer set each dotted key that is not a built-in default; not part of the digest."""
    gates: tuple[str, ...] = ("apply", "scope", "compile", "lint", "security", "tests")
    """The gates that run, in order; `command` gates and third-party gates by their names."""
    optional: tuple[str, ...] = ()
    """Gates whose lack of an answer does not stand against an accept."""
    limits: Limits = Limits()
    environment: Environment = Environment()
    prepare: tuple[Prepare, ...] = ()
    scope: Scope = Scope()
    compile: Compile = Compile()
    lint: Lint = Lint()
    security: Security = Security()
    tests: Tests = Tests()
    acceptance: Acceptance = Acceptance()
    command: tuple[Command, ...] = ()
    grade: Grade = Grade()
    set: SetRules = SetRules()
    risk: RiskRules = RiskRules()
    evidence: EvidenceRules = EvidenceRules()
    options: dict[str, dict[str, object]] = field(default_factory=dict)
    """Tables of third-party gates, by gate name, passed to them as they are."""

    @property
    def required(self) -> tuple[str, ...]:
        """The gates that must answer."""
        return tuple(gate for gate in self.gates if gate not in self.optional)
