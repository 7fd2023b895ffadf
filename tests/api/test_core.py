"""The life of requests and of the server: identity, conditions, idempotency, deadlines, reconnecting, stopping, keys.
SPDX-License-Identifier: MPL-2.0
"""
import concurrent.futures
import contextlib
import http.client
import json
import os
import signal
import socket
import threading
import time
import uuid

import pytest

from medkoord_api import BUILD, PLAIN_PROGRAM, Client, Keys, Response, Server, key, locked, release, served, wait_until


def new_hospital(code, **more):
    return {"code": code, "name": "Prøvehospitalet", "region": "nordjylland", "valid_from": "2015-01-01", **more}


# ---- identity of a request, language ----

def test_request_id_is_echoed_or_made(api):
    assert api.get("/v1/regions", headers={"X-Request-Id": "from-the-caller.1"}).header("X-Request-Id") == "from-the-caller.1"
    first, second = api.get("/v1/regions"), api.get("/v1/regions", headers={"X-Request-Id": 'no"good'})
    assert len(first.header("X-Request-Id")) == 32 and len(second.header("X-Request-Id")) == 32
    assert first.header("X-Request-Id") != second.header("X-Request-Id")


def test_log_has_the_request_and_never_the_token(api):
    token = api.token("reader")
    response = api.get("/v1/regions")
    line = wait_until(lambda: [e for e in api.server.events("request") if e["request_id"] == response.header("X-Request-Id")])[0]
    assert line["operation"] == "list_regions" and line["subject"] == "test-reader" and line["status"] == 200
    assert line["total_us"] >= line["db_us"] > 0
    assert token not in api.server.log.read_text() and token.split(".")[2] not in api.server.log.read_text()


@pytest.mark.parametrize("accept,danish", [("da", True), ("da-DK, en;q=0.5", True), ("en, da;q=0.8", False), ("en;q=0.2, da;q=0.8", True),
                                           ("*", False), ("", False), ("da;q=0", False), ("dan", False)])
def test_titles_follow_accept_language(api, accept, danish):
    response = api.get("/v1/regions/atlantis", headers={"Accept-Language": accept})
    assert response.json()["title"] == ("Ikke fundet" if danish else "Not found")


# ---- conditions ----

def test_conditional_get_and_write(api):
    made = api.post("/v1/hospitals", new_hospital("CORE1"), headers=key())
    assert made.status == 201, made.text
    path = made.header("Location")
    got = api.get(path, "admin")
    assert got.status == 200 and got.etag == made.etag
    same = api.get(path, "admin", headers={"If-None-Match": f'"other", W/{got.etag}'})
    assert same.status == 304 and same.body == b"" and same.etag == got.etag
    assert api.get(path, headers={"If-None-Match": '"other"'}).status == 200
    changed = api.patch(path, {"name": "Nyt navn"}, headers={"If-Match": got.etag})
    assert changed.status == 200 and changed.etag != got.etag and changed.json()["name"] == "Nyt navn"
    stale = api.patch(path, {"name": "Andet navn"}, headers={"If-Match": got.etag})
    assert (stale.status, stale.code) == (412, "precondition_failed")
    assert api.get(path).json()["name"] == "Nyt navn"


def test_head_is_get_without_a_body(api):
    head, got = api.call("HEAD", "/v1/regions/nordjylland", "reader"), api.get("/v1/regions/nordjylland")
    assert head.status == 200 and head.body == b"" and head.etag == got.etag
    assert head.header("Content-Length") == str(len(got.body))


def test_two_changes_at_once_do_not_overwrite_each_other(api):
    made = api.post("/v1/hospitals", new_hospital("CORE2"), headers=key())
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: api.patch(made.header("Location"), {"name": f"Navn {i}"}, headers={"If-Match": made.etag}).status, range(8)))
    assert sorted(answers) == [200] + [412] * 7


# ---- idempotency ----

