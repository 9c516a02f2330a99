"""Git as a database: sources, apply, trees, diffs, merges, refs. No checkout, no hooks, no filters."""
