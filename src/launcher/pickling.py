"""The entry's module, when it travels to workers with its code instead of by name."""

from __future__ import annotations


def travels_by_value(module):
    """Workers that are not ours do not have the entry's file: its functions go with their code."""
    try:
        import cloudpickle

        cloudpickle.register_pickle_by_value(module)
    except (ImportError, AttributeError, ValueError):  # cloudpickle before 2.0, or a module that is no longer known
        pass
