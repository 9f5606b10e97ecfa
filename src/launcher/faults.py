"""Ends that are not the flow's own doing."""

from __future__ import annotations


class Fault(Exception):
    """An end that is not the flow's own doing: `code` and `kind` go into the result with the reason and message."""

    code, kind = 3, "Infrastructure"

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


class SpecFault(Fault):
    """The FlowRun says something that cannot work; a retry would end the same way."""

    code, kind = 2, "Spec"
