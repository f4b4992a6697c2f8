"""Greets in the languages that lie beside it as data."""
