"""Every allocation of a request fails once: the server does not fall, leaks nothing, lets nobody in, gives no half answer
for a whole one, and answers the next request.

A library preloaded into the server (tests/torture/fail_nth.c) fails the n-th allocation from when it is told so. Each request
below is sent with n = 1, 2, 3, ... until it is answered without having come to the n-th.
SPDX-License-Identifier: MPL-2.0
"""
import gzip
import http.client
import json
import mmap
import signal
import socket
import struct
import subprocess
import uuid

import pytest

from medkoord_api import BUILD, Client, PROGRAM, Server, key, wait_until
from test_uploads import GOOD, announce, make_hospitals, upload

SHIM = BUILD / "tests" / "torture" / "fail_nth.so"
REFUSED_FOR_MEMORY = {503}
MOST = 2000 # allocations of one request; far more than any makes


class Shim:
    """What the preloaded library and the test share; see tests/torture/fail_nth.c."""

    def __init__(self, file):
        self.file = file
        file.write_bytes(bytes(24))
        with open(file, "r+b") as f:
            self.memory = mmap.mmap(f.fileno(), 24)

    def arm(self, n, calls=False):
        self.memory[8:16] = struct.pack("q", 0)
        at = 16 if calls else 0
        self.memory[at:at + 8] = struct.pack("q", n)

    def left(self):
        return struct.unpack("q", self.memory[0:8])[0]

    def disarm(self):
        """Whether an allocation or a call has failed since it was armed."""
        self.memory[0:8] = self.memory[16:24] = struct.pack("q", 0)
        return struct.unpack("q", self.memory[8:16])[0] > 0


class Victim:
    def __init__(self, cluster, keys, contract, folder):
        self.shim = Shim(folder / "fail_nth")
        # libpq 15 that has no memory for a COPY's beginning waits for ever; then the deadline is what answers.
        self.server = Server(cluster.url(), keys, loops=1, fast_connections=1, heavy_connections=1, write_connections=1,
                             stream_connections=1, stream_idle_ms=1500)
        self.server.environment["FAIL_NTH"] = str(self.shim.file)
        self.server.environment["LD_PRELOAD"] = str(SHIM)
        options = [self.server.environment.get("ASAN_OPTIONS"), "verify_asan_link_order=0", "allocator_may_return_null=1"]
        self.server.environment["ASAN_OPTIONS"] = ":".join(o for o in options if o)
        self.server.start()
        self.api = Client(self.server, contract, keys)
        self.forged = keys.token("admin").rsplit(".", 1)[0] + "." + keys.token("reader").rsplit(".", 1)[1]
        self.expired = keys.token_of(exp=1600000000)

    def send(self, request):
        """(status, body), status None when the connection was cut before the whole answer was there."""
        method, path, who, headers, body = request
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        token = self.api.token(who)
        if token:
            head += f"Authorization: Bearer {token}\r\n"
        if body is not None:
            head += f"Content-Length: {len(body)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        try:
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as s:
                s.sendall(head.encode() + (body or b""))
                response = http.client.HTTPResponse(s, method=method)
                response.begin()
                return response.status, response.read()
        except TimeoutError:
            raise AssertionError(f"no answer to {method} {path} within 20 s") from None
        except (OSError, http.client.HTTPException):
            return None, b""


@pytest.fixture(scope="module")
def victim(cluster, keys, contract, tmp_path_factory):
    made = Victim(cluster, keys, contract, tmp_path_factory.mktemp("torture"))
    yield made
    assert made.server.remove() == 0 # with sanitizers: nothing leaked


@pytest.fixture(scope="module")
def stage(api):
    """What the requests are about."""
    make_hospitals(api)
    api.post("/v1/hospitals", {"code": "TORTURE", "name": "Torturhospitalet", "region": "nordjylland", "valid_from": "2015-01-01"}, headers=key())
    delivery, bad, done = announce(api), announce(api), announce(api)
    assert upload(api, done, GOOD).status == 200
    twice = announce(api, {"rows": 4, "ddd": 136.5501, "cost_ore": 800})
    one = announce(api, {"rows": 1, "ddd": 1, "cost_ore": 0})
    return {"delivery": delivery, "bad": bad, "done": done, "twice": twice, "one": one, "cursor": api.get("/v1/hospitals?limit=1").json()["next"]}


