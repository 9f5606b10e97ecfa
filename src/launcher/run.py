"""What to run, as run.json says it."""

from __future__ import annotations

from .executor import Executor


class Run:
    """The content of run.json. Absent fields are None, or empty where a mapping or list is meant. The `command` that
    runs instead of an entrypoint comes by the command line, so that Kubernetes has expanded its `$(VARIABLES)`."""

    def __init__(self, document, command=()):
        if not isinstance(document, dict) or document.get("version") != 1:
            raise ValueError("it is not of version 1: operator and launcher do not match")
        identity = document["flowRun"]
        self.name = identity["name"]
        self.uid = identity["uid"]
        self.attempt = identity["attempt"]
        self.entrypoint = document.get("entrypoint")
        self.command = list(command)
        self.parameters = document.get("parameters") or {}
        self.executor_document = document.get("executor")
        self.executor = None
        self.cluster = document.get("cluster")
        self.grace_seconds = float(document.get("gracePeriodSeconds") or 30)

    def read_executor(self):
        """Apart from the rest, since what is wrong with it belongs into the result, which needs the rest."""
        self.executor = Executor(self.executor_document) if self.executor_document else None

    @property
    def start_seconds(self):
        return float((self.cluster or {}).get("startTimeoutSeconds") or 300)
