"""Fixtures of the API tests. One cluster, one server and one contract serve all of them; tests that break things make
their own.
SPDX-License-Identifier: MPL-2.0
"""
import sys
import pathlib
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from medkoord_api import Client, Contract, Keys, Server, fresh_cluster  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="test_faults.py: as often as promised, not a sample")
    parser.addoption("--seed", type=int, default=1, help="test_faults.py: another number draws other points to break things at")


@pytest.fixture(scope="session")
def contract():
    return Contract()


@pytest.fixture(scope="session")
def cluster():
    with fresh_cluster() as made:
        yield made


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    return Keys(tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp()))


@pytest.fixture(scope="session")
def server(cluster, keys):
    made = Server(cluster.url(), keys).start()
    yield made
    assert made.remove() == 0


@pytest.fixture(scope="session")
def api(server, contract, keys):
    return Client(server, contract, keys)


@pytest.fixture
def own_cluster():
    """For tests that stop, restart or break the database."""
    with fresh_cluster() as made:
        yield made
