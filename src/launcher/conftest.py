"""How the launcher's tests run it: as a process of its own, with a run.json, in a directory of its own.

    <python of the prefect1 environment> -m pytest src/launcher --ignore src/launcher/test_prefect3.py
    <python of the prefect3 environment> -m pytest src/launcher --ignore src/launcher/test_prefect1.py

`node images/venv.ts` makes the environments and prints their pythons. Nothing is skipped: a file of the other
generation fails if it is given.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import types

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
LAUNCHER = os.path.join(HERE, "launcher.py")
PRELOADS = os.path.join(HERE, "..", "dask", "python")
SECONDS = int(os.environ.get("FLOWRUN_TEST_SECONDS", 120))
UID = "0a1b2c3d"

# For test_clusters.py and test_operator_cluster.py: whose workers run tasks, and whether the Client `mine` is the default.
WHERE = """
import dask, distributed, os
def main():
    with distributed.Client() as bare:
        elsewhere = bare.submit(os.getpid).result()
    computed = dask.compute(dask.delayed(os.getpid)())[0]
    default = distributed.default_client()
    return [elsewhere == computed != os.getpid(), "mine" in default.id]
"""


def wait_until(condition, what, seconds=SECONDS):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "timed out waiting until " + what
        time.sleep(0.05)


class Ended:
    """How a launcher ended: process exit code, both streams, and its result."""

    def __init__(self, code, output, log):
        self.code = code
        self.output = output
        data = b""
        if os.path.exists(log):
            with open(log, "rb") as file:
                data = file.read()
        assert len(data) <= 4096
        self.result = json.loads(data, parse_constant=lambda word: pytest.fail("not strict JSON: " + word)) if data else None

    def __getattr__(self, name):
        return self.result[name]


class Bench:
    """A directory to run launchers in: `sources` stands for /flow."""

    def __init__(self, root, environ):
        self.root = str(root)
        self.sources = os.path.join(self.root, "flow")
        self.work = os.path.join(self.root, "work")
        self.log = os.path.join(self.root, "termination-log")
        self.output = os.path.join(self.root, "output")
        os.makedirs(self.sources)
        os.makedirs(self.work)
        self.environ = dict(os.environ, FLOWRUN_SOURCE_DIR=self.sources, FLOWRUN_TERMINATION_LOG=self.log, **environ)

    def write(self, folder="", **files):
        """write(flow="...") makes flow.py among the sources, or in a folder of them."""
        for name, text in files.items():
            path = os.path.join(self.sources, folder, name + ".py")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(textwrap.dedent(text))

    def start(self, entrypoint=None, parameters=None, executor=None, cluster=None, command=None, grace=10, environ=None, stderr=subprocess.STDOUT):
        if os.path.exists(self.log):
            os.unlink(self.log)
        document = {
            "version": 1,
            "flowRun": {"namespace": "default", "name": "run", "uid": UID, "attempt": 2},
            "entrypoint": entrypoint,
            "parameters": parameters or {},
            "executor": executor,
            "cluster": cluster,
            "gracePeriodSeconds": grace,
        }
        path = os.path.join(self.root, "run.json")
        with open(path, "w") as file:
            json.dump(document, file)
        with open(self.output, "w") as output:
            return subprocess.Popen(
                [sys.executable, "-u", LAUNCHER, path, *(command or [])],
                cwd=self.work,
                env=dict(self.environ, **(environ or {})),
                stdout=output,
                stderr=stderr,
            )

    def shown(self):
        with open(self.output, errors="replace") as file:
            return file.read()

    def end(self, process):
        try:
            code = process.wait(SECONDS)
        finally:
            process.kill()
        return Ended(code, self.shown(), self.log)

    def run(self, *args, **options):
        return self.end(self.start(*args, **options))

    def stop(self, process, number=signal.SIGTERM, when="ready"):
        """Sends the signal once the flow has printed `when`."""
        self.wait_for(when, process)
        process.send_signal(number)
        return self.end(process)

    def wait_for(self, text, process):
        wait_until(lambda: text in self.shown() or process.poll() is not None, "the flow prints %r" % text)


@pytest.fixture
def bench(tmp_path, prefect_database):
    return Bench(tmp_path, {"FLOWRUN_PREFECT_DATABASE": prefect_database, "PREFECT_LOGGING_LEVEL": "INFO"})


@pytest.fixture(scope="session")
def prefect_api(prefect_database):
    """Environment of a flow that has Prefect's API already, as with Prefect Cloud: without a server of its own to wait for."""
    import launcher  # noqa: F401 - makes the package known

    from flowrun_launcher.prefect_server import PrefectServer

    os.environ["FLOWRUN_PREFECT_DATABASE"] = prefect_database
    server = PrefectServer(types.SimpleNamespace(executor=None))
    try:
        server.wait(SECONDS)
        yield server.environ
    finally:
        server.stop()


