"""The analysis of sources, which runs in the target's Python: `stdlib` and `application` are its two ways in."""
