import os
import sys

# A worker whose scheduler ends first says so with a traceback, in one run and not in the next.
os.environ["DASK_LOGGING__DISTRIBUTED"] = "critical"

import dask
import dask.array
import dask.bag


def double(number):
    return number * 2


def main():
    for how in sys.argv[1:]:
        if how == "cluster":
            from dask.distributed import Client, LocalCluster

            with (
                LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
                Client(cluster) as client,
            ):
                print(how, client.submit(sum, range(1000)).result(), client.gather(client.map(double, range(4))))
                print(sorted(len(info["name"].__str__()) > 0 for info in client.scheduler_info()["workers"].values()))
            continue
        with dask.config.set(scheduler=how):
            print(how, dask.bag.from_sequence(range(4), npartitions=2).map(double).compute())
            print(how, dask.array.arange(10, chunks=3).sum().compute())


if __name__ == "__main__":
    main()
