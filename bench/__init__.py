"""Benchmarks as commands: `python -m bench NAME`. Each prints ratios measured within one run."""