def test_a_replay_answers_what_was_stored(api):
    k = key()
    first = api.post("/v1/hospitals", new_hospital("IDEM1"), headers=k)
    again = api.post("/v1/hospitals", new_hospital("IDEM1"), headers=k)
    assert (first.status, again.status) == (201, 201) and first.body == again.body
    assert again.header("Idempotent-Replayed") == "true" and first.header("Idempotent-Replayed") is None
    assert again.header("Location") == first.header("Location") and again.etag == first.etag
    other = api.post("/v1/hospitals", new_hospital("IDEM2"), headers=k)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    without = api.post("/v1/hospitals", new_hospital("IDEM1"))
    assert without.status == 409


def test_a_key_belongs_to_its_subject(api, keys):
    k = key()
    assert api.post("/v1/hospitals", new_hospital("IDEM3"), headers=k).status == 201
    other = api.post("/v1/hospitals", new_hospital("IDEM4"), keys.token("admin", subject="somebody-else"), headers=k)
    assert other.status == 201 and other.json()["code"] == "IDEM4"


def test_a_refused_request_does_not_use_up_its_key(api):
    k = key()
    assert api.post("/v1/hospitals", new_hospital("IDEM5", region="atlantis"), headers=k).status in (404, 422)
    assert api.post("/v1/hospitals", new_hospital("IDEM5"), headers=k).status == 201


def test_fifty_posts_with_one_key_make_one_row(api, cluster):
    k = key()
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: api.post("/v1/hospitals", new_hospital("IDEM50"), headers=k), range(50)))
    assert {a.status for a in answers} <= {201, 409}
    made = [a for a in answers if a.status == 201]
    assert made and len({a.body for a in made}) == 1
    assert sum(a.header("Idempotent-Replayed") is None for a in made) == 1
    assert all(a.code == "request_in_progress" and a.header("Retry-After") for a in answers if a.status == 409)
    assert cluster.sql("SELECT count(*) FROM medkoord.hospital WHERE code = 'IDEM50'") == [["1"]]


# ---- batching: neighbours under one Sync ----

def test_a_failing_read_does_not_harm_its_neighbours(cluster, keys, contract):
    server = Server(cluster.url(), keys, loops=1, fast_connections=1).start()
    try:
        api = Client(server, contract, keys)
        good, bad = api.token("reader"), api.token("auditor")
        cluster.sql("""CREATE FUNCTION medkoord.fail_for_auditor() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
                         IF medkoord.actor_has('auditor') THEN RAISE division_by_zero; END IF; RETURN true; END $$;
                       GRANT EXECUTE ON FUNCTION medkoord.fail_for_auditor() TO medkoord_server;
                       CREATE POLICY fail_for_auditor ON medkoord.region AS RESTRICTIVE USING (medkoord.fail_for_auditor())""")
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            statuses = list(pool.map(lambda i: api.get("/v1/regions/nordjylland", bad if i % 5 == 0 else good).status, range(800)))
        assert all(s == (500 if i % 5 == 0 else 200) for i, s in enumerate(statuses))
        batches = float([line for line in api.get("/metrics", None).text.splitlines() if line.startswith("medkoord_database_batches_total")][0].split()[-1])
        assert batches < 800 + 160 * 15, "no two reads ever shared a Sync"
    finally:
        cluster.sql("DROP POLICY fail_for_auditor ON medkoord.region; DROP FUNCTION medkoord.fail_for_auditor()")
        server.remove()


# ---- stopping and starting ----

