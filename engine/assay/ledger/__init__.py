"""The append-only, hash-chained record: journal, content store, queries."""
