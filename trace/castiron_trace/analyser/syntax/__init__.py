"""Reads one source file: its imports with tier and line, and the other facts that decide what goes in.

`scanner` walks the syntax tree; the other modules each recognise one kind of expression.
"""
