"""Faults on purpose: the server killed, the database restarted, frozen, full or killed at COMMIT, the clock set back, keys
rotated, the server told to stop. Each test ends by counting what was lost or doubled, and it must be nothing.

`--long` does as often as the project promises what the ordinary run does as a sample; `--seed N` draws other points.
SPDX-License-Identifier: MPL-2.0
"""
import concurrent.futures
import contextlib
import errno
import http.client
import json
import os
import pathlib
import random
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

from medkoord_api import Client, Clock, Cluster, Keys, Server, key, locked, release, wait_until

MONTHS = {"from_month": "2016-01", "to_month": "2016-03"}


# ---- what the tests share ----

@pytest.fixture(scope="module")
def home(keys, contract):
    """A cluster that may be broken. It could have a standby, so that a COMMIT can be held up when it is already durable."""
    os.environ["MEDKOORD_PG_CONF"] = "wal_level = replica\nmax_wal_senders = 2"
    try:
        made = Cluster()
    finally:
        del os.environ["MEDKOORD_PG_CONF"]
    server = Server(made.url(), keys).start()
    try:
        api = Client(server, contract, keys)
        for code in ("DN1", "DN2"):
            assert api.post("/v1/hospitals", hospital(code)).status == 201
    finally:
        server.remove()
    yield made
    made.remove()


@pytest.fixture
def draw(request):
    seed = request.config.getoption("--seed")
    print(f"seed {seed}")  # pytest shows it when the test fails
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture
def often(request):
    """often(a, b): how often: a in the ordinary run, b with --long."""
    return lambda ordinary, long: long if request.config.getoption("--long") else ordinary


@pytest.fixture
def run(home, keys, contract):
    """run(**options): a server on `home`; all of them are stopped and looked at in the end."""
    servers = []

    def start(**options):
        servers.append(Server(home.url(), keys, **options).start())
        return Client(servers[-1], contract, keys)

    yield start
    assert {server.remove() for server in servers} <= {0, -signal.SIGKILL}


def hospital(code, **more):
    return {"code": code, "name": f"Prøvehospitalet {code}", "region": "nordjylland", "valid_from": "2010-01-01", **more}


def wait_for(cluster):
    """After a backend was killed all sessions end and the cluster recovers."""
    wait_until(lambda: subprocess.run(["psql", "-XAtqc", "SELECT", cluster.url("postgres")], stderr=subprocess.DEVNULL).returncode == 0,
               60, "the cluster")


def backends(cluster):
    """The server's sessions in the database."""
    return [int(row[0]) for row in cluster.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'medkoord_server'")]


def lines_of_a_delivery(n):
    draw, keys = random.Random(3), set()
    while len(keys) < n:
        keys.add((f"2016-0{draw.randint(1, 3)}", draw.choice(("DN1", "DN2")), f"J01C{draw.choice('AEFGR')}{draw.randint(1, 99):02}",
                  f"{draw.randint(0, 999999):06}"))
    return [(m, h, a, v, "Præparat", 1, draw.randint(-50, 400) / 4, draw.randint(1, 9999)) for m, h, a, v in sorted(keys)]


ROWS = lines_of_a_delivery(6_000)


def total(rows):
    return sum(r[6] for r in rows)


SUM = total(ROWS)


def text(rows):
    return ("month,hospital,atc,article_number,product,packs,ddd,cost_ore\n" + "".join(",".join(map(str, r)) + "\n" for r in rows)).encode()


def announce(api, source, rows):
    body = {"source": source, "label": "Fejlprøve", "status": "final",
            "control": {"rows": len(rows), "ddd": total(rows), "cost_ore": sum(r[7] for r in rows)},
            "coverage": [{"region": "nordjylland", **MONTHS}]}
    response = api.post("/v1/consumption-deliveries", body, "amgros", headers=key())
    assert response.status == 201, response.text
    return response.json()["id"]


def upload(api, delivery, raw):
    return api.call("PUT", f"/v1/consumption-deliveries/{delivery}/rows", "amgros", raw=raw, headers={"Content-Type": "text/csv"})


def signal_all(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError): # a worker that had just ended its work
            os.kill(pid, number)


def in_flight(api, gauge="medkoord_requests_in_flight"):
    return next(int(line.split()[1]) for line in api.get("/metrics", None, hold=False).text.splitlines() if line.startswith(gauge + " "))


class Load:
    """Clients that ask all the while, note every answer and how long it took, and every connection that brought none."""

    def __init__(self, api):
        self.api, self.lock, self.held = api, threading.Lock(), set()
        self.answers, self.longest, self.broken = [], 0.0, []
        self.made = {}  # for each code the answers of 2xx to its POST
        self.stopping = threading.Event()

    def ask(self, method, path, who, **words):
        begin = time.monotonic()
        try:
            response = self.api.call(method, path, who, hold=False, **words)
        except (OSError, http.client.HTTPException) as error:
            with self.lock:
                self.broken.append(repr(error))
            return None
        with self.lock:
            self.longest = max(self.longest, time.monotonic() - begin)
            kind = (method, path.split("/")[2] if path.startswith("/v1") else path, response.status, response.code)
            self.answers.append(kind)
            if kind not in self.held:  # each kind once: the schema check is slow, and not made for threads
                self.held.add(kind)
                self.api.contract.hold(method, path, response)
        return response

    def create(self, code, who, keyed, again=frozenset({"overloaded", "database_unavailable", "deadline_exceeded", "outcome_unknown",
                                                         "serialization_failed", "request_in_progress", "stopping"})):
        """One keyed POST, sent until it is answered for good."""
        def attempt():
            response = self.ask("POST", "/v1/hospitals", who, body=hospital(code), headers=keyed)
            if response is None or response.code in again:
                return None
            assert response.status == 201, response.text
            with self.lock:
                self.made.setdefault(code, []).append(response)
            return response

        return wait_until(attempt, 60, f"the answer for {code}")

    def create_all(self, codes, who, threads=8):
        """Keyed POSTs by parallel clients; answers the key of each code."""
        used = {code: key() for code in codes}
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(self.create, code, who, used[code]) for code in codes]:
                done.result()
        return used

    def reads(self, path, who):
        while not self.stopping.is_set():
            response = self.ask("GET", path, who)
            if response is not None:
                assert response.status in (200, 503), response.text

    def creates(self, prefix, who, used):
        n = 0
        while not self.stopping.is_set():
            code = f"{prefix}{n}"
            used[code] = key()
            self.create(code, who, used[code])
            n += 1

    def count(self, *kind):
        """How many answers began (method, resource, status, code) like this."""
        with self.lock:
            return sum(all(k is None or k == a for k, a in zip(kind, answer)) for answer in self.answers)


