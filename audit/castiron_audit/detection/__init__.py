"""Detects the third-party components in one distribution: shared libraries, crates, vendored packages, fonts."""
