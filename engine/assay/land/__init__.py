"""Transactions: states, publication, recovery, and the flows that tie the rooms together."""