def nothing_lost(cluster, load, used, who):
    """One row and one stored answer for each code that was asked for; every answer ever given is the truth, and asking again
    brings it once more."""
    assert set(load.made) == set(used)
    prefix = os.path.commonprefix(list(used))
    rows = [row[0] for row in cluster.sql(f"SELECT code FROM medkoord.hospital WHERE code LIKE '{prefix}%'")]
    assert sorted(rows) == sorted(used), "a row was lost or made twice"
    assert len(set(k["Idempotency-Key"] for k in used.values())) == len(used)
    stored = dict(cluster.sql("SELECT key, status FROM medkoord.idempotency_key"))
    assert all(stored[k["Idempotency-Key"]] == "201" for k in used.values())
    different = [code for code, answers in load.made.items() if len({(a.body, a.etag, a.header("Location")) for a in answers}) != 1]
    assert not different, "two answers to one key"
    for code in used:
        first, again = load.made[code][0], load.api.post("/v1/hospitals", hospital(code), who, headers=used[code])
        assert again.status == 201 and again.header("Idempotent-Replayed") == "true" and again.body == first.body
        assert json.loads(first.body)["code"] == code


def ddd(api, source):
    items = api.all("/v1/consumption", "auditor", {"source": source, **MONTHS, "period": "year", "by": "region", "level": 1})
    return round(sum(i["ddd"] for i in items), 4)


def rows_of(cluster, delivery):
    """State and number of rows of a delivery."""
    return tuple(cluster.sql(f"SELECT d.state, (SELECT count(*) FROM medkoord.consumption_row r WHERE r.delivery_no = d.delivery_no) "
                             f"FROM medkoord.consumption_delivery d WHERE d.id = '{delivery}'")[0])


def whole_or_nothing(cluster, delivery, rows=ROWS):
    found = rows_of(cluster, delivery)
    assert found in (("announced", "0"), ("accepted", str(len(rows)))), found
    return found[0] == "accepted"


# ---- SIGKILL of the server ----

