"""Frozen records and closed types that every room shares.

Promises: no I/O, no import from any other room, every record immutable and comparable by value, every
record that reaches a machine format encodable by `msgspec` without help.
"""
