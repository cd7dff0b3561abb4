"""A run that waits for workers says so for as long as it does, and ends with nothing as an error."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import Any

import pytest

import shapcpp
from runs import assert_same, run
from shapcpp.running import remote


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "SAID_AFTER", 0.0)


class Late(Executor):
    """Does no task until it has been asked for this many looks, and may begin them before."""

    def __init__(self, looks: int, begins: bool = False) -> None:
        self.looks = looks
        self.begins = begins
        self.kept: list[tuple[Future[Any], Any, tuple[Any, ...]]] = []

    def submit(self, call: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self.begins:
            future.set_running_or_notify_cancel()
        self.kept.append((future, call, arguments))
        return future

    def progress(self, done: int, total: int) -> None:
        self.looks -= 1
        if self.looks < 0:
            for future, call, arguments in self.kept:
                if future.running() or future.set_running_or_notify_cancel():
                    future.set_result(call(*arguments))
            self.kept.clear()


def test_a_pool_that_begins_nothing_is_told_again_and_again() -> None:
    late = Late(10)
    with pytest.warns(shapcpp.WorkerWarning, match="waiting for workers since .*: the") as told:
        v = run(300, executor=late, progress=late.progress)
    assert len([one for one in told if one.category is shapcpp.WorkerWarning]) >= 2
    assert_same(v, run(300))


def test_workers_that_never_come_give_nothing() -> None:
    with pytest.warns(shapcpp.WorkerWarning, match="the executor has begun no task"):
        v = run(300, executor=Late(10**9), max_time=0.5)
    assert v.n_permutations == 0
    with pytest.raises(ValueError, match="no permutation was completed"):
        v.lowest("acc")


def test_a_scheduler_without_workers_is_told_by_its_address() -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
        pytest.warns(shapcpp.WorkerWarning, match="the Dask scheduler at tcp://.* has none"),
    ):
        v = run(300, executor=client.get_executor(), max_time=1.0)
    assert v.n_permutations == 0


@pytest.mark.filterwarnings("error::shapcpp.WorkerWarning")
def test_workers_that_work_are_not_waited_for() -> None:
    late = Late(10, begins=True)
    assert_same(run(300, executor=late, progress=late.progress), run(300))
