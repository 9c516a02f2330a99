"""Progress on stderr: a live table for a terminal, plain lines for everything else."""