def as_json(body, **headers):
    return {"Content-Type": "application/json", **headers}, json.dumps(body).encode()


def hospital(code):
    return {"code": code, "name": "Nyt hospital", "region": "sjaelland", "valid_from": "2015-01-01"}


GET = {}, None
CSV = {"Accept": "text/csv"}, None
ROLLBACK = {"Content-Type": "text/csv", "Prefer": "tx=rollback"}
UNSIGNED = "eyJhbGciOiJFUzI1NiIsImtpZCI6IngifQ.eyJzdWIiOiJhIn0.AAAA"

# Name, status when nothing fails, whether the answer is always the same, and the request; it is made anew for each n.
CASES = [
    ("health", 200, True, lambda v, s: ("GET", "/healthz", None, *GET)),
    ("metrics", 200, False, lambda v, s: ("GET", "/metrics", None, *GET)),
    ("contract", 200, True, lambda v, s: ("GET", "/v1/openapi.json", None, *GET)),
    ("not modified", 304, True, lambda v, s: ("GET", "/v1/openapi.json", None, {"If-None-Match": "*"}, None)),
    ("one", 200, True, lambda v, s: ("GET", "/v1/regions/nordjylland?as_of=2024-01-01", "reader", *GET)),
    ("list", 200, True, lambda v, s: ("GET", "/v1/regions?as_of=2024-01-01", "reader", {"Accept-Language": "da"}, None)),
    ("page", 200, True, lambda v, s: ("GET", s["cursor"], "reader", *GET)),
    ("token seen for the first time", 200, True,
     lambda v, s: ("GET", "/v1/regions/nordjylland?as_of=2024-01-01", v.api.keys.token("reader", subject=uuid.uuid4().hex), *GET)),
    ("export", 200, True, lambda v, s: ("GET", "/v1/consumption?from_month=2021-06&to_month=2021-07", "amgros", *CSV)),
    ("heavy reading", 200, False, lambda v, s: ("GET", "/v1/divergence?from_month=2021-06&to_month=2021-07", "reader", *GET)),
    ("chart", 200, False, lambda v, s: ("GET", "/v1/divergence/J01CA04?from_month=2021-06&to_month=2021-07", "reader",
                                        {"Accept": "image/svg+xml", "Accept-Language": "da"}, None)),
    ("change", 200, False,
     lambda v, s: ("PATCH", "/v1/hospitals/TORTURE", "admin", {"Content-Type": "application/merge-patch+json", "If-Match": "*"}, b'{"name":"Nyt"}')),
    ("upload", 200, False, lambda v, s: ("PUT", f"/v1/consumption-deliveries/{s['delivery']}/rows", "amgros", ROLLBACK, GOOD.encode())),
    ("upload that is rejected", 422, False,
     lambda v, s: ("PUT", f"/v1/consumption-deliveries/{s['bad']}/rows", "amgros", {**ROLLBACK, "Content-Encoding": "gzip"},
                   gzip.compress(GOOD.replace("AHH", "NIX").encode()))),
    ("upload that is rejected and kept", 422, False,
     lambda v, s: ("PUT", f"/v1/consumption-deliveries/{s['bad']}/rows", "amgros", {"Content-Type": "text/csv"}, GOOD.replace("AHH", "NIX").encode())),
    ("upload with duplicates that only the database meets", 422, False,
     lambda v, s: ("PUT", f"/v1/consumption-deliveries/{s['twice']}/rows", "amgros", {**ROLLBACK, "Accept-Language": "da"},
                   GOOD.encode() + b"2021-06,AHH,J01,,,-1,-3.45,-100\n")),
    ("upload of JSON lines", 200, False,
     lambda v, s: ("PUT", f"/v1/consumption-deliveries/{s['one']}/rows", "amgros", {**ROLLBACK, "Content-Type": "application/x-ndjson"},
                   b'{"month":"2021-06","hospital":"AHH","atc":"J01AA02","product":"Doxycyclin","ddd":1}\n')),
    ("upload of the same bytes again", 200, False,
     lambda v, s: ("PUT", f"/v1/consumption-deliveries/{s['done']}/rows", "amgros", {"Content-Type": "text/csv"}, GOOD.encode())),
    # Nobody gets in.
    ("no token", 401, False, lambda v, s: ("GET", "/v1/regions", None, *GET)),
    ("token of an unknown key", 401, False, lambda v, s: ("GET", "/v1/regions", UNSIGNED, *GET)),
    ("signature of another token", 401, False, lambda v, s: ("GET", "/v1/regions", v.forged, *GET)),
    ("expired token", 401, False, lambda v, s: ("GET", "/v1/regions", v.expired, *GET)),
    ("role that may not", 403, False, lambda v, s: ("POST", "/v1/hospitals", "reader", *as_json(hospital("NEVER1")))),
    ("upload by a role that may not", 403, False,
     lambda v, s: ("PUT", f"/v1/consumption-deliveries/{s['delivery']}/rows", "reader", {"Content-Type": "text/csv"}, GOOD.encode())),
    ("many mistakes", 422, False,
     lambda v, s: ("POST", "/v1/hospitals", "admin", *as_json({"code": "a b", "name": 7, "x/y": [1], "valid_from": "2023-02-29"}, **{"Accept-Language": "da"}))),
    ("civil registration number", 422, False,
     lambda v, s: ("POST", "/v1/hospitals", "admin", *as_json({**hospital("NEVER2"), "name": "Afd. 010180-1234"}))),
    ("not JSON", 400, False, lambda v, s: ("POST", "/v1/hospitals", "admin", {"Content-Type": "application/json"}, b'{"code": "NEVER3", "code": "X"}')),
    ("bad query", 400, False, lambda v, s: ("GET", "/v1/hospitals?limit=0&x=1&%ff", "reader", *GET)),
    ("unknown path", 404, False, lambda v, s: ("GET", "/v1/nowhere", "reader", *GET)),
    ("stale version", 412, False,
     lambda v, s: ("PATCH", "/v1/hospitals/TORTURE", "admin", {"Content-Type": "application/merge-patch+json", "If-Match": '"0"'}, b'{"name":"Never"}')),
    ("two lengths", 400, False, lambda v, s: ("GET", "/v1/regions", "reader", {"Transfer-Encoding": "chunked"}, b"")),
]


