"""Where the installed commands begin: what must hold before the first slow import.

Python answers Ctrl-C with an exception, and an exception in the middle of an import is a traceback on the screen.
Nothing has been made yet, so until a command takes its signals over (`castiron_common.supervision`) the signal simply
ends the process.
"""

from __future__ import annotations

import signal
import sys

# A signal that is ignored (``nohup``, background jobs of a plain ``sh``) stays ignored.
if sys.platform == "linux" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def trace() -> None:
    """Run the command ``trace``."""
    from castiron_trace.cli import main

    main()


def link() -> None:
    """Run the command ``link``."""
    from castiron_link.cli import main

    main()


def castiron() -> None:
    """Run the command ``castiron``."""
    from castiron.cli import main

    main()