def test_uploads_survive_a_killed_server(home, run, draw, often):
    """Each upload is cut off by SIGKILL at a random point: of its body, or while it is checked and committed."""
    api, raw, n = run(), text(ROWS), often(40, 200)
    token, accepted, answered, longest = api.token("amgros"), 0, 0, 0.05
    for i in range(n):
        source = f"kill{i}"
        delivery = announce(api, source, ROWS)
        head = (f"PUT /v1/consumption-deliveries/{delivery}/rows HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: text/csv\r\nContent-Length: {len(raw)}\r\n\r\n").encode()
        answer = b""
        with socket.create_connection(("127.0.0.1", api.server.port)) as s:
            if i % 2 == 0:
                s.sendall((head + raw)[:draw.randint(1, len(head) + len(raw))])
            else:
                s.sendall(head + raw)
            # The moment is random: sooner when the answer is there before.
            if select.select([s], [], [], draw.uniform(0, longest))[0]:
                answer = s.recv(65536)
            assert api.server.stop(signal.SIGKILL) == -signal.SIGKILL
        wait_until(lambda: not backends(home), what="the end of the killed server's sessions")
        kept = whole_or_nothing(home, delivery)
        accepted += kept
        if answer.startswith(b"HTTP/1.1 200"):
            answered += 1
            assert kept, "an answer was given for what is not there"
        api.server.start()
        begin = time.monotonic()
        again = upload(api, delivery, raw)
        if not kept:
            longest = max(longest, min(1.2 * (time.monotonic() - begin), 2))
        assert again.status == 200 and again.json()["ddd"] == SUM, again.text
        assert whole_or_nothing(home, delivery) and ddd(api, source) == SUM
    print(f"{n} uploads killed, {accepted} of them after their COMMIT, {answered} after their answer")
    assert 0 < accepted < n, "the points were not random enough"
    assert home.sql("SELECT count(*) FROM medkoord.consumption_row r WHERE NOT EXISTS (SELECT FROM medkoord.consumption_delivery d "
                    "WHERE d.delivery_no = r.delivery_no AND d.state = 'accepted')") == [["0"]]


def test_keyed_writes_survive_a_killed_server(home, run, draw, often):
    """2,000 keyed POSTs of parallel clients, and a server that is killed again and again after a random number of answers."""
    api, n, kills = run(), 2_000, 0
    load, who, every = Load(api), api.token("admin"), often(100, 40)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        work = pool.submit(load.create_all, [f"KILL{i}" for i in range(n)], who)
        while not work.done():
            until = len(load.made) + draw.randint(1, 2 * every)
            wait_until(lambda: len(load.made) >= until or work.done(), 60, "progress")
            if not work.done():
                assert api.server.stop(signal.SIGKILL) == -signal.SIGKILL
                api.server.start(ready=False)
                kills += 1
        used = work.result()
    api.server.wait_ready()
    replayed = sum(a.header("Idempotent-Replayed") == "true" for answers in load.made.values() for a in answers)
    print(f"{n} keyed writes, {kills} kills, {len(load.broken)} connections cut or refused, {replayed} answers lost and told again")
    assert kills >= n // every // 3 and load.broken
    nothing_lost(home, load, used, who)


# ---- the database restarts, freezes, is killed ----

LATEST_S = 6  # for a deadline of 1.5 s, on a machine that does other things too


def under_load(cluster, api, fault, prefix):
    """Reads and keyed writes while fault() happens: every request answered within the deadline, /healthz 200 throughout."""
    load, used, healthy = Load(api), [{} for _ in range(4)], []
    reader, admin = api.token("reader"), api.token("admin")

    def health():
        while not load.stopping.is_set():
            begin = time.monotonic()
            healthy.append((api.get("/healthz", None, hold=False).status, time.monotonic() - begin))

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        work = [pool.submit(health)]
        work += [pool.submit(load.reads, path, reader) for path in ("/v1/regions/nordjylland", "/v1/hospitals", "/v1/atc-codes", "/v1/data-status")]
        work += [pool.submit(load.creates, f"{prefix}{'ABCD'[i]}", admin, used[i]) for i in range(4)]
        try:
            wait_until(lambda: load.count("GET", None, 200) > 20 and len(load.made) > 10, 60, "the load")
            fault(load)
            before, rows = load.count("GET", None, 200), len(load.made)
            wait_until(lambda: load.count("GET", None, 200) > before + 20 and len(load.made) > rows + 10, 60, "recovery by itself")
        finally:
            load.stopping.set()
        for w in work:
            w.result()
    assert not load.broken, load.broken[:3]
    assert {status for status, _ in healthy} == {200} and max(took for _, took in healthy) < LATEST_S
    assert load.longest < LATEST_S, f"an answer took {load.longest:.1f} s"
    print(f"{len(load.answers)} answers, {load.count(None, None, 503)} of them 503, the longest after {load.longest:.2f} s")
    nothing_lost(cluster, load, {code: k for part in used for code, k in part.items()}, admin)
    return load


@pytest.fixture
def loaded(run):
    """A server with short deadlines, for load."""
    return run(fast_deadline_ms=1000, heavy_deadline_ms=1000, write_deadline_ms=1500)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restarted_database_under_load(home, loaded, often, mode):
    def fault(load):
        for _ in range(often(5, 25)):
            rows = len(load.made)
            home.call("restart", *(["--immediate"] if mode == "immediate" else []))
            wait_until(lambda: len(load.made) > rows + 10, 60, "recovery by itself")

    load = under_load(home, loaded, fault, f"RE{mode[0].upper()}")
    assert load.count(None, None, 503, "database_unavailable") > 0