@pytest.fixture
def cloud_bench(bench, prefect_api):
    bench.environ.update(prefect_api)
    return bench


@pytest.fixture(scope="session")
def prefect_database():
    """A migrated database, as an image has one: made once per version of Prefect, since it takes long."""
    from importlib import metadata

    version = metadata.version("prefect")
    path = os.path.join(tempfile.gettempdir(), "flowrun-test-prefect-%s-%d.db" % (version, os.getuid()))
    if version[0] == "1" or os.path.exists(path):
        return path
    home = tempfile.mkdtemp()
    try:
        make = "import asyncio; from prefect.server.database import provide_database_interface as db; asyncio.run(db().create_db())"
        environ = dict(os.environ, PREFECT_HOME=home, DO_NOT_TRACK="1", PREFECT_API_DATABASE_CONNECTION_URL="")
        environ.pop("PREFECT_API_DATABASE_CONNECTION_URL")
        subprocess.run([sys.executable, "-c", make], env=environ, check=True, timeout=300)
        checkpoint = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA wal_checkpoint(TRUNCATE)')"
        subprocess.run([sys.executable, "-c", checkpoint, os.path.join(home, "prefect.db")], check=True)
        shutil.move(os.path.join(home, "prefect.db"), path)
    finally:
        shutil.rmtree(home)
    return path


# A preload is loaded twice: it must not wrap its own wrappers.
OTHER_VERSIONS = """
from distributed import versions
MINE = %r
if not hasattr(versions, "real"):
    versions.real = versions.get_system_info, versions.get_package_info
def other_host():
    return dict(versions.real[0](), **({"python": MINE["python"]} if "python" in MINE else {}))
def other_packages(*args):
    found = versions.real[1](*args)
    return type(found)(found, **{name: version for name, version in MINE.items() if name != "python"})
versions.get_system_info, versions.get_package_info = other_host, other_packages
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class DaskCluster:
    """A scheduler with the preload, and a worker `pod-0`, as the pods run them."""

    def __init__(self, root):
        self.root = str(root)
        self.port, self.ws_port = free_port(), free_port()
        self.address = "tcp://127.0.0.1:%d" % self.port
        self.ws_address = "ws://127.0.0.1:%d" % self.ws_port
        self.processes = []

    def start(self, module, *arguments, **environ):
        environ = dict(os.environ, FLOWRUN_UID=UID, FLOWRUN_ATTEMPT="2", **environ)
        with open(os.path.join(self.root, "dask-%d.log" % len(self.processes)), "w") as log:
            command = [sys.executable, "-m", "distributed.cli." + module, *arguments]
            process = subprocess.Popen(command, cwd=self.root, env=environ, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def start_scheduler(self, **environ):
        preload = os.path.join(PRELOADS, "scheduler_preload.py")
        address = ["--host", "127.0.0.1", "--protocol", "tcp,ws", "--port", "%d,%d" % (self.port, self.ws_port)]
        return self.start("dask_scheduler", *address, "--dashboard-address", "127.0.0.1:0", "--preload", preload, **environ)

    def start_other_worker(self, name, **versions):
        """A worker that says it has other versions: of `python`, `dask` or `distributed`."""
        path = os.path.join(self.root, "other_versions_%d.py" % len(self.processes))
        with open(path, "w") as file:
            file.write(OTHER_VERSIONS % versions)
        return self.start_worker(name, "--preload", path)

    def start_worker(self, name, *more):
        preload = os.path.join(PRELOADS, "worker_preload.py")
        fixed = ["--no-nanny", "--no-dashboard", "--nthreads", "2", "--death-timeout", "60", "--preload", preload]
        return self.start("dask_worker", self.address, "--name", name, *fixed, *more)

    def spec(self, seconds=60):
        return {"schedulerAddress": self.address, "workers": 1, "startTimeoutSeconds": seconds}

    def result(self):
        """What the operator would read: the result in the preload's sample."""
        ask = (
            "import asyncio, json, sys\n"
            "from distributed.core import rpc\n"
            "async def main():\n"
            "    async with rpc(sys.argv[1]) as scheduler:\n"
            "        sample = await scheduler.flowrun_sample(after=0, wait=0)\n"
            "        print(json.dumps([sample['result'], sample['launcher_seen']]))\n"
            "asyncio.run(main())\n"
        )
        done = subprocess.run([sys.executable, "-c", ask, self.address], stdout=subprocess.PIPE, check=True, timeout=SECONDS)
        return json.loads(done.stdout)

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def dask_cluster(tmp_path):
    cluster = DaskCluster(tmp_path)
    try:
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def running_cluster(dask_cluster):
    dask_cluster.start_scheduler()
    dask_cluster.start_worker("pod-0", "--resources", "GPU=1")
    return dask_cluster
