"""Fixtures of a file of tests that has a cluster of its own, at its moment NOW where it says one: `from own import api, cluster`.
SPDX-License-Identifier: MPL-2.0
"""
import tempfile

import pytest

from medkoord_api import Clock, fresh_cluster, served


@pytest.fixture(scope="module")
def clock(request):
    with tempfile.TemporaryDirectory(prefix="medkoord-clock.") as folder:
        made = Clock(folder)
        made.set_to(request.module.NOW)
        yield made


@pytest.fixture(scope="module")
def cluster(request):
    with fresh_cluster() as made:
        if hasattr(request.module, "NOW"):
            made.restart_under(request.getfixturevalue("clock"))
        yield made


@pytest.fixture(scope="module")
def api(request, cluster, keys, contract):
    with served(cluster, keys, contract) as client:
        client.day = getattr(request.module, "NOW", client.day)[:10]
        yield client