def test_sigterm_answers_what_is_in_flight_and_exits_with_zero(cluster, keys, contract, api):
    made = api.post("/v1/hospitals", new_hospital("STOP1"), headers=key())
    server = Server(cluster.url(), keys).start()
    other = Client(server, contract, keys)
    session = locked(cluster, "SELECT FROM medkoord.hospital WHERE code = 'STOP1' FOR UPDATE")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(other.patch, made.header("Location"), {"name": "Under lukning"}, headers={"If-Match": made.etag})
        wait_until(lambda: cluster.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%hospital%'"))
        # Connections that are open stay so: one for each loop, whichever the kernel gives them to.
        opened = [http.client.HTTPConnection("127.0.0.1", server.port) for _ in range(16)]
        for connection in opened:
            connection.request("GET", "/readyz")
            assert connection.getresponse().read()
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: server.events("stopping"))
        wait_until(lambda: server.get_status("/healthz") == 0, what="no new connections")
        told = []
        for connection in opened:
            with contextlib.suppress(OSError, http.client.HTTPException): # a loop with nothing in flight has ended already
                connection.request("GET", "/readyz")
                raw = connection.getresponse()
                response = Response(raw.status, raw.getheaders(), raw.read())
                contract.hold("GET", "/readyz", response)
                told.append((response.status, response.code))
        assert told and set(told) == {(503, "stopping")}
        release(session)
        answer = waiting.result(20)
    assert answer.status == 200 and answer.header("Connection") == "close"
    assert server.process.wait(20) == 0
    assert api.get(made.header("Location")).json()["name"] == "Under lukning"
    assert server.remove() == 0


def test_starts_before_its_database_waits_and_says_so(own_cluster, keys, contract):
    own_cluster.call("stop")
    server = Server(own_cluster.url(), keys).start(ready=False)
    try:
        wait_until(lambda: server.events("waiting for the database"))
        assert server.get_status("/healthz") == 200 and server.get_status("/readyz") == 503
        response = Client(server, contract, keys).get("/v1/regions")
        assert (response.status, response.code) == (503, "database_unavailable") and int(response.header("Retry-After")) > 0
        own_cluster.call("restart")
        server.wait_ready()
        assert Client(server, contract, keys).get("/v1/regions").status == 200
    finally:
        assert server.remove() == 0


def test_a_schema_of_another_version_is_named(own_cluster, keys):
    own_cluster.sql("INSERT INTO medkoord.schema_migration (number, name, sha256) VALUES (9999, 'future', repeat('0', 64))")
    server = Server(own_cluster.url(), keys).start(ready=False)
    try:
        line = wait_until(lambda: server.events("waiting for the database"))[0]
        assert "9999" in line["reason"] and "migrate" in line["reason"]
        assert server.get_status("/readyz") == 503
    finally:
        server.remove()


