"""Assay: trustworthy verdicts on candidate patches, and landings that are all or nothing.

The rooms of this package depend downwards only; `docs/explanation/architecture.md` shows the plan.
"""

__version__ = "0.1.0"
