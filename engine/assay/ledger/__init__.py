"""The append-only, hash-chained record: journal, content store, queries.

Promises: what `begin`, `step` and `landing` return from has reached the disk (invariant 9); entries are never
changed or removed; a damaged or unwritable ledger is an `Unsound` that says where and what to do. Looking
into a repository that has no ledger creates nothing.
"""
