"""Where the installed commands begin: what must hold before the first slow import.

Python answers Ctrl-C with an exception, and an exception in the middle of an import is a traceback on the screen.
Nothing has been made yet, so until a command takes its signals over (`castiron_common.supervision`) the signal simply
ends the process.

What Castiron reads and writes is UTF-8.  In a locale with another encoding Python starts again in its UTF-8 mode, so
that no single file that is opened has to say it.
"""

from __future__ import annotations

import os
import signal
import sys

# A signal that is ignored (``nohup``, background jobs of a plain ``sh``) stays ignored.
if sys.platform == "linux" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
if sys.getfilesystemencoding() != "utf-8":
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


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
