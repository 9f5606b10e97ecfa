"""The end of the process."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import traceback

EXIT_SECONDS = 5.0


def leave(code, cleanups):
    """Runs what a normal exit runs (threads, atexit, logging, stdio), under a deadline, then ends the process: a hung
    thread of the user's must not keep the pod, and a bare `os._exit` would lose every log line that Prefect 3 still holds."""

    def end():
        for cleanup in cleanups:
            cleanup()
        os._exit(code)

    timer = threading.Timer(EXIT_SECONDS, end)
    timer.daemon = True
    timer.start()
    for step in (threading._shutdown, atexit._run_exitfuncs, logging.shutdown, sys.stdout.flush, sys.stderr.flush):
        try:
            step()
        except BaseException:  # a hook of the user's; the result is out already
            traceback.print_exc()
    end()
