import contextlib
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor

from celery import Celery, chain, group
from celery.contrib.testing.worker import start_worker
from joblib import Parallel, delayed

app = Celery("jobs", broker="memory://", backend="file://results")
app.conf.update(
    task_always_eager=sys.argv[1:] == ["eager"],
    worker_hijack_root_logger=False,
)


@app.task
def add(numbers):
    return sum(numbers)


@app.task(bind=True, max_retries=2)
def square(self, number):
    if self.request.retries == 0:
        raise self.retry(countdown=0)
    return number * number


def power(number):
    return number * number


def main():
    what = sys.argv[1]
    os.makedirs("results", exist_ok=True)
    if what == "eager":
        print("sum", add.delay([1, 2, 3]).get())
        print("group", group(square.s(n) for n in (1, 2, 3)).apply().get())
        print("chain", chain(add.s([2, 3]), square.s()).apply().get())
    elif what == "worker":
        with start_worker(app, pool="prefork", concurrency=2, perform_ping_check=False, loglevel="ERROR"):
            results = [add.delay(list(range(count))) for count in (11, 101)]
            print([result.get(timeout=60) for result in results])
    elif what == "pools":
        for method in ("fork", "spawn", "forkserver"):
            with multiprocessing.get_context(method).Pool(2) as pool:
                print(method, pool.map(power, range(4)))
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
            print("executor", list(executor.map(power, range(4))))
        print("loky", Parallel(n_jobs=2)(delayed(power)(n) for n in range(4)))
    else:
        from celery.bin.celery import main as command

        sys.argv = ["celery", "-A", "jobs", "report"]
        with contextlib.redirect_stdout(open("report", "w")), contextlib.suppress(SystemExit):
            command()
        print("".join(line for line in open("report") if "software" in line or "billiard" in line))


if __name__ == "__main__":
    main()
