"""Workspaces, jails, limits and the probe of what this host can isolate."""
