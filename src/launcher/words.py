"""What is said to people, and how long it may be."""

from __future__ import annotations

import difflib
import os
import sys


def say(text):
    """One line about the run itself; the flow's own output stays what it is."""
    print("flowrun: " + text, file=sys.stderr, flush=True)


def cut(text, limit):
    return text if len(text) <= limit else text[: limit - 1] + "…"


def did_you_mean(name, known):
    near = difflib.get_close_matches(str(name), [str(other) for other in known], n=1)
    return "; did you mean %r?" % near[0] if near else ""


def listing(directory):
    try:
        names = sorted(name + ("/" if os.path.isdir(os.path.join(directory, name)) else "") for name in os.listdir(directory))
    except OSError:
        return "%s does not exist" % directory
    return "in %s there is %s" % (directory, cut(", ".join(names[:20]) or "nothing", 400))
