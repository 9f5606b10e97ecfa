"""Where the launcher's own files and the user's sources are."""

from __future__ import annotations

import os

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.environ.get("FLOWRUN_SOURCE_DIR", "/flow")


def shorten(path):
    for root in (SOURCES, os.getcwd()):
        if os.path.abspath(path).startswith(root + os.sep):
            return os.path.relpath(path, root)
    return path


def is_user_code(path):
    path = os.path.abspath(path)
    if path.startswith(HERE + os.sep) or "site-packages" in path or "dist-packages" in path:
        return False
    library = os.path.dirname(os.path.abspath(os.__file__))
    return os.path.isabs(path) and not path.startswith(library + os.sep) and "<" not in os.path.basename(path)