def still_answers(victim, request, status):
    """The next request is answered, and so is the same again; a lost database connection may first have to be made anew."""
    assert victim.server.process.poll() is None, victim.server.log.read_text()[-8000:]
    assert victim.send(("GET", "/healthz", None, *GET))[0] == 200
    wait_until(lambda: victim.send(request)[0] == status, 10, "an answer to the next request")


@pytest.mark.parametrize("name,status,steady,request_of", CASES, ids=[c[0] for c in CASES])
def test_each_allocation_fails_once(victim, stage, name, status, steady, request_of):
    whole = victim.send(request_of(victim, stage))
    assert whole[0] == status, whole
    # The chart makes many, and more the more the tests before it have delivered; it takes long.
    for n in range(1, 10 * MOST, 19) if name == "chart" else range(1, MOST):
        request = request_of(victim, stage)
        victim.api.token(request[2])
        victim.shim.arm(n)
        answer = victim.send(request)
        reached = victim.shim.disarm()
        assert answer[0] in {status, None} | REFUSED_FOR_MEMORY, f"allocation {n}: {answer}"
        if answer[0] == status and steady:
            assert answer[1] == whole[1], f"allocation {n}: another answer"
        elif answer[0] == 200 and request[3].get("Accept") is None and answer[1].startswith(b"{"):
            assert json.loads(answer[1]).keys() == json.loads(whole[1]).keys(), f"allocation {n}"
        if not reached:
            assert answer[0] == status, f"allocation {n}: not reached, and {answer}"
            break
        still_answers(victim, request, status)
    else:
        raise AssertionError(f"more than {n} allocations")
    assert n > 1, "nothing was ever made to fail"
    print(f"{name}: {n - 1} allocations")


