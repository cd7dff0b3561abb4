"""Runs on a Dask cluster of processes, some of which are killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from command import fails, shapcpp_cli
from runs import CtrlC, assert_efficient, assert_same, run
from shapcpp.running import transports

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::shapcpp.WorkerWarning"
)


@pytest.fixture(name="cluster_client", scope="module")
def _cluster_client() -> Iterator[Any]:
    """A cluster that gives a killed worker all the time it needs to come back on a busy machine.

    After the usual 15 seconds Dask would close the process that restarts it.
    """
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1h"}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(name="client")
def _client(cluster_client: Any) -> Any:
    """A client of the cluster once both of its workers are there."""
    cluster_client.wait_for_workers(2, timeout=300)
    return cluster_client


@pytest.fixture(name="features")
def _features(tmp_path: Path) -> Path:
    rng = np.random.default_rng(5)
    y, y_test = np.arange(60) % 2, np.arange(40) % 2
    sides = rng.normal(size=(60, 4)) + y[:, None], y, rng.normal(size=(40, 4)), y_test
    shapcpp.write_features(tmp_path / "features.npy", shapcpp.Features.from_splits(*sides))
    return tmp_path


def killing(client: Any, after: int, count: int) -> Callable[[int, int], None]:
    """A progress that kills `count` workers once `after` permutations are done."""
    killed: list[int] = []

    def progress(done: int, total: int) -> None:
        if done > after and not killed:
            killed.extend(client.run(os.getpid).values())
            for process in killed[:count]:
                os.kill(process, signal.SIGKILL)

    return progress


@pytest.mark.parametrize("count", [1, 2])  # with both, the inputs are gone too
def test_what_killed_workers_had_is_done_again_and_counted_once(client: Any, count: int) -> None:
    executor = client.get_executor()
    v = run(8_000, executor=executor, progress=killing(client, 1500, count))
    assert_same(v, run(8_000))


def test_a_cluster_serves_many_runs(client: Any) -> None:
    executor = client.get_executor()
    for options in ({}, {"C": 3.0, "seed": 1}, {}):
        assert_same(run(500, executor=executor, **options), run(500, **options))


def test_ctrl_c_stops_within_a_second_and_keeps_what_is_done(client: Any) -> None:
    executor, ctrl_c = client.get_executor(), CtrlC()
    with pytest.raises(shapcpp.Interrupted) as stopped:
        run(10**8, executor=executor, progress=ctrl_c)
    assert ctrl_c.reports < 10  # those of a second
    assert_efficient(stopped.value.partial)
    assert_same(run(50, executor=executor), run(50))


def test_the_command_line_takes_a_scheduler(client: Any, features: Path) -> None:
    command = ["value", "features.npy", "--perms", 700]
    done = shapcpp_cli(*command, "--dask", client.scheduler.address, "-o", "dask.npz", cwd=features)
    assert "Lowest values by" in done.stdout
    shapcpp_cli(*command, "-o", "here.npz", cwd=features)
    assert_same(
        shapcpp.load(features / "dask.npz", shapcpp.Valuation),
        shapcpp.load(features / "here.npz", shapcpp.Valuation),
    )


def test_the_command_line_stops_on_ctrl_c(client: Any, features: Path) -> None:
    command = [sys.executable, "-m", "shapcpp", "value", "features.npy", "--perms", "1000000000",
               "--dask", client.scheduler.address, "--checkpoint", "run.npz",
               "--checkpoint-every", "0.2"]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=features, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not _done(features / "run.npz"):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "saved in run.npz, marked as partial" in err
    assert_efficient(shapcpp.load(features / "run.npz", shapcpp.Valuation))


def _done(path: Path) -> int:
    return shapcpp.load(path, shapcpp.Valuation).n_permutations if path.exists() else 0


def test_workers_may_come_later() -> None:
    with (
        distributed.LocalCluster(
            n_workers=0, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        seen: list[int] = []

        def progress(done: int, total: int) -> None:
            seen.append(done)
            if len(seen) == 3:
                cluster.scale(1)

        v = run(300, executor=client.get_executor(), progress=progress)
    assert seen[:3] == [0, 0, 0]
    assert_same(v, run(300))


def test_a_scheduler_that_goes_away_ends_the_run() -> None:
    code = """if True:
        import sys
        from distributed import LocalCluster
        if __name__ == "__main__":
            cluster = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0")
            print(cluster.scheduler_address, flush=True)
            sys.stdin.read()
    """
    server = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert server.stdin is not None
    assert server.stdout is not None
    address = server.stdout.readline().strip()

    def progress(done: int, total: int) -> None:
        if done > 100:
            server.kill()

    with distributed.Client(address, timeout=300, set_as_default=False) as client:
        client._timeout = 2  # seconds for which it looks for a scheduler that is gone
        with pytest.raises(shapcpp.WorkerError) as lost:
            run(10**7, executor=client.get_executor(), progress=progress)
    server.communicate()
    assert_efficient(lost.value.partial)


def test_the_client_is_not_its_executor(client: Any) -> None:
    with pytest.raises(TypeError, match=r"Executor, as client\.get_executor\(\) is, got <Client"):
        run(10, executor=client)


def test_without_an_answer_the_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "WAITS_FOR_SCHEDULER", 0.3)
    with (
        pytest.raises(
            ValueError, match="no Dask scheduler answers at tcp://127.0.0.1:9: Timed out"
        ),
        transports.dask("tcp://127.0.0.1:9"),
    ):
        pass


@pytest.mark.parametrize("address", ["scheduler", "http://scheduler:80", "tcp://:1", "tcp://a:b"])
def test_what_is_no_address_is_refused(address: str) -> None:
    sentence = f"the address of a scheduler is like tcp://host:8786, got '{address}'"
    with pytest.raises(ValueError, match=re.escape(sentence)), transports.dask(address):
        pass


def test_the_command_line_says_it_in_a_sentence(features: Path) -> None:
    assert "is like tcp://" in fails("value", "features.npy", "--dask", "scheduler", cwd=features)
    command = ["value", "features.npy", "--dask", "tcp://scheduler:8786", "--estimate"]
    assert "--estimate measures on this machine" in fails(*command, cwd=features)


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(ValueError, match=r"not installed; pip install '\.\[distributed\]'"),
        transports.dask("tcp://127.0.0.1:8786"),
    ):
        pass
