"""The entry's module, when it travels to workers with its code instead of by name."""

from __future__ import annotations


def travels_by_value(module):
    """Workers that are not ours do not have the entry's file: its functions go with their code."""
    try:
        import cloudpickle

        cloudpickle.register_pickle_by_value(module)
    except (ImportError, AttributeError, ValueError):  # cloudpickle before 2.0, or a module that is no longer known
        return
    prefer_cloudpickle(cloudpickle, module.__name__)


def prefer_cloudpickle(cloudpickle, name):
    """Dask asks cloudpickle for a function of a registered module that is sent alone, but not for one inside of something
    larger, such as a task graph, which it tries to pickle by reference first. Whatever names the module goes by value."""
    from distributed.protocol import pickle

    by_reference = pickle.dumps
    encoded = name.encode()
    mark = b"\x8c" + bytes([len(encoded)]) + encoded  # a short string, as a pickle holds it

    def dumps(x, *, buffer_callback=None, protocol=pickle.HIGHEST_PROTOCOL):
        buffers = []
        collect = None if buffer_callback is None else buffers.append
        result = by_reference(x, buffer_callback=collect, protocol=protocol)
        if mark in result:
            buffers.clear()
            result = cloudpickle.dumps(x, buffer_callback=collect, protocol=protocol)
        for buffer in buffers:
            buffer_callback(buffer)
        return result

    pickle.dumps = dumps
