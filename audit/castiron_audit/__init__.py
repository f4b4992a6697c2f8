"""Audits the licenses of everything in a binary; ``audit/README.md`` says which file does what, in which order."""
