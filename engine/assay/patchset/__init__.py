"""Equivalence, conflicts, selection and verification of sets of candidates."""
