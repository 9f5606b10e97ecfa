"""What a command writes."""

import os
import re
import selectors
import threading
import time

from .words import cut

KEPT_BYTES = 8192
MAX_LINES, MAX_LINE_CHARS, MAX_BYTES = 10, 200, 1000

# Colours, titles and the like, then what else does not print.
ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-Z\\-_])")
UNPRINTABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\ufffd]")


class Output:
    """Hands a command's stdout and stderr on as they come and remembers the last of both. Where both are one file they share
    a pipe, so that their order stays. A terminal is left to the command."""

    def __init__(self):
        self.tail = b""
        self.small, self.since, self.hurried = 0, 0.0, False
        self.targets = {}  # descriptor to read -> where it goes
        self.stdout = None if os.isatty(1) else self.pipe_to(1)  # what the command gets; None: what this process has
        shared = self.stdout and os.path.sameopenfile(1, 2)
        self.stderr = self.stdout if shared else None if os.isatty(2) else self.pipe_to(2)
        self.wake, self.stop = os.pipe()
        self.thread = threading.Thread(target=self.pump, daemon=True)
        self.thread.start()

    def pipe_to(self, target):
        reader, writer = os.pipe()
        self.targets[reader] = target
        return writer

    def pump(self):
        selector = selectors.DefaultSelector()
        for reader in (self.wake, *self.targets):
            selector.register(reader, selectors.EVENT_READ)
        timeout = None
        while True:
            ready = [key.fd for key, _ in selector.select(timeout)]
            if timeout == 0 and not ready:
                return
            for reader in ready:
                if reader == self.wake:
                    selector.unregister(reader)
                    timeout = 0
                elif not self.hand_on(reader):
                    selector.unregister(reader)
                    os.close(reader)  # so that the command learns it

    def hand_on(self, reader):
        """Whether somebody still takes it."""
        data = os.read(reader, 65536)
        self.tail = (self.tail + data)[-KEPT_BYTES:]
        if len(data) < 4096:
            self.pause()
        try:
            while data:
                data = data[os.write(self.targets[reader], data) :]
        except OSError:
            return False
        return True

    def pause(self):
        """Lets many small writes gather in the pipe: to wake up for each takes CPU time that the command needs."""
        self.small += 1
        if self.small % 64 == 0:
            now = time.monotonic()
            self.hurried, self.since = now - self.since < 0.05, now
        if self.hurried:
            time.sleep(0.001)

    def finish(self):
        """Once the command is dead: returns when all that it wrote is handed on."""
        os.write(self.stop, b".")
        self.thread.join(10)

    def last_lines(self):
        """As people read them."""
        lines = map(readable, self.tail.decode("utf-8", "replace").split("\n"))
        shown = [cut(line, MAX_LINE_CHARS) for line in lines if line]
        if len(self.tail) == KEPT_BYTES and len(shown) > 1:
            shown.pop(0)  # it lacks its beginning
        shown = shown[-MAX_LINES:]
        while len("\n".join(shown).encode()) > MAX_BYTES:
            shown.pop(0)
        return "\n".join(shown)


def readable(line):
    """As a terminal shows it: of a progress bar the last state."""
    return UNPRINTABLE.sub("", ESCAPES.sub("", line.rstrip("\r").rpartition("\r")[2])).rstrip()
