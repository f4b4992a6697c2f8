"""Runtime packs: a CPython built for static linking, its libraries, its licenses and its own runnable interpreter."""
