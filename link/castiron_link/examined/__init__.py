"""Shared objects whose sources were read for what the destruction of their objects does.

A process may end without destroying every object if nobody can notice it.  Of CPython's own objects the stub knows
which do something when they are destroyed; of those of an extension module only somebody who reads its sources can
tell.  What was read is data, in the TOML files of this folder, one for each distribution.

Source: docs/decisions/029-examined-extension-modules.md.
"""
