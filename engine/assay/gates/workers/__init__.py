"""Small programs that run inside jails, read as files and never imported by the engine.

Promises: standard library only (but for the tool each is built around), one request at a time, and an
answer for each file asked about or none at all.
"""
