"""What the container's cgroup says, of version 2 or 1."""

from __future__ import annotations

import math
import os

ROOT = "/sys/fs/cgroup"


def cpu_limit(root=ROOT):
    """CPUs this container may use: its cgroup's quota, at most those it may be scheduled on."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for quota_path, period_path in (
        ("cpu.max", None),
        ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"),
    ):
        try:
            with open(os.path.join(root, quota_path)) as file:
                words = file.read().split()
            if period_path:
                with open(os.path.join(root, period_path)) as file:
                    words.append(file.read().strip())
            if words[0] not in ("max", "-1"):
                return max(1, min(available, math.ceil(int(words[0]) / int(words[1]))))
        except (OSError, ValueError, IndexError, ZeroDivisionError):
            continue
    return available


def out_of_memory_kills(root=ROOT):
    """Processes of this container that the kernel has killed since they needed more memory than it may use; 0 where nobody
    can tell."""
    for path in ("memory.events", "memory/memory.oom_control"):
        try:
            with open(os.path.join(root, path)) as file:
                counts = dict(line.split() for line in file)
            return int(counts["oom_kill"])
        except (OSError, ValueError, KeyError):
            continue
    return 0
