"""The summary of a change and every rendering of a report, from one report model."""
