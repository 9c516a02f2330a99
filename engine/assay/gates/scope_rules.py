"""The rules of the scope gate and what breaking each does where the policy does not say otherwise.

Promises: data only; the same names as `policy.rules.SCOPE_RULES` has.
"""

from __future__ import annotations

from assay.model.outcome import Severity

SEVERITIES: dict[str, Severity] = {
    "scope/protected-path": Severity.ERROR,
    "scope/not-allowed": Severity.ERROR,
    "scope/too-many-files": Severity.ERROR,
    "scope/too-many-lines": Severity.ERROR,
    "scope/blob-size": Severity.ERROR,
    "scope/symlink-escape": Severity.ERROR,
    "scope/submodule-hostile": Severity.ERROR,
    "scope/bidi": Severity.ERROR,
    "scope/policy": Severity.ERROR,
    "scope/invisible": Severity.WARNING,
    "scope/submodule": Severity.WARNING,
    "scope/git-name": Severity.WARNING,
    "scope/shadows": Severity.WARNING,
    "scope/suppression": Severity.WARNING,
    "scope/config-weakened": Severity.WARNING,
    "scope/test-deleted": Severity.WARNING,
    "scope/test-weakened": Severity.WARNING,
    "scope/test-hook": Severity.WARNING,
    "scope/test-detection": Severity.WARNING,
    "scope/grader": Severity.WARNING,
    "scope/always-equal": Severity.WARNING,
    "scope/dependency-source": Severity.WARNING,
    "scope/build-hook": Severity.WARNING,
    "scope/eval": Severity.WARNING,
    "scope/deserialise": Severity.WARNING,
    "scope/subprocess": Severity.WARNING,
    "scope/native": Severity.WARNING,
    "scope/unreadable": Severity.WARNING,
    "scope/network": Severity.NOTE,
    "scope/process": Severity.NOTE,
    "scope/modules": Severity.NOTE,
    "scope/frames": Severity.NOTE,
    "scope/test-tool": Severity.NOTE,
    "scope/test-changed": Severity.NOTE,
    "scope/test-expectation": Severity.NOTE,
    "scope/test-helper": Severity.NOTE,
    "scope/dependency": Severity.NOTE,
    "scope/executable": Severity.NOTE,
    "scope/binary": Severity.NOTE,
}
"""Errors: what escapes the tree, hides text, breaks a limit the policy states, or stops every later run."""
