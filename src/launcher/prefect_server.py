"""Prefect's API server for one run."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from .cluster import PROGRESS_SECONDS
from .faults import Fault
from .versions import generation, mentions_prefect
from .words import say


class PrefectServer:
    """Prefect's API for one run, started beside the import when nothing else is configured.

    Workers reach it by the pod's address, so it asks for a password (Prefect 3). It starts from a database that was
    migrated when the image was built, where there is one: from scratch that takes many seconds.
    """

    def __init__(self, job):
        self.home = tempfile.mkdtemp(prefix="flowrun-prefect-")
        database = os.environ.get("FLOWRUN_PREFECT_DATABASE", "/opt/flowrun/prefect/prefect.db")
        migrated = os.path.isfile(database)
        if migrated:
            shutil.copyfile(database, os.path.join(self.home, "prefect.db"))
        workers = job.executor is not None and job.executor.type == "DaskExecutor"  # whoever made them
        host = (os.environ.get("FLOWRUN_POD_IP") if workers else None) or "127.0.0.1"
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.bind((host, 0))
            port = probe.getsockname()[1]
        self.url = "http://%s:%d/api" % ("[%s]" % host if ":" in host else host, port)
        self.environ = {
            "PREFECT_API_URL": self.url,
            "PREFECT_API_AUTH_STRING": "flowrun:" + os.urandom(24).hex(),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }
        own = {
            "PREFECT_HOME": self.home,
            "PREFECT_SERVER_API_AUTH_STRING": self.environ["PREFECT_API_AUTH_STRING"],
            "PREFECT_UI_ENABLED": "false",
            "PREFECT_SERVER_UI_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_REPOSSESSOR_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
            "PREFECT_API_DATABASE_MIGRATE_ON_START": "false" if migrated else "true",
        }
        inherited = {key: value for key, value in os.environ.items() if key != "PREFECT_API_URL"}
        self.log = os.path.join(self.home, "server.log")
        arguments = ["--factory", "prefect.server.api.server:create_app", "--host", host, "--port", str(port)]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "uvicorn", *arguments, "--log-level", "error", "--lifespan", "on"],
                env=dict(inherited, **self.environ, **own),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,  # not where the user's files could hide modules of the server
                start_new_session=True,
            )

    def wait(self, seconds):
        """Until the API answers."""
        import urllib.error
        import urllib.request

        started = said = time.monotonic()
        while True:
            if self.process.poll() is not None:
                raise Fault("PrefectApiFailed", "Prefect's API server ended at its start\n%s" % self.last_lines())
            try:
                urllib.request.urlopen(self.url + "/health", timeout=2).close()
                return
            except urllib.error.HTTPError:
                return  # it answers, if only to ask for the password
            except OSError:
                pass
            now = time.monotonic()
            if now - started > seconds:
                raise Fault("PrefectApiFailed", "Prefect's API server did not answer within %g s\n%s" % (seconds, self.last_lines()))
            if now - said > PROGRESS_SECONDS:
                said = now
                say("waiting for Prefect's API (%d s)" % (now - started))
            time.sleep(0.05)

    def last_lines(self):
        with open(self.log, errors="replace") as log:
            return "".join(log.readlines()[-8:])

    def stop(self):
        """Kills: the database goes too, so there is nothing to close well."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except OSError:
            pass
        self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


def needs_prefect_server(entry):
    if generation() < 2 or os.environ.get("PREFECT_API_URL") or not mentions_prefect(entry):
        return False
    home = os.environ.get("PREFECT_HOME") or os.path.expanduser("~/.prefect")
    try:
        with open(os.path.join(home, "profiles.toml")) as file:
            return "PREFECT_API_URL" not in file.read()
    except OSError:
        return True
