"""Holds what sources do not show, as data: one TOML file for each distribution, and the user's ``pyproject.toml``.

docs/hints.md describes the tables.
"""
