"""What reading sources cannot tell, as data: one TOML file a distribution, and what users write in ``pyproject.toml``.

docs/hints.md describes the tables.
"""
