"""Holds the rules for what goes in beyond the import statements: one rule a file, none for a single distribution.

`castiron_trace.analyser.inclusion` lists them in the order in which they look.
"""
