"""Proposers, tiers, budgets, feedback and escalation: a loop around the flow, not inside it.

This room is laid out and empty: nothing here runs yet, and no command offers it.
"""
