"""Merging by syntax what conflicts in text only: entries added at one place, moved imports, new layout.

One file at a time, in three versions; what comes out is checked, or it stays a conflict with a reason.
"""