def test_a_frozen_database_under_load(home, loaded, often):
    postmaster = int((pathlib.Path(home.folder) / "data" / "postmaster.pid").read_text().split()[0])

    def everybody():
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(postmaster)], stdout=subprocess.PIPE, text=True).stdout
        return [postmaster] + [int(pid) for pid in children.split()]

    def fault(load):
        for _ in range(often(2, 8)):
            late, rows = load.count(None, None, 503), len(load.made)
            frozen = everybody()
            signal_all(frozen, signal.SIGSTOP)
            try:
                wait_until(lambda: load.count(None, None, 503) > late + 12, 30, "503 while the database is frozen")
            finally:
                signal_all(frozen, signal.SIGCONT)
            wait_until(lambda: len(load.made) > rows + 10, 60, "recovery by itself")

    load = under_load(home, loaded, fault, "STOP")
    assert load.count("GET", None, 503, "deadline_exceeded") > 0 and load.count("POST", None, 503) > 0


# ---- killed during COMMIT ----

class HeldBefore:
    """COMMIT waits in a deferred trigger: nothing is committed yet. Who is killed there has done nothing."""
    done = False

    def __init__(self, cluster, table):
        self.cluster, self.table = cluster, table

    def __enter__(self):
        self.cluster.sql(f"""CREATE FUNCTION medkoord.hold_commit() RETURNS trigger LANGUAGE plpgsql AS
                               $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END $$;
                             CREATE CONSTRAINT TRIGGER hold_commit AFTER INSERT OR UPDATE ON medkoord.{self.table} DEFERRABLE INITIALLY DEFERRED
                               FOR EACH ROW EXECUTE FUNCTION medkoord.hold_commit()""")
        self.session = locked(self.cluster, "SELECT pg_advisory_xact_lock(4711)")
        return self

    def waiting(self):
        return [int(row[0]) for row in self.cluster.sql("SELECT pid FROM pg_stat_activity WHERE wait_event = 'advisory' AND query = 'COMMIT'")]

    def let_go(self):
        if self.session.poll() is None:
            release(self.session)

    def __exit__(self, *error):
        self.session.kill()
        self.session.wait(10)
        wait_for(self.cluster)
        self.cluster.sql("DROP FUNCTION medkoord.hold_commit() CASCADE")


