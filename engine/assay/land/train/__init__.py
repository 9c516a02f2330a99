"""A landing train: candidates in a queue, verified ahead of each other, land as they turn out good."""
