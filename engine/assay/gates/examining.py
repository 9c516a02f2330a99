"""What the rest of the engine knows of the acceptance gate: its name, and how tasks are told apart.

Promises: imports nothing, so that a run without acceptance tests pays nothing for them.
"""

from __future__ import annotations

GATE = "acceptance"

TASKS = "\n"
"""Between the tasks of a candidate that combines attempts at several."""
