"""Stage 2: a manifest becomes one static executable and a report of what was really linked."""
