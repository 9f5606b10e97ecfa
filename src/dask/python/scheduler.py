"""Starts the Dask scheduler of one attempt, in process, after checking that the image's Dask can serve it.

    python3 -u scheduler.py [-- extra arguments of distributed's scheduler command line]

Flags given after `--` come last, so they win. Exit 64 with a reason on stderr and in the termination log
(FLOWRUN_TERMINATION_LOG, default /dev/termination-log) when the image cannot serve: that is final, not retried.
With FLOWRUN_SECURITY=tls both ports speak TLS; certificates come from Dask's own configuration.
"""

from __future__ import annotations

import os
import re
import sys

MINIMUM = (2022, 9, 0)  # the first release whose command line serves two protocols at once
EXIT_USAGE = 64
HERE = os.path.dirname(os.path.abspath(__file__))


def refuse(reason: str) -> None:
    print("flowrun: " + reason, file=sys.stderr, flush=True)
    path = os.environ.get("FLOWRUN_TERMINATION_LOG", "/dev/termination-log")
    try:
        with open(path, "w") as log:
            log.write(reason)
    except OSError:
        pass  # not in a pod; stderr has it
    sys.exit(EXIT_USAGE)


def parse_version(text: str) -> tuple[int, ...]:
    """`2022.12.1+ds.1` -> (2022, 12, 1)"""
    release = re.match(r"[0-9.]*", text)
    return tuple(int(part) for part in (release.group() if release else "").split(".") if part)


def arguments(extra: list[str]) -> list[str]:
    secure = os.environ.get("FLOWRUN_SECURITY") == "tls"
    return [
        "--protocol",
        "tls,wss" if secure else "tcp,ws",
        "--port",
        "8786,8788",
        "--dashboard-address",
        "127.0.0.1:8787",
        "--preload",
        os.path.join(HERE, "scheduler_preload.py"),
        *extra,
    ]


def main() -> None:
    # The folder of this file holds names such as `scheduler` and `launcher` that must not shadow the user's modules.
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != HERE]
    try:
        import distributed
    except ImportError as error:
        refuse("the image has no usable Dask (%s): install 'distributed>=2022.9.0' in it" % error)
    if parse_version(distributed.__version__) < MINIMUM:
        refuse(
            "distributed %s in the image is too old for a cluster of this operator: "
            "install 'distributed>=2022.9.0', or give the run an `address`" % distributed.__version__
        )
    from distributed.cli.dask_scheduler import main as run

    extra = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    sys.argv = ["dask-scheduler", *arguments(extra)]
    run()


if __name__ == "__main__":
    main()
