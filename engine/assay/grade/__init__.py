"""The cascade: order, concurrency, cache and budgets."""