def test_a_stopped_database_is_answered_within_the_deadline(own_cluster, keys, contract):
    """SIGSTOP: the sockets stay open and nothing comes. 503 within the deadline, /healthz all the while, and no restart."""
    server = Server(own_cluster.url(), keys, fast_deadline_ms=500, heavy_deadline_ms=500, write_deadline_ms=500).start()
    api = Client(server, contract, keys)
    pids = [int(row[0]) for row in own_cluster.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'medkoord_server'")]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        begin = time.monotonic()
        response = api.get("/v1/regions")
        assert (response.status, response.code) == (503, "deadline_exceeded") and response.header("Retry-After")
        assert time.monotonic() - begin < 5
        assert api.get("/healthz", None).status == 200
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    wait_until(lambda: api.get("/v1/regions").status == 200, what="recovery")
    assert server.remove() == 0


def test_a_killed_connection_is_replaced(own_cluster, keys, contract):
    server = Server(own_cluster.url(), keys).start()
    api = Client(server, contract, keys)
    for _ in range(5):
        own_cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'medkoord_server'")
        wait_until(lambda: api.get("/v1/regions").status == 200, what="recovery")
    assert server.events("database connection lost")
    assert server.remove() == 0


def test_a_deadlock_or_lost_race_is_tried_again(api, cluster):
    """40001 twice, then success: the caller sees one 201."""
    cluster.sql("""CREATE SEQUENCE medkoord.failures; GRANT USAGE ON SEQUENCE medkoord.failures TO medkoord_server;
                   CREATE FUNCTION medkoord.fail_twice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     IF nextval('medkoord.failures') <= 2 THEN RAISE serialization_failure; END IF; RETURN NEW; END $$;
                   CREATE TRIGGER fail_twice BEFORE INSERT ON medkoord.hospital FOR EACH ROW EXECUTE FUNCTION medkoord.fail_twice()""")
    try:
        assert api.post("/v1/hospitals", new_hospital("RETRY1"), headers=key()).status == 201
        cluster.sql("ALTER SEQUENCE medkoord.failures RESTART; SELECT setval('medkoord.failures', 1, false)")
        cluster.sql("CREATE OR REPLACE FUNCTION medkoord.fail_twice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE serialization_failure; END $$")
        refused = api.post("/v1/hospitals", new_hospital("RETRY2"), headers=key())
        assert (refused.status, refused.code) == (503, "serialization_failed") and refused.header("Retry-After") == "1"
    finally:
        cluster.sql("DROP TRIGGER fail_twice ON medkoord.hospital; DROP FUNCTION medkoord.fail_twice(); DROP SEQUENCE medkoord.failures")


# ---- keys ----

def test_keys_are_read_again_on_sighup_and_no_request_is_dropped(cluster, tmp_path, contract):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    old, new = Keys(tmp_path / "a"), Keys(tmp_path / "b")
    server = Server(cluster.url(), old).start()
    api = Client(server, contract, old)
    old_token, new_token = old.token("reader"), new.token("reader")
    stop, statuses = threading.Event(), []

    def ask():
        while not stop.is_set():
            statuses.append(api.get("/v1/regions", old_token).status)

    try:
        assert api.get("/v1/regions", new_token).status == 401
        asking = threading.Thread(target=ask)
        asking.start()
        both = {"keys": json.loads(old.jwks.read_text())["keys"] + json.loads(new.jwks.read_text())["keys"]}
        old.jwks.write_text(json.dumps(both))
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: api.get("/v1/regions", new_token).status == 200, what="the new key")
        stop.set()
        asking.join()
        assert statuses and set(statuses) == {200}
        old.jwks.write_text(new.jwks.read_text())
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: api.get("/v1/regions", old_token).status == 401, what="the old key's end")
        old.jwks.write_text("{}")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.events("keys not loaded"))
        assert api.get("/v1/regions", new_token).status == 200
    finally:
        stop.set()
        assert server.remove() == 0


# ---- clients that drip, sit or vanish ----

@pytest.fixture
def short(cluster, keys, contract):
    with served(cluster, keys, contract, head_deadline_ms=1000, body_deadline_ms=1000, max_connections=1500) as client:
        yield client


def drip(port, head, pieces):
    """Sends head, then one piece every 50 ms until the server cuts; answers the seconds it took."""
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(head)
        for piece in pieces:
            try:
                s.sendall(piece)
                s.settimeout(0.05)
                if s.recv(1) == b"":
                    return time.monotonic() - begin
            except TimeoutError:
                continue
            except OSError:
                return time.monotonic() - begin
    raise AssertionError("the server never cut the connection")


def test_a_dripping_head_is_cut(short):
    assert drip(short.server.port, b"GET /v1/regions HTTP/1.1\r\nHost: x\r\n", (b"X-%d: y\r\n" % i for i in range(400))) < 15


def test_a_dripping_body_is_cut(short):
    head = b"POST /v1/hospitals HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\nAuthorization: Bearer %s\r\n\r\n"
    assert drip(short.server.port, head % short.token("admin").encode(), (b" " for _ in range(400))) < 15


def test_idle_connections_do_not_keep_others_out(short):
    idle = [socket.create_connection(("127.0.0.1", short.server.port)) for _ in range(1000)]
    try:
        assert short.get("/healthz", None).status == 200
        assert short.get("/v1/regions").status == 200
    finally:
        for s in idle:
            s.close()


def test_a_client_that_leaves_costs_nothing(short, cluster):
    session = locked(cluster, "LOCK TABLE medkoord.region IN ACCESS EXCLUSIVE MODE")
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", short.server.port)) as s:
            s.sendall(b"GET /v1/regions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n" % short.token("reader").encode())
    release(session)
    wait_until(lambda: short.get("/v1/regions").status == 200)


