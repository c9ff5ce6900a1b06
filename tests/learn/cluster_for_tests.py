"""A scheduler with two worker processes, and one with none, until its input ends; run as a program by the tests.

With a second argument, the seconds after which a silent worker is given up, nobody watches over the workers: one that
was given up may still answer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack

import dask
from distributed import Client, LocalCluster

SETTINGS = {"threads_per_worker": 1, "processes": True, "dashboard_address": ":0", "host": "127.0.0.1"}
WORKER = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-nanny", "--nthreads", "1", "--no-dashboard"]

if __name__ == "__main__":
    watched = len(sys.argv) < 2
    if not watched:
        dask.config.set({"distributed.scheduler.worker-ttl": sys.argv[1]})
    with (
        LocalCluster(n_workers=2 * watched, **SETTINGS) as two,
        LocalCluster(n_workers=0, **SETTINGS) as none,
        ExitStack() as started,
    ):
        if not watched:
            for _ in range(2):
                worker = started.enter_context(subprocess.Popen([*WORKER, two.scheduler_address]))
                started.callback(worker.kill)
            with Client(two) as client:
                client.wait_for_workers(2)
        print(json.dumps({"two": two.scheduler_address, "none": none.scheduler_address}), flush=True)
        sys.stdin.read()
