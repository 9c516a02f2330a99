"""For all tests: no deadline on examples. Timings are never assertions here, the machine may be busy."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("assay", deadline=None)
settings.load_profile("assay")
