"""Analyses sources in the target's Python: `stdlib` the standard library, `application` an application."""
