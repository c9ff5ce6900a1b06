"""A scheduler with two worker processes, and one with none, until its input ends; run as a program by the tests."""

from __future__ import annotations

import json
import sys

import dask
from distributed import LocalCluster

if __name__ == "__main__":
    # How soon a worker that says nothing is given up.
    dask.config.set({"distributed.scheduler.worker-ttl": sys.argv[1]})
    settings = {"threads_per_worker": 1, "processes": True, "dashboard_address": ":0", "host": "127.0.0.1"}
    with LocalCluster(n_workers=2, **settings) as two, LocalCluster(n_workers=0, **settings) as none:
        print(json.dumps({"two": two.scheduler_address, "none": none.scheduler_address}), flush=True)
        sys.stdin.read()
