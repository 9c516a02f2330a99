"""One small flat file per command."""
