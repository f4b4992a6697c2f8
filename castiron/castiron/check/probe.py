"""Imports modules one after the other and tells after each how that went; runs inside of what is checked.

Started as ``PROGRAM -c <this text> DESCRIPTOR``, with the names on standard input, one a line.  It may use nothing but
what every interpreter has built in: the rest of the standard library is what is being checked.
"""

import posix
import sys


def main() -> None:
    """Import each module; a line on the descriptor before, and one after."""
    answers = int(sys.argv[1])

    def tell(*columns: str) -> None:
        posix.write(answers, ("\t".join(columns) + "\n").encode("utf-8", "backslashreplace"))

    for name in sys.stdin.read().split("\n"):
        tell("start", name)
        try:
            __import__(name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit, too: the module cannot be imported then
            tell("failed", name, type(error).__name__, ascii(str(error)))
        else:
            tell("imported", name)
    posix._exit(0)  # noqa: SLF001 - what the modules registered for the end is not asked for


if __name__ == "__main__":
    main()