def test_one_subject_does_not_fill_the_queue(cluster, keys, contract):
    server = Server(cluster.url(), keys, loops=1, max_connections=1500, fast_deadline_ms=60000).start()
    session = locked(cluster, "LOCK TABLE medkoord.region IN ACCESS EXCLUSIVE MODE")
    token = keys.token("reader", subject="crowd")
    crowd, api = [], Client(server, contract, keys)
    try:
        for i in range(600):
            crowd.append(socket.create_connection(("127.0.0.1", server.port), timeout=60))
            crowd[-1].sendall(f"GET /v1/regions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode())
        refused = crowd[-1].recv(65536)
        assert b" 503 " in refused and b"overloaded" in refused and b"Retry-After" in refused
        with concurrent.futures.ThreadPoolExecutor() as pool:
            other = pool.submit(api.get, "/v1/regions", keys.token("reader", subject="other"))
            time.sleep(0.5)
            assert not other.done()
            release(session)
            assert other.result().status == 200
        assert crowd[0].recv(12) == b"HTTP/1.1 200" and crowd[500].recv(12) == b"HTTP/1.1 200"
    finally:
        for s in crowd:
            s.close()
        assert server.remove() == 0


# ---- what a server tells of itself ----

def test_health_readiness_metrics_and_contract(api):
    """get_health, get_readiness, get_metrics, get_contract"""
    assert api.get("/healthz", None).json()["status"] == "ok"
    assert api.get("/readyz", None).json()["status"] == "ready"
    text = api.get("/metrics", None).text
    assert 'operation="list_regions"' in text and "# TYPE medkoord_" in text
    served = api.get("/v1/openapi.json", None)
    assert served.body == (BUILD / "openapi" / "openapi.json").read_bytes() and served.etag
    assert api.get("/v1/openapi.json", None, headers={"If-None-Match": served.etag}).status == 304


def test_the_contract_is_not_copied_for_every_reader(cluster, keys):
    """Anybody may ask for it: who asks and does not read takes no memory but the kernel's."""
    server = Server(cluster.url(), keys, program=PLAIN_PROGRAM, loops=1).start()
    readers = []
    try:
        assert server.get_status("/v1/openapi.json") == 200
        before = server.memory_kib()
        for _ in range(100):
            s = socket.create_connection(("127.0.0.1", server.port), timeout=20)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            s.sendall(b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
            assert s.recv(12) == b"HTTP/1.1 200"
            readers.append(s)
        assert server.memory_kib() - before < 100 * 100
    finally:
        for s in readers:
            s.close()
        assert server.remove() == 0


# ---- lists ----

def test_a_list_is_walked_by_its_cursor_to_the_end(api):
    for i in range(7):
        assert api.post("/v1/hospitals", new_hospital(f"PAGE{i}"), headers=key()).status == 201
    items = api.all("/v1/hospitals", query={"limit": 3})
    codes = [h["code"] for h in items]
    assert len(codes) == len(set(codes)) and {f"PAGE{i}" for i in range(7)} <= set(codes)
    counted = api.get("/v1/hospitals", query={"limit": 2, "count": "exact"}).json()
    assert counted["total"] == len(codes) and len(counted["items"]) == 2
    assert "total" not in api.get("/v1/hospitals").json()


def test_a_cursor_is_bound_to_its_list(api):
    following = api.get("/v1/hospitals", query={"limit": 1}).json()["next"]
    cursor = following.split("cursor=")[1].split("&")[0]
    for path in (f"/v1/hospitals?limit=1&region=nordjylland&cursor={cursor}", f"/v1/atc-codes?cursor={cursor}", "/v1/hospitals?cursor=AAAA",
                 f"/v1/hospitals?limit=1&cursor={cursor[:-2]}"):
        response = api.get(path)
        assert (response.status, response.code) == (400, "invalid_cursor"), path
    for limit in ("0", "501", "-1", "x", "1.5"):
        assert api.get("/v1/hospitals", query={"limit": limit}).status == 400
