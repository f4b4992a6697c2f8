"""Stage 1: what an application needs, found without running it, or by watching a run."""
