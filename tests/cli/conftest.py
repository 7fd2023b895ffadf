"""Fixtures of the command's tests: one cluster and one server for all, with hospitals and inhabitants.
SPDX-License-Identifier: MPL-2.0
"""
import contextlib
import http.client
import pathlib
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from medkoord_cli import Command  # noqa: E402
from medkoord_api import Client, Contract, Keys, Server, REGIONS, fresh_cluster, key  # noqa: E402



class PlainClient(Client):
    """Without the client library, which the command is made of: what the command shows is held against plain HTTP."""

    def send(self, method, path, headers, raw):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body=raw, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()


HOSPITALS = {"AHH": "hovedstaden", "BFH": "hovedstaden", "AUH": "midtjylland", "AUT": "nordjylland", "OUH": "syddanmark", "SJS": "sjaelland"}


@pytest.fixture(scope="session")
def contract():
    return Contract()


@pytest.fixture(scope="session")
def cluster():
    with fresh_cluster() as made:
        yield made


@pytest.fixture(scope="session")
def keys():
    with tempfile.TemporaryDirectory() as folder:
        yield Keys(folder)


@pytest.fixture(scope="session")
def server(cluster, keys):
    made = Server(cluster.url(), keys).start()
    yield made
    assert made.remove() == 0


@pytest.fixture(scope="session")
def api(server, contract, keys):
    made = PlainClient(server, contract, keys)
    for code, region in HOSPITALS.items():
        answer = made.post("/v1/hospitals", {"code": code, "name": f"Hospital {code}", "region": region, "valid_from": "2015-01-01"}, headers=key())
        assert answer.status == 201, answer.text
    for region in REGIONS:
        answer = made.put(f"/v1/regions/{region}/populations/2020-01-01", {"population": 1000000, "source": "a test", "evidence": "recalled"},
                          headers={"If-None-Match": "*"})
        assert answer.status in (200, 201), answer.text
    return made


@pytest.fixture
def medkoord(tmp_path, api, server):
    return Command(tmp_path, f"http://127.0.0.1:{server.port}", api.token)


@pytest.fixture
def away(tmp_path):
    """The command without a server."""
    return Command(tmp_path, "http://127.0.0.1:1", lambda who: "h.p.s-of-" + who)
