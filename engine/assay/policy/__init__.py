"""Load, validate and explain policies: which gates, limits, thresholds and protected paths apply.

Promises: a policy comes from a shipped pack, from the base commit or from a file the user names, never from
a candidate (invariant 3); a malformed one is a `BadInput` that names file, key and remedy.
"""
