"""Runs one flow with its FlowRun's executor, reports how it ended, and exits with a code that says so.

    python3 -u launcher.py run.json [command [argument]…]

`run.json` says what to run (an entrypoint `path/file.py:object` or `package.module:object`, unless a command is given),
with which parameters and which executor, and where the Dask cluster is that was made for it, if any. An entrypoint may
be a Prefect 1 flow, a Prefect 2 or 3 flow, or any callable; it runs in the main thread.

The result is one JSON object of at most 4096 bytes, written as the pod's termination message and handed to the
scheduler preload: {version, uid, attempt, outcome, exitCode, class, reason, message, value, tasks, versions,
conditions}.

Exit codes: 0 success, 1 the flow failed, 2 bad entrypoint, parameters or executor, 3 infrastructure, 130 and 143
cancelled by SIGINT and SIGTERM. A command's own code is in the result's exitCode; the process ends with 0 or 1.

Nothing here or beside here has dependencies beyond the standard library of Python 3.8. Dask and Prefect are imported
when a run needs them, and only then. Children that multiprocessing spawns import this file again: it then only makes
the package known.

For tests and other places than a pod: FLOWRUN_SOURCE_DIR (default /flow), FLOWRUN_TERMINATION_LOG (default
/dev/termination-log), FLOWRUN_PREFECT_DATABASE (default /opt/flowrun/prefect/prefect.db).
"""

import os
import sys
import types

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = "flowrun_launcher"


def make_package():
    """The files beside this one as modules of a package, whatever their folder is called. The folder itself leaves
    sys.path: it holds names such as `report` and `scheduler` that must not hide the user's modules."""
    if PACKAGE not in sys.modules:
        package = sys.modules[PACKAGE] = types.ModuleType(PACKAGE)
        package.__path__ = [HERE]
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or os.curdir) != HERE]


make_package()

if __name__ == "__main__":
    from flowrun_launcher.main import main

    main(sys.argv)
