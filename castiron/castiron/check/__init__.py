"""``castiron check``: whether a linked binary does what the target's ordinary interpreter does.

`driver` is the table of contents.  `programs` makes the two that are compared, `modules` says which modules are
imported, `importing` has them imported by `probe` inside a `sandbox`, `running` runs both programs and compares them.
"""
