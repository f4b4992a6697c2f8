"""How long tests wait for what comes on its own time: the machine may do other things, and no test is about speed."""

PATIENCE = 120.0
"""Seconds.  Programs that are to be ended by something else sleep longer than this."""
