"""Many Dask workers in one process, of one thread each: python workers.py ADDRESS FIRST COUNT. Prints `ready`."""

import asyncio
import sys

import dask
from distributed import Worker


async def main(address, first, count):
    options = {"nthreads": 1, "memory_limit": 0, "dashboard": False, "heartbeat_interval": "1s"}
    workers = await asyncio.gather(*(Worker(address, name="w-%d" % n, **options) for n in range(first, first + count)))
    print("ready", flush=True)
    await asyncio.gather(*(worker.finished() for worker in workers))


if __name__ == "__main__":
    # A hundred threads that take profiles would be what is measured.
    dask.config.set({"distributed.worker.profile.enabled": False, "distributed.admin.system-monitor.interval": "10s"})
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
