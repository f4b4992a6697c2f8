"""Starts processes of its own by way of a library; the first argument says which.  Linked by test_workers.py."""

import sys
from pathlib import Path


def twice(number):
    return 2 * number


def report(queue):
    queue.put(42)


def pool(method):
    import multiprocessing

    context = multiprocessing.get_context(method)
    with context.Pool(2) as workers:
        print(workers.map(twice, [1, 2, 3]))
    if method != "fork":
        with context.Manager() as manager:
            print(dict(manager.dict(a=1)))


def preloaded():
    import multiprocessing

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["json", "__main__"])
    with context.Pool(1) as workers:
        print(workers.map(twice, [4]))


def executor():
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as workers:
        print(list(workers.map(twice, [1, 2, 3])))


def loky():
    from loky import get_reusable_executor

    print(list(get_reusable_executor(max_workers=2).map(twice, [1, 2, 3])))


def joblib():
    from joblib import Parallel, delayed

    print(Parallel(n_jobs=2, backend="loky")(delayed(twice)(number) for number in [1, 2, 3]))


def billiard(method):
    import billiard

    context = billiard.get_context(method)
    queue = context.Queue()
    process = context.Process(target=report, args=(queue,))
    process.start()
    print(queue.get(timeout=60))
    process.join()


def execnet():
    import execnet

    gateway = execnet.makegateway("popen")
    channel = gateway.remote_exec("channel.send(6 * 7)")
    print(channel.receive(timeout=60))
    gateway.exit()


def xdist():
    import pytest

    Path("test_it.py").write_text(
        "import pytest\n@pytest.mark.parametrize('n', range(4))\ndef test_it(n):\n    assert n < 9\n"
    )
    sys.exit(pytest.main(["-q", "-n", "2", "-p", "no:cacheprovider", "test_it.py"]))


BACKEND = """
import sys
def get_requires_for_build_wheel(settings=None):
    return [sys.executable]
"""


def build():
    """As pip and build ask a package's build backend, which is code from outside of the binary (PEP 517)."""
    from pyproject_hooks import BuildBackendHookCaller

    Path("source").mkdir()
    Path("source", "backend.py").write_text(BACKEND)
    caller = BuildBackendHookCaller("source", "backend", backend_path=["."])
    print(caller.get_requires_for_build_wheel() == [sys.executable])


if __name__ == "__main__":
    name, *rest = sys.argv[1:]
    globals()[name](*rest)
