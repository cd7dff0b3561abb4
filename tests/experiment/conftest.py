from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from reproductions import SMALL
from shapcpp.experiment import Reproduction, reproduce


@pytest.fixture(scope="package", autouse=True)
def _one_thread() -> Iterator[None]:
    """Steps this small are no work for two; on a busy machine they wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="package")
def done(tmp_path_factory: pytest.TempPathFactory) -> Reproduction:
    """A reproduction that nothing disturbed."""
    return reproduce(tmp_path_factory.mktemp("undisturbed"), **SMALL)
