"""Scripts that run in the target's interpreter."""
