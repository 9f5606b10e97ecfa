"""Signals that stop the run."""

from __future__ import annotations

import os
import signal
import threading
import time

from .outcome import cancelled, faulted


class Signals:
    """SIGTERM and SIGINT stop the run: once, a KeyboardInterrupt in the main thread; for a command, the signal itself.

    A watchdog thread ends the process before the grace period does, with the result `Cancelled`: threads and C code
    may not unwind at all. It learns of signals from the wakeup descriptor, so also when Prefect has put its own
    handler in place of ours, or the main thread never gets to run one.
    """

    FORWARDED = ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT", "SIGWINCH")

    def __init__(self, grace_seconds, expire):
        self.received = None
        self.fault = None
        self.group = None
        self.deaf = False
        self.seconds = max(0.5, grace_seconds - min(3.0, grace_seconds / 4))
        self.expire = expire
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        threading.Thread(target=self.watch, args=(reader,), name="flowrun-signals", daemon=True).start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle)

    def watch(self, reader):
        stops = (signal.SIGTERM, signal.SIGINT)
        while True:
            number = os.read(reader, 1)[0]
            if number in stops:
                break
        self.received = self.received or number
        time.sleep(self.seconds)
        self.expire(self.group)

    def stop_with(self, fault):
        """Ends the run as a signal does, from any thread, with an outcome of its own."""
        self.fault = fault
        os.kill(os.getpid(), signal.SIGTERM)

    def stopped_by(self, error):
        """Whether this is how a signal shows. Prefect 3 has a handler of its own while a flow runs, and raises before the
        watchdog has read that there was a signal."""
        if self.received is None and type(error).__name__ == "TerminationSignal":
            self.received = signal.SIGTERM
        return self.received is not None

    def outcome(self, message=""):
        """Of a run that was stopped."""
        return faulted(self.fault) if self.fault is not None else cancelled(self.received, message)

    def handle(self, number, _):
        self.received = self.received or number
        if self.group is not None:
            kill_group(self.group, number)
        elif not self.deaf:
            self.deaf = True  # once: a second one must not interrupt the unwinding
            raise KeyboardInterrupt

    def hold(self):
        """From now on signals are only remembered, until it is known whom to hand them on to."""
        self.deaf = True

    def forward_to(self, group):
        """From now on signals go to that process group; None: nowhere."""
        self.group, self.deaf = group, True
        if group is None:
            return
        for name in self.FORWARDED:
            signal.signal(getattr(signal, name), self.pass_on)
        if self.received:  # came before there was a child
            kill_group(group, self.received)

    def pass_on(self, number, _):
        if self.group is not None:
            kill_group(self.group, number)


def kill_group(group, number):
    try:
        os.killpg(group, number)
    except OSError:
        pass  # nothing left in it


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal %d" % number
