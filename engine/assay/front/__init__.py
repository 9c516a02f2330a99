"""Thin doors: command line, pre-commit, completion. No rule of grading or landing lives here."""
