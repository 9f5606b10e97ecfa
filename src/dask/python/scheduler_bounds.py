"""How much of a scheduler one answer shows, and looks into sets that must not be walked through."""

from __future__ import annotations

from itertools import islice

MAX_WORKERS = 500
MAX_PREFIXES = 100
MAX_GROUPS = 50
MAX_RESOURCES = 16
MAX_TEXT = 256


def some(tasks, looks):
    """At most about `looks` of the tasks. A set iterates in the order of hashes, so its first are as good as a random
    choice; a dict (tasks without a worker, in newer releases) has the order of arrival and is strided."""
    if isinstance(tasks, dict):
        return islice(tasks, 0, None, max(1, len(tasks) // looks))
    return islice(tasks, looks)


def text(value):
    return str(value)[:MAX_TEXT]
