"""The user's modules, where they travel to workers with their code instead of by name."""

from __future__ import annotations

import os
import sys

from .places import SOURCES


def travel_by_value(job, helpers):
    """Workers that are not ours lack the entry's file: its functions go with their code, and with `helpers` those of all
    modules of the sources and beside the entry."""
    try:
        import cloudpickle
        from cloudpickle import register_pickle_by_value
    except ImportError:  # cloudpickle before 2.0, or none
        return
    folders = [SOURCES] + ([os.path.dirname(job.entry.path)] if job.entry.path else []) if helpers else []
    names = set()
    for module in [job.module, *list(sys.modules.values())]:
        path = getattr(module, "__file__", None) or ""
        if module is job.module or any(os.path.abspath(path).startswith(folder + os.sep) for folder in folders):
            try:
                register_pickle_by_value(module)
                if module is not job.module and not can_travel(cloudpickle, module):
                    cloudpickle.unregister_pickle_by_value(module)
                    continue
                names.add(module.__name__)
            except ValueError:  # a module that is no longer known by its name
                pass
    prefer_cloudpickle(cloudpickle, names)


def can_travel(cloudpickle, module):
    """Whether the module's own functions and classes can be pickled with what they use: one with a lock goes by name."""
    own = [value for value in vars(module).values() if callable(value) and getattr(value, "__module__", None) == module.__name__]
    try:
        cloudpickle.dumps(own)
    except Exception:
        return False
    return True


def prefer_cloudpickle(cloudpickle, names):
    """Dask asks cloudpickle for a function of a registered module that is sent alone, but not for one inside of something
    larger, such as a task graph, which it tries to pickle by reference first. Whatever names a module goes by value."""
    from distributed.protocol import pickle

    by_reference = pickle.dumps
    marks = [b"\x8c" + bytes([len(name)]) + name for name in map(str.encode, names)]  # short strings, as a pickle holds them

    def dumps(x, *, buffer_callback=None, protocol=pickle.HIGHEST_PROTOCOL):
        buffers = []
        collect = None if buffer_callback is None else buffers.append
        result = by_reference(x, buffer_callback=collect, protocol=protocol)
        if any(mark in result for mark in marks):
            buffers.clear()
            result = cloudpickle.dumps(x, buffer_callback=collect, protocol=protocol)
        for buffer in buffers:
            buffer_callback(buffer)
        return result

    pickle.dumps = dumps
