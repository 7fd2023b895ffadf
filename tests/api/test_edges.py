"""Corners of the HTTP side that the other tests leave out: bodies that come in pieces, are cut, or are too long only in the
end; media types with parameters; connections that say nothing while the server stops.
SPDX-License-Identifier: MPL-2.0
"""
import json
import signal
import socket
import time

import pytest

from medkoord_api import Client, Server, wait_until
from test_uploads import GOOD, announce, make_hospitals, rest_of, upload

CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"


def head(api, method="POST", path="/v1/hospitals", who="admin", *lines):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {api.token(who)}", *lines, "", ""]).encode()


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def metric(api, name):
    return next(int(line.split()[1]) for line in api.get("/metrics", None).text.splitlines() if line.startswith(name + " "))


@pytest.mark.parametrize("chunks,answered", [(3, True), (5, True), (90, False)])
def test_a_chunked_body_is_too_long_only_in_the_end(server, api, chunks, answered):
    """Up to 256 KiB it is read, up to 4 MiB thrown away and answered; who sends more is cut off."""
    with connect(server) as s:
        try:
            s.sendall(head(api, "POST", "/v1/hospitals", "admin", "Content-Type: application/json", "Transfer-Encoding: chunked",
                           "Connection: close"))
            for _ in range(chunks):
                s.sendall(CHUNK)
            s.sendall(b"0\r\n\r\n")
        except OSError:  # cut off
            assert not answered
        answer = rest_of(s)
    assert answer.startswith(b"HTTP/1.1 400" if chunks == 3 else b"HTTP/1.1 413") if answered else answer == b""
    assert server.get_status("/healthz") == 200


@pytest.mark.parametrize("who", ["admin", "reader"]) # taken, and refused with its body thrown away
@pytest.mark.parametrize("length,begun", [("Content-Length: 100", b'{"code":'), ("Transfer-Encoding: chunked", b'64\r\n{"code":')])
def test_a_body_that_is_cut_is_noticed_at_once(server, api, who, length, begun):
    """The end comes together with the last bytes; nobody waits for the deadline of 30 s."""
    before = metric(api, "medkoord_requests_in_flight")
    begin = time.monotonic()
    for _ in range(8):
        with connect(server) as s:
            s.sendall(head(api, "POST", "/v1/hospitals", who, "Content-Type: application/json", length) + begun)
            s.shutdown(socket.SHUT_WR)
            assert not rest_of(s).startswith(b"HTTP/1.1 2")
    wait_until(lambda: metric(api, "medkoord_requests_in_flight") <= before, 10, "the end of what was cut")
    assert time.monotonic() - begin < 20


def test_a_refused_body_that_is_cut_is_noticed_at_once(server, api):
    """The rest of what is refused early is thrown away as it comes; when it ends in the middle, nobody waits for more."""
    before = metric(api, "medkoord_requests_in_flight")
    path = "/v1/consumption-deliveries/00000000-0000-4000-8000-000000000000/rows"
    for _ in range(8):
        with connect(server) as s:
            s.sendall(head(api, "PUT", path, "reader", "Content-Type: text/csv", "Content-Length: 30000") + b"month,hospital,atc,ddd\n" * 100)
            s.shutdown(socket.SHUT_WR)
            assert not rest_of(s).startswith(b"HTTP/1.1 2")
    wait_until(lambda: metric(api, "medkoord_requests_in_flight") <= before, 10, "the end of what was cut")


@pytest.mark.parametrize("media,status", [
    ("text/csv;charset=us-ascii", 200), ('text/csv ; charset="utf-8" ', 200), ("text/csv; header=present", 200), ("TEXT/CSV;\tCHARSET=ISO-8859-1", 200),
    ('text/csv; charset="iso-8859-1"', 200), ("text/csv; charset=u", 415), ('text/csv; charset="x', 415), ('text/csv; charset="', 415),
    ("text/csv; charset=utf-16", 415), ("text/csv;", 200)])
def test_media_types_of_an_upload(api, media, status):
    make_hospitals(api)
    answer = upload(api, announce(api), GOOD, media, Prefer="tx=rollback")
    assert answer.status == status, answer.text


def test_json_lines_are_always_utf8(api):
    make_hospitals(api)
    line = json.dumps({"month": "2021-06", "hospital": "AHH", "atc": "J01AA02", "ddd": 1})
    control = {"rows": 1, "ddd": 1, "cost_ore": 0}
    for media, status in (("application/x-ndjson", 200), ("application/x-ndjson; charset=utf-8", 200), ("application/x-ndjson; charset=iso-8859-1", 415)):
        answer = upload(api, announce(api, control), line + "\n", media, Prefer="tx=rollback")
        assert answer.status == status, answer.text


def test_the_head_of_an_export(api):
    got = api.call("HEAD", "/v1/consumption?from_month=2021-06&to_month=2021-07", "amgros", headers={"Accept": "text/csv"})
    assert got.status == 200 and got.body == b"" and got.header("Content-Type").startswith("text/csv")


def test_silent_connections_hold_up_no_stop(cluster, keys, contract):
    """One connection that is old and silent, one that is new, one in the middle of a body: the server waits for the last only,
    and for that no longer than it is told."""
    server = Server(cluster.url(), keys, loops=1, stop_deadline_ms=1500).start()
    api = Client(server, contract, keys)
    try:
        with connect(server) as old, connect(server) as half, connect(server) as new:
            half.sendall(head(api, "POST", "/v1/hospitals", "admin", "Content-Type: application/json", "Content-Length: 100") + b"{")
            begin = time.monotonic()
            wait_until(lambda: time.monotonic() - begin > 0.6 and metric(api, "medkoord_requests_in_flight") == 2, what="an old connection")
            with connect(server) as newest:
                server.process.send_signal(signal.SIGTERM)
                assert server.process.wait(20) == 0
                assert 1 < time.monotonic() - begin < 10
                for s in (old, new, newest):
                    assert rest_of(s) == b""
                assert not rest_of(half).startswith(b"HTTP/1.1 2")
    finally:
        assert server.remove() == 0