# Requests that between them use every way to the database and back.
CALLED = ["one", "export", "heavy reading", "change", "upload", "upload that is rejected and kept", "upload of the same bytes again",
          "upload with duplicates that only the database meets"]


@pytest.mark.parametrize("name,status,steady,request_of", [c for c in CASES if c[0] in CALLED],
                         ids=[c[0] for c in CASES if c[0] in CALLED])
def test_each_call_into_a_library_fails_once(victim, stage, name, status, steady, request_of):
    """As above, with the n-th call into libpq or libmicrohttpd: the connection to the database is taken for lost, and made anew."""
    for n in range(1, MOST):
        request = request_of(victim, stage)
        victim.api.token(request[2])
        victim.shim.arm(n, calls=True)
        answer = victim.send(request)
        reached = victim.shim.disarm()
        assert answer[0] in {status, None} | REFUSED_FOR_MEMORY, f"call {n}: {answer}"
        if not reached:
            break
        still_answers(victim, request_of(victim, stage), status)
    print(f"{name}: {n - 1} calls")
    assert answer[0] == status and 5 < n < MOST


def test_a_keyed_write_is_done_once_whatever_fails(victim, stage, cluster):
    """What was refused or cut is sent again with its key; then there is one of it, and one answer."""
    for n in range(1, MOST):
        code, k = f"TORT{n}", key()
        request = "POST", "/v1/hospitals", "admin", *as_json(hospital(code), **k)
        victim.shim.arm(n)
        first = victim.send(request)
        reached = victim.shim.disarm()
        assert first[0] in {201, None} | REFUSED_FOR_MEMORY, f"allocation {n}: {first}"
        again = wait_until(lambda: (a := victim.send(request))[0] not in (None, 409, 503) and a, 10, f"an answer after allocation {n}")
        assert again[0] == 201, f"allocation {n}: {again}"
        assert first[0] != 201 or first[1] == again[1], f"allocation {n}: two answers"
        if not reached:
            break
    assert n > 50
    assert cluster.sql("SELECT count(*), count(DISTINCT code) FROM medkoord.hospital WHERE code ~ '^TORT[0-9]+$'") == [[str(n), str(n)]]
    assert cluster.sql("SELECT code FROM medkoord.hospital WHERE code LIKE 'NEVER%'") == []


# ---- beside the requests: starting, reading the keys again, connecting ----

def points(whole, step):
    """Which allocations to fail of so many: a third of the first hundred, then few."""
    return [*range(1, 100, 3), *range(100, whole, step)]


def test_a_start_without_memory_ends_with_a_message_or_is_good(cluster, keys, tmp_path):
    """With the n-th allocation failed the server says why it does not start, or it gets ready, answers and stops in order."""
    shim = Shim(tmp_path / "fail_nth")
    server = Server(cluster.url(), keys, loops=1)
    options = [server.environment.get("ASAN_OPTIONS"), "verify_asan_link_order=0", "allocator_may_return_null=1"]
    # What a server that does not start leaves behind is the system's to take back.
    server.environment.update(FAIL_NTH=str(shim.file), LD_PRELOAD=str(SHIM), ASAN_OPTIONS=":".join([*filter(None, options), "detect_leaks=0"]))
    shim.arm(1 << 40)
    server.start()
    whole = (1 << 40) - shim.left()
    shim.disarm()
    assert server.stop() == 0 and 1000 < whole < 20_000
    refused = ready = 0
    for n in [*points(whole - 900, 149), *range(whole - 900, whole, 19)]:
        server.port_file.unlink(missing_ok=True)
        server.log.write_text("")
        shim.arm(n)
        with open(server.log, "ab") as log:
            server.process = subprocess.Popen([PROGRAM, "serve"], env=server.environment, stderr=log)
        wait_until(lambda: (server.port_file.exists() and server.port_file.read_text().endswith("\n")) or server.process.poll() is not None,
                   what=f"a start or an end after allocation {n}")
        if server.process.poll() is None:
            server.port = int(server.port_file.read_text())
            server.wait_ready()
            shim.disarm()
            assert server.stop() == 0, f"allocation {n}: {server.log.read_text()[-4000:]}"
            ready += 1
        else:
            shim.disarm()
            text = server.log.read_text()
            assert server.process.returncode in (1, 2) and text.strip() and "Sanitizer" not in text, f"allocation {n}: {text[-4000:]}"
            refused += 1
    server.remove()
    print(f"{refused} starts refused, {ready} good")
    assert refused > 15 and ready > 20


