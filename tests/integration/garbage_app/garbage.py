"""What the collector of garbage does with what modules make.  ``garbage.py NAME`` runs one check.

A ``check`` holds under every CPython, what is only ``in_binary`` is why modules' objects are old there at once.
"""

import gc
import importlib
import os
import sys
import threading

CHECKS = {}
FULL = 400_000
"""More objects than CPython makes before a full collection is due while there are few (2000 * 11 * 11)."""


def check(function):
    CHECKS[function.__name__] = function
    return function


in_binary = check


def same(found, wanted):
    assert found == wanted, (found, wanted)


def generation(wanted):
    """Return the generation in which the collector has an object."""
    return next((n for n in range(3) if any(found is wanted for found in gc.get_objects(generation=n))), None)


@in_binary
def what_a_module_defines_is_old():
    import defines

    same([generation(item) for item in (defines.function, defines.Class, vars(defines))], [2, 2, 2])
    same(gc.is_tracked(defines.NUMBERS), False)  # as after any collection
    made = []
    same(generation(made), 0)


@in_binary
def package_and_submodule():
    import package.inner

    same((generation(package.function), generation(package.inner.function)), (2, 2))


@check
def a_second_execution_is_young():
    import defines

    importlib.reload(defines)
    same(generation(defines.function), 0)


@check
def cycles_are_collected():
    gc.collect()  # the next one is far from here, whatever the program has made so far
    import cycles

    same(cycles.alive(), 10)
    kept = []
    while cycles.alive() > 0:
        kept.append([])
        assert len(kept) < FULL, f"{cycles.alive()} are alive after {len(kept)} objects"


@check
def modules_that_are_executed_again_and_again():
    import cycles

    most = 0
    for _ in range(1500):
        del sys.modules["cycles"]
        import cycles

        most = max(most, cycles.alive())
    assert most < 5000, most


@check
def a_life_in_an_import():
    import lifelong

    assert lifelong.most < 5000, lifelong.most


@check
def a_module_that_fails():
    try:
        import failing
    except ZeroDivisionError as error:
        found = error.__traceback__.tb_next
        while "function" not in found.tb_frame.f_globals:
            found = found.tb_next
        same(generation(found.tb_frame.f_globals["function"]), 0)
    else:
        raise AssertionError(failing)


@check
def collections_switched_off():
    import switches_off

    same((gc.isenabled(), generation(switches_off.function)), (False, 0))
    import defines

    same(generation(defines.function), 0)
    gc.enable()
    gc.set_threshold(0)
    import cycles

    same((generation(cycles.alive), cycles.alive()), (0, 10))


@check
def thresholds_set_in_an_import():
    before = gc.get_threshold()
    import defines

    same((gc.get_threshold(), defines.THRESHOLD), (before, before))
    import sets_threshold

    same((gc.get_threshold(), sets_threshold.BEFORE), ((5000, 7, 9), before))
    gc.set_threshold(1, 1, 1)
    import cycles

    kept = []
    while cycles.alive() > 0:
        kept.append([])
        assert len(kept) < FULL, len(kept)


@check
def debugging_of_collections():
    gc.collect()  # the next one is far from here, whatever the program has made so far
    gc.set_debug(gc.DEBUG_SAVEALL)
    import cycles

    same(generation(cycles.alive), 0)
    gc.collect()
    same(sum(type(item).__name__ == "Node" for item in gc.garbage), 10)


@check
def what_gc_says():
    import defines

    function = defines.function
    assert any(item is function for item in gc.get_objects())
    assert any(item is vars(defines) for item in gc.get_referrers(function))
    assert any(item is vars(defines) for item in gc.get_referents(function))
    same((gc.is_tracked(function), gc.is_finalized(function)), (True, False))
    assert all(count >= 0 for count in gc.get_count()), gc.get_count()
    known = len(gc.get_objects())
    gc.freeze()
    assert abs(gc.get_freeze_count() - known) < 100, (gc.get_freeze_count(), known)
    gc.unfreeze()
    same((gc.get_freeze_count(), generation(function)), (0, 2))
    same(gc.collect() >= 0, True)
    same(generation(function), 2)


@check
def imports_in_collections():
    seen = []

    def imports(phase, _):
        name = {"start": "defines", "stop": "package.inner"}[phase]
        seen.append(importlib.import_module(name))

    class Last:
        def __del__(self):
            import cycles

            seen.append(cycles)

    last = Last()
    last.itself = last
    gc.callbacks.append(imports)
    del last
    gc.collect()
    gc.callbacks.clear()
    same([module.__name__ for module in seen], ["defines", "cycles", "package.inner"])
    gc.collect()
    same(seen[1].alive(), 0)


@check
def threads_that_import_at_once():
    gc.set_threshold(10, 2, 2)
    names = [f"many.m{number}" for number in range(40)]
    start = threading.Barrier(8)
    found = []

    def work():
        start.wait()
        found.extend(importlib.import_module(name) for name in names)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    same(len(found), 320)
    gc.collect()
    same({module.alive() for module in found}, {0})
    known = gc.get_objects()
    same(len({id(item) for item in known}), len(known))


@check
def children_of_fork():
    import defines

    child = os.fork()
    if child == 0:
        import cycles

        gc.collect()
        os._exit(cycles.alive() + (defines.function() != 1))
    same(os.waitpid(child, 0)[1], 0)
    same(generation(defines.function) is None, False)


@check
def other_interpreters():
    if sys.version_info >= (3, 13):
        import _interpreters as interpreters
    else:
        import _xxsubinterpreters as interpreters
    code = (
        f"import sys; sys.path[:] = {sys.path!r}"
        + """
import importlib, gc, defines, cycles
modules = [importlib.import_module(f"many.m{number}") for number in range(40)]
gc.collect()
assert not cycles.alive() and len(modules) == 40
assert any(item is defines.function for item in gc.get_objects())
"""
    )
    ends = []

    def work():
        interpreter = interpreters.create()
        execute = interpreters.exec if sys.version_info >= (3, 13) else interpreters.run_string
        ends.append(execute(interpreter, code))
        interpreters.destroy(interpreter)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    same(ends, [None] * 4)


if __name__ == "__main__":
    CHECKS[sys.argv[1]]()
