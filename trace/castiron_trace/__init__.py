"""Stage 1: finds out what an application needs, by reading its code or by watching a run."""