class HeldAfter:
    """COMMIT is durable and waits for a standby that is not there. Who is killed there has done everything and told nobody."""
    done = True

    def __init__(self, cluster, _):
        self.cluster = cluster

    def setting(self, value):
        self.cluster.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{value}'")
        self.cluster.sql("SELECT pg_reload_conf()")

    def is_held(self):
        """Tries a commit of its own: the setting counts only when the checkpointer has read it."""
        probe = subprocess.Popen(["psql", "-XAtqc", "SELECT pg_logical_emit_message(true, 'probe', '')", self.cluster.url("postgres")],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end_it = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '%probe%'"
        found = wait_until(lambda: self.cluster.sql(end_it) or probe.poll() is not None)
        probe.wait(10)
        return found is not True

    def __enter__(self):
        self.setting("nobody")
        wait_until(self.is_held, what="commits that wait")
        return self

    def waiting(self):
        return [int(row[0]) for row in self.cluster.sql("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query = 'COMMIT'")]

    def let_go(self):
        self.setting("")

    def __exit__(self, *error):
        wait_for(self.cluster)
        self.setting("")


@pytest.mark.parametrize("by", ["terminate", "kill"])
@pytest.mark.parametrize("held", [HeldBefore, HeldAfter])
@pytest.mark.parametrize("kind", ["unkeyed", "keyed", "upload"])
def test_a_backend_ended_during_commit(home, run, kind, held, by):
    api, code = run(), f"CM{kind[0]}{held.__name__[4]}{by[0]}".upper()
    source = code.lower()
    delivery = announce(api, source, ROWS) if kind == "upload" else None
    k = key()
    calls = {"unkeyed": lambda: api.post("/v1/hospitals", hospital(code)),
             "keyed": lambda: api.post("/v1/hospitals", hospital(code), headers=k),
             "upload": lambda: upload(api, delivery, text(ROWS))}
    with concurrent.futures.ThreadPoolExecutor(1) as pool, held(home, "consumption_delivery" if kind == "upload" else "hospital") as hold:
        answer = pool.submit(calls[kind])
        pid = wait_until(hold.waiting, what="the COMMIT")[0]
        if by == "kill":
            os.kill(pid, signal.SIGKILL)  # the whole cluster recovers, as after a crash
        else:
            home.sql(f"SELECT pg_terminate_backend({pid})")
        if kind == "keyed" and held is HeldBefore and by == "terminate":
            wait_until(lambda: [p for p in hold.waiting() if p != pid], what="the second attempt")
            hold.let_go()
        response = answer.result(60)
    api.server.wait_ready()
    if kind == "unkeyed":
        assert (response.status, response.code) == (503, "outcome_unknown"), response.text
        assert home.sql(f"SELECT count(*) FROM medkoord.hospital WHERE code = '{code}'") == [[str(int(held.done))]]
        return
    if kind == "keyed":
        final = wait_until(lambda: (lambda r: r if r.status == 201 else None)(calls[kind]()), what="the truth")
        if response.status == 201:
            assert final.body == response.body
        else:
            # The server asks again by itself; a backend killed so has its locks until the cluster recovers.
            assert response.code in ("outcome_unknown", "request_in_progress") and response.header("Retry-After"), response.text
        assert home.sql(f"SELECT count(*) FROM medkoord.hospital WHERE code = '{code}'") == [["1"]]
        return
    assert (response.status == 200) == held.done and response.code == (None if held.done else "database_unavailable"), response.text
    assert whole_or_nothing(home, delivery) == held.done
    again = upload(api, delivery, text(ROWS))
    assert again.status == 200 and whole_or_nothing(home, delivery) and ddd(api, source) == SUM
    assert not held.done or again.json() == response.json()


# ---- no space left ----

@pytest.fixture
def small_disk(keys, contract):
    """A cluster whose tables are on a file system of 48 MiB."""
    cluster = Cluster()
    folder = pathlib.Path(cluster.folder) / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=0755", "medkoord-test", folder], stderr=subprocess.PIPE, text=True)
    try:
        if mounted.returncode != 0:
            pytest.skip("a small file system needs the right to mount: " + mounted.stderr.strip())
        (folder / "tables").mkdir()
        subprocess.run(["chown", "-R", f"--reference={cluster.folder}", folder / "tables"], check=True)
        cluster.sql(f"CREATE TABLESPACE small LOCATION '{folder}/tables'")
        subprocess.run(["psql", "-XAtq", "-d", cluster.url("postgres").replace("dbname=medkoord", "dbname=postgres"), "-c",
                        "ALTER DATABASE medkoord SET TABLESPACE small"], check=True)
        yield cluster, folder
    finally:
        cluster.call("stop", "--immediate")
        if mounted.returncode == 0:
            subprocess.run(["umount", folder], check=True)
        cluster.remove()


def fill(folder, leave=0):
    """Takes all that is left but so many bytes."""
    with open(folder / "ballast", "wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"\0" * 65536)
        except OSError as error:
            assert error.errno == errno.ENOSPC, error
        ballast.truncate(ballast.tell() - leave)


def test_a_full_disk(small_disk, keys, contract):
    cluster, folder = small_disk
    server = Server(cluster.url(), keys).start()
    try:
        api = Client(server, contract, keys)
        admin = api.token("admin")
        for code in ("DN1", "DN2"):
            assert api.post("/v1/hospitals", hospital(code)).status == 201
        delivery, raw = announce(api, "full", ROWS), text(ROWS)
        other = announce(api, "full2", ROWS)
        assert upload(api, other, raw).status == 200
        for leave in (0, 100_000, 300_000):  # full at once, and while the rows are coming
            fill(folder, leave)
            refused = upload(api, delivery, raw)
            assert (refused.status, refused.code) == (503, "overloaded") and refused.header("Retry-After"), refused.text
            assert server.get_status("/healthz") == 200 and api.get("/v1/regions").status == 200
            assert not whole_or_nothing(cluster, delivery) and ddd(api, "full2") == SUM
            (folder / "ballast").unlink()
        # Writes: as many as still fit in the pages at hand, then 503 for each, and after that all of them with their keys.
        fill(folder)
        load, used, refusals = Load(api), {f"FULL{i}": key() for i in range(1_000)}, 0
        first = {}
        for code, k in used.items():
            first[code] = load.ask("POST", "/v1/hospitals", admin, body=hospital(code, name="x" * 200), headers=k)
            assert first[code].status == 201 or (first[code].status, first[code].code) == (503, "overloaded"), first[code].text
            refusals += first[code].status == 503
            if refusals == 20:
                break
        assert refusals == 20, "the disk was never full"
        tried = set(first)
        there = {row[0] for row in cluster.sql("SELECT code FROM medkoord.hospital WHERE code LIKE 'FULL%'")}
        assert there == {code for code in tried if first[code].status == 201}
        kept = {row[0] for row in cluster.sql("SELECT key FROM medkoord.idempotency_key")}
        assert {code for code in tried if used[code]["Idempotency-Key"] in kept} == there, "a key was kept for what was not done"
        (folder / "ballast").unlink()
        for code in tried:
            again = api.post("/v1/hospitals", hospital(code, name="x" * 200), headers=used[code])
            assert again.status == 201 and (again.header("Idempotent-Replayed") == "true") == (code in there)
            assert code not in there or again.body == first[code].body
        assert cluster.sql("SELECT count(*), count(DISTINCT code) FROM medkoord.hospital WHERE code LIKE 'FULL%'") == [[str(len(tried))] * 2]
        assert upload(api, delivery, raw).status == 200 and whole_or_nothing(cluster, delivery) and ddd(api, "full") == SUM
        print(f"{len(tried)} writes on a full disk, {refusals} refused; 3 uploads refused")
    finally:
        assert server.remove() == 0


# ---- SIGTERM ----

def read_answer(s):
    """The whole answer on a socket, and whether the server closed it as it should."""
    got = http.client.HTTPResponse(s)
    got.begin()
    return got.status, got.getheader("Connection"), got.read()


def test_sigterm_answers_everything_in_flight(home, run):
    """Sixty requests of all kinds wait for the database or for their own client when SIGTERM comes; all are answered."""
    api = run(max_connections=200, stream_connections=8, loops=2)
    reader, admin, amgros = (api.token(who) for who in ("reader", "admin", "amgros"))
    assert api.post("/v1/hospitals", hospital("TERM0")).status == 201
    raw, small = text(ROWS), json.dumps
    deliveries = [announce(api, f"term{i}", ROWS) for i in range(6)]
    session = locked(home, "LOCK TABLE medkoord.hospital, medkoord.region IN ACCESS EXCLUSIVE MODE")

    def request(method, path, token, body=b"", media=None, sent=None):
        s = socket.create_connection(("127.0.0.1", api.server.port))
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        head += f"Content-Type: {media}\r\nContent-Length: {len(body)}\r\n" if media else ""
        s.sendall(head.encode() + b"\r\n" + body[:sent])
        return s, body[sent:] if sent is not None else b""

    flying = []
    for i in range(18):
        flying.append(request("GET", "/v1/regions/nordjylland", reader))
        flying.append(request("GET", "/v1/hospitals?limit=3", reader))
        flying.append(request("POST", "/v1/hospitals", admin, small(hospital(f"TERM{i + 1}")).encode(), "application/json"))
    for i, delivery in enumerate(deliveries):
        flying.append(request("PUT", f"/v1/consumption-deliveries/{delivery}/rows", amgros, raw, "text/csv", sent=len(raw) * (i + 1) // 8))
    wait_until(lambda: in_flight(api) > len(flying), what="all in flight")  # the one that asks is one more
    api.server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: api.server.events("stopping"))
    wait_until(lambda: api.server.get_status("/healthz") == 0, what="no new connections")
    release(session)
    answers = []
    for s, rest in flying:
        s.settimeout(60)
        s.sendall(rest)
    for s, _ in flying:
        answers.append(read_answer(s))
        s.close()
    assert api.server.process.wait(30) == 0
    assert [status for status, _, _ in answers] == [200, 200, 201] * 18 + [200] * 6, [a for a in answers if a[0] not in (200, 201)][:3]
    assert {connection for _, connection, _ in answers} == {"close"}
    assert home.sql("SELECT count(*) FROM medkoord.hospital WHERE code LIKE 'TERM%'") == [["19"]]
    assert all(whole_or_nothing(home, delivery) for delivery in deliveries)


def test_sigterm_under_load_loses_nobody(home, run, draw, often):
    """Clients that come all the while, and SIGTERM: whatever a server has taken up it answers whole, and it ends with 0."""
    api = run()
    reader, admin = api.token("reader"), api.token("admin")
    load, used, n, cut = Load(api), {}, 0, 0
    for life in range(often(8, 40)):
        lock, taken, done = threading.Lock(), set(), threading.Event()

        def ask(number):
            nonlocal n, cut
            while not done.is_set():
                with lock:
                    n += 1
                    mine, code = f"term-{life}-{n}", f"LIFE{n}"
                method, path, words = "GET", "/v1/regions/nordjylland", {"who": reader, "headers": {"X-Request-Id": mine}}
                if number % 3 == 0:
                    k = key()
                    method, path, words = "POST", "/v1/hospitals", {"who": admin, "body": hospital(code), "headers": {"X-Request-Id": mine, **k}}
                try:
                    response = api.call(method, path, hold=False, **words)
                except ConnectionRefusedError:
                    return  # it listens no more
                except (OSError, http.client.HTTPException):
                    with lock:
                        cut += 1
                    continue
                assert response.status in (200, 201), response.text
                with lock:
                    taken.add(mine)
                    if method == "POST":
                        used[code] = k
                        load.made.setdefault(code, []).append(response)

        with concurrent.futures.ThreadPoolExecutor(9) as pool:
            work = [pool.submit(ask, i) for i in range(9)]
            try:
                until = draw.randint(20, 200)
                wait_until(lambda: len(taken) >= until, 60, "the load")
                api.server.process.send_signal(signal.SIGTERM)
                assert api.server.process.wait(30) == 0
            finally:
                done.set()
            for w in work:
                w.result()
        logged = {e["request_id"] for e in api.server.events("request") if e["request_id"].startswith(f"term-{life}-")}
        assert logged == taken, f"taken up and not answered: {sorted(logged - taken)[:5]}"
        api.server.start()
    print(f"{n} requests, {cut} connections made and not taken up")
    assert cut == 0, f"{cut} requests were cut off after their connection was accepted"
    nothing_lost(home, load, used, admin)


# ---- keys ----

def test_keys_rotate_under_load(home, contract, tmp_path, often):
    """The new key is published beside the old one, then the old one goes: nobody with a key in force is ever refused."""
    made = []
    for i in range(4):
        (tmp_path / str(i)).mkdir()
        made.append(Keys(tmp_path / str(i)))
    public = [json.loads(k.jwks.read_text())["keys"] for k in made]
    tokens = [k.token("reader") for k in made]
    current = [0]

    def publish(*numbers):
        fresh = tmp_path / "fresh"
        fresh.write_text(json.dumps({"keys": [k for n in numbers for k in public[n]]}))
        fresh.replace(made[0].jwks)
        loaded = len(server.events("keys loaded"))
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(server.events("keys loaded")) > loaded, what="the keys")

    server = Server(home.url(), made[0]).start()
    api, done, statuses = Client(server, contract, made[0]), threading.Event(), []

    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        while not done.is_set():
            connection.request("GET", "/v1/regions/nordjylland", headers={"Authorization": "Bearer " + tokens[current[0]]})
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
            if len(statuses) % 50 == 0:
                connection.close()
        connection.close()

    try:
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            work = [pool.submit(ask) for _ in range(6)]
            try:
                for turn in range(often(12, 100)):
                    old, new = turn % 4, (turn + 1) % 4
                    publish(old, new)
                    # Each loop takes the keys at its next turn; new connections come to all of them.
                    wait_until(lambda: all(api.get("/v1/regions", tokens[new], hold=False).status == 200 for _ in range(8)), what="the new key")
                    current[0] = new
                    asked = len(statuses)
                    wait_until(lambda: len(statuses) > asked + 12 or any(w.done() for w in work), what="everybody with the new key")
                    publish(new)
                    wait_until(lambda: api.get("/v1/regions", tokens[old], hold=False).status == 401, what="the end of the old key")
            finally:
                done.set()
            for w in work:
                w.result()
        assert set(statuses) == {200}, {s: statuses.count(s) for s in set(statuses)}
    finally:
        assert server.remove() == 0


# ---- the clock ----

DAY = 86_400


@pytest.fixture
def clock():
    with tempfile.TemporaryDirectory(prefix="medkoord-clock.") as folder:
        yield Clock(folder)


def test_the_servers_clock_jumps(home, keys, contract, clock):
    """Tokens are judged by the wall clock, also those verified before; deadlines and everything that waits are not."""
    server = Server(home.url(), keys, fast_deadline_ms=3000, head_deadline_ms=1000, write_deadline_ms=60_000)
    server.environment.update(clock.environment)
    # The sanitizer wants to be loaded first and says so; libfaketime must stand before it.
    server.environment["ASAN_OPTIONS"] = server.environment.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    server.start()
    try:
        api = Client(server, contract, keys)
        begun = server.events("serving")[0]["time"]
        old = api.token("reader")
        assert api.get("/v1/regions", old).status == 200
        # A token that was verified before may go on while the clock is behind; its end is looked at each time.
        for seconds, fresh, known in ((-10 * DAY, 401, None), (0, 200, 200), (2 * 3600, 401, 401), (-60, 401, None), (-20, 200, 200),
                                      (10 * DAY, 401, 401), (0, 200, 200)):
            clock.set(seconds)
            for token, status in ((keys.token("reader"), fresh), (old, known)):
                response = api.get("/v1/regions", token)
                assert response.status == status or status is None, f"the clock {seconds} s off: {response.text}"
                assert response.status == 200 or response.code == "invalid_token"
        assert min(e["time"] for e in server.events("request")) < begun, "the clock was not set back"

        # The database is frozen and a read ends at its deadline, although the clock goes back; one that is answered in time is not
        # cut short by a clock that goes forward.
        for seconds, status in ((-10 * DAY, 503), (10 * DAY, 200)):
            frozen = backends(home)
            signal_all(frozen, signal.SIGSTOP)
            try:
                with concurrent.futures.ThreadPoolExecutor(1) as pool:
                    begin = time.monotonic()
                    answer = pool.submit(api.get, "/v1/regions/nordjylland", old)
                    wait_until(lambda: in_flight(api, "medkoord_database_in_flight{lane=\"fast\"}") > 0, what="the read")
                    clock.set(seconds)
                    assert server.get_status("/healthz") == 200
                    if status == 200:
                        signal_all(frozen, signal.SIGCONT)
                    response = answer.result(30)
                    assert response.status == status, response.text
                    assert status == 200 or (response.code == "deadline_exceeded" and 2.9 < time.monotonic() - begin < 8)
            finally:
                signal_all(frozen, signal.SIGCONT)
                clock.set(0)
            wait_until(lambda: api.get("/v1/regions/nordjylland", old).status == 200, what="recovery")

        # A head that does not come is cut off in time; an upload and keyed writes go on whatever the clock does.
        with socket.create_connection(("127.0.0.1", server.port)) as s:
            s.sendall(b"GET /v1/regions HTTP/1.1\r\n")
            clock.set(-10 * DAY)
            s.settimeout(15)
            assert not s.recv(4096).startswith(b"HTTP/1.1 2")
        clock.set(0)
        delivery, raw, load = announce(api, "clock", ROWS), text(ROWS), Load(api)
        admin, amgros, used = api.token("admin"), api.token("amgros"), {}
        for i, seconds in enumerate([600, 0, -25, 25, -20] * 4):
            clock.set(seconds)
            used[f"CLOCK{i}"] = key()
            load.create(f"CLOCK{i}", admin, used[f"CLOCK{i}"])
        clock.set(0)

        def body():
            for i in range(0, len(raw), 8192):
                yield raw[i:i + 8192]
                if i == 0:
                    wait_until(lambda: in_flight(api) > 1, what="the upload")  # its token is looked at; the other one asks
                clock.set(-10 * DAY if i // 8192 % 2 else 10 * DAY)

        uploaded = api.call("PUT", f"/v1/consumption-deliveries/{delivery}/rows", amgros, raw=body(),
                            headers={"Content-Type": "text/csv", "Transfer-Encoding": "chunked"})
        assert uploaded.status == 200, uploaded.text
        clock.set(0)
        assert whole_or_nothing(home, delivery) and ddd(api, "clock") == SUM
        nothing_lost(home, load, used, admin)
        clock.set(-10 * DAY)
    finally:
        assert server.remove() == 0


def test_the_databases_clock_is_set_back(keys, contract, clock, own_cluster):
    """What is accepted later counts later, and is withdrawn later, although the database's clock says otherwise."""
    own_cluster.restart_under(clock)
    server = Server(own_cluster.url(), keys).start()
    try:
        api = Client(server, contract, keys)
        for code in ("DN1", "DN2"):
            assert api.post("/v1/hospitals", hospital(code)).status == 201
        clock.set(0)
        before = own_cluster.sql("SELECT clock_timestamp()")[0][0]
        first, second, third = (announce(api, "back", ROWS[:n]) for n in (3000, 4000, 5000))
        sums = [total(ROWS[:n]) for n in (3000, 4000, 5000)]
        assert upload(api, first, text(ROWS[:3000])).status == 200 and ddd(api, "back") == sums[0]
        clock.set(-DAY)
        assert own_cluster.sql("SELECT clock_timestamp()")[0][0] < before, "the clock was not set back"
        assert upload(api, second, text(ROWS[:4000])).status == 200 and ddd(api, "back") == sums[1]
        clock.set(-2 * DAY)
        assert upload(api, third, text(ROWS[:5000])).status == 200 and ddd(api, "back") == sums[2]
        withdrawn = api.post(f"/v1/consumption-deliveries/{third}/transitions", {"action": "withdraw", "reason": "prøve"}, "amgros")
        assert withdrawn.status in (200, 201), withdrawn.text
        assert ddd(api, "back") == sums[1]
        k = key()
        made = api.post("/v1/hospitals", hospital("BACK1"), headers=k)
        changed = api.patch(made.header("Location"), {"name": "Nyt navn"}, headers={"If-Match": made.etag})
        assert changed.status == 200 and changed.etag != made.etag
        clock.set(-4 * DAY)
        again = api.post("/v1/hospitals", hospital("BACK1"), headers=k)
        assert again.status == 201 and again.body == made.body and again.header("Idempotent-Replayed") == "true"
        stale = api.patch(made.header("Location"), {"name": "Andet navn"}, headers={"If-Match": made.etag})
        assert (stale.status, stale.code) == (412, "precondition_failed")
    finally:
        assert server.remove() == 0
