"""Mutants of changed lines: small changes of a source that tests ought to notice. See `propose`."""
