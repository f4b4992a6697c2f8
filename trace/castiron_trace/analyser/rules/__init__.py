"""What goes in beyond the import statements: one rule a file, each for whatever distribution it meets.

`castiron_trace.analyser.inclusion` lists them in the order in which they look.
"""