def test_keys_read_again_without_memory_stay_what_they_were(victim, keys):
    loaded = 0
    for n in range(1, MOST):
        start = victim.server.log.stat().st_size
        victim.shim.arm(n)
        victim.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: victim.server.events("keys loaded", start) or victim.server.events("keys not loaded", start), what="the keys")
        reached = victim.shim.disarm()
        loaded += bool(victim.server.events("keys loaded", start))
        if n % 10 == 0 or not reached:
            fresh = keys.token("reader", subject=uuid.uuid4().hex)
            assert victim.send(("GET", "/v1/regions/nordjylland", fresh, *GET))[0] == 200
            assert victim.send(("GET", "/v1/regions/nordjylland", victim.forged, *GET))[0] == 401
        if not reached:
            break
    print(f"{n - 1} allocations, {loaded} times loaded all the same")
    assert 50 < n < MOST


@pytest.mark.parametrize("name,step", [("export", 3), ("upload", 9)])
def test_a_stream_that_must_connect_first(victim, stage, cluster, name, step):
    """As above, with no connection at hand; of the allocations a part, as each time takes longer. Then all calls."""
    _, status, steady, request_of = next(c for c in CASES if c[0] == name)
    sessions = "pg_stat_activity WHERE application_name = 'medkoordd'"
    cluster.sql(f"SELECT pg_terminate_backend(pid, 5000) FROM {sessions}")
    wait_until(lambda: victim.send(("GET", "/readyz", None, *GET))[0] == 200, 20, "readiness")
    others = ", ".join(row[0] for row in cluster.sql(f"SELECT pid FROM {sessions}"))
    whole = victim.send(request_of(victim, stage))
    for calls, n in [*((True, n) for n in range(1, 13)), *((False, n) for n in range(20, MOST, step))]:
        cluster.sql(f"SELECT pg_terminate_backend(pid, 5000) FROM {sessions} AND pid NOT IN ({others})")
        request = request_of(victim, stage)
        victim.shim.arm(n, calls)
        answer = victim.send(request)
        reached = victim.shim.disarm()
        assert answer[0] in {status, None} | REFUSED_FOR_MEMORY, f"{'call' if calls else 'allocation'} {n}: {answer}"
        assert not (steady and answer[0] == status) or answer[1] == whole[1], f"allocation {n}: another answer"
        if reached:
            still_answers(victim, request, status)
        elif not calls:
            break
    print(f"{name}: {n} allocations at most")
    assert answer[0] == status and n > 100


def test_a_lost_database_is_found_again_without_memory(victim, stage, cluster):
    """All connections end, and while they are made anew the n-th call, then the n-th allocation fails."""
    reached = failures = 0
    for calls, n in [*((True, n) for n in (1, 2, 3, 5, 8, 13, 21, 90, 250)),
                     *((False, n) for n in [*range(1, 60, 9), *range(60, MOST, 173)])]:
        cluster.sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'medkoordd'")
        victim.shim.arm(n, calls)
        wait_until(lambda: victim.send(("GET", "/v1/regions/nordjylland", "reader", *GET))[0] == 200, 20, f"the database after {calls} {n}")
        reached = victim.shim.disarm()
        failures += reached
        if not reached and not calls:
            break
        wait_until(lambda: victim.send(("GET", "/readyz", None, *GET))[0] == 200, 20, f"readiness after allocation {n}")
    print(f"{failures} failures met")
    assert failures >= 12
