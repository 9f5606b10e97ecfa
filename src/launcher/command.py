"""Commands instead of Python objects."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess

from .cgroup import out_of_memory_kills
from .faults import SpecFault
from .outcome import Outcome, succeeded
from .output import Output
from .signals import kill_group, signal_name
from .words import cut


def run_command(run, signals, cleanups):
    """Runs the command as a child with its own process group, hands signals on to that group, and reaps whatever is
    orphaned in the meantime. The child's exit code decides the outcome, unless it was told to stop."""
    arguments = run.command
    adopt_orphans()
    killed_before = out_of_memory_kills()
    signals.hold()
    output = Output()
    try:
        child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=output.stdout, stderr=output.stderr, start_new_session=True)
    except FileNotFoundError as error:
        if shutil.which(arguments[0]):
            raise SpecFault("CommandFailed", "the command could not be started: %s" % error) from error
        raise SpecFault("CommandNotFound", "there is no program %r in this image (PATH=%s): correct flow.command or add the program to the image" % (arguments[0], os.environ.get("PATH", ""))) from error
    except OSError as error:
        raise SpecFault("CommandFailed", "the command could not be started: %s" % error) from error
    cleanups.append(output.finish)
    signals.forward_to(child.pid)
    status = reap_until(child.pid)
    child.returncode = 0  # reaped here, not by subprocess
    signals.forward_to(None)
    kill_group(child.pid, signal.SIGKILL)
    output.finish()
    code = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    said = "was killed by %s" % signal_name(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else "exited with code %d" % code
    if signals.received:
        return signals.outcome("the command %s after that" % said)
    if code == 0:
        return succeeded()
    message = "the command %s: %s" % (said, cut(" ".join(arguments), 300))
    # Where the kubelet has the kernel kill one process and not the container, nobody but the cgroup knows why it died.
    starved = out_of_memory_kills() > killed_before
    if starved:
        message += ". A process of it needed more memory than its container may use: raise spec.flow.resources.limits.memory"
    return Outcome("Failed", code, "Flow", "FlowOutOfMemory" if starved else "FlowFailed", message, status=1, last_lines=output.last_lines())


def adopt_orphans():
    """Makes this process the parent of its descendants' orphans where the system can (PID 1 is it anyway)."""
    try:
        import ctypes

        PR_SET_CHILD_SUBREAPER = 36
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass


def reap_until(wanted):
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == wanted:
            return status
