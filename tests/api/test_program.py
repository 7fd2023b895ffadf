"""The program itself: its subcommands, its options, what it says when they are wrong.
SPDX-License-Identifier: MPL-2.0
"""
import contextlib
import http.client
import http.server
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

import pytest

from medkoord_api import Client, PROGRAM, ROOT, Server, wait_until


def run(*words, stdout=subprocess.PIPE, **environment):
    environment.setdefault("PATH", "/usr/bin:/bin")
    return subprocess.run([PROGRAM, *map(str, words)], env={k: str(v) for k, v in environment.items()}, stdout=stdout,
                          stderr=subprocess.PIPE, text=True, timeout=60)


def test_version_and_help():
    assert run("--version").stdout.startswith("medkoordd 0.")
    help_text = run("--help").stdout
    assert help_text == run("-h").stdout == run("help").stdout
    for command in ("serve", "migrate", "token", "check"):
        assert command in help_text
        assert run(command, "--help").returncode == 0 and "medkoordd " + command in run(command, "--help").stdout


@pytest.mark.parametrize("words", [[], ["brew"], ["serve", "--no-such-option"], ["token", "--role"], ["migrate", "extra"],
                                   ["check", "--dry-run"], ["serve", "-n"], ["serve"], ["serve", "--config", "/nonexistent/file"]])
def test_wrong_words_are_named_and_exit_with_2(words):
    got = run(*words)
    assert got.returncode == 2 and got.stdout == "" and got.stderr.strip()


def test_a_token_says_what_was_asked_for(keys):
    import base64
    import json
    import time
    got = run("token", "--key", keys.key, "--role", "region_coordinator,reader", "--region", "nordjylland", "--subject", "anna", "--expires", "60")
    claims = json.loads(base64.urlsafe_b64decode(got.stdout.split(".")[1] + "=="))
    assert claims["roles"] == ["region_coordinator", "reader"] and claims["region"] == "nordjylland" and claims["sub"] == "anna"
    assert claims["exp"] - claims["iat"] == 60 and abs(claims["iat"] - time.time()) < 60
    assert run("token", "--key", keys.key, "--role", "region_coordinator").returncode == 2
    assert "--region" in run("token", "--key", keys.key, "--role", "region_coordinator").stderr


def test_a_token_that_would_be_refused_is_not_printed(keys, tmp_path):
    new = tmp_path / "ed.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", new], check=True)
    (tmp_path / "not.pem").write_text("no key\n")
    reader = ["token", "--key", keys.key, "--role", "reader"]
    for words, code, said in [
            (["token", "--key", new, "--role", "reader"], 1, "Ed25519"),
            (["token", "--jwks", "--key", tmp_path / "not.pem"], 1, "is not a private key"),
            (["token", "--key", tmp_path / "not.pem", "--role", "reader"], 1, "is not a private key"),
            ([*reader, "--expires", "31622401"], 2, "--expires"),
            ([*reader, "--kid", "k" * 300], 1, "kid"),
            ([*reader, "--subject", os.fsdecode(b"\xff")], 1, "UTF-8"),
            ([*reader, "--region", os.fsdecode(b"\xff")], 1, "UTF-8")]:
        got = run(*words)
        assert got.returncode == code and got.stdout == "" and said in got.stderr, (words, got)
    with open("/dev/full", "w") as full:
        assert run(*reader, stdout=full).returncode == 1
        assert run("token", "--jwks", "--key", keys.key, stdout=full).returncode == 1
    good = run(*reader, "--role", "reader", "--audience", "elsewhere", "--kid", "mine")
    assert good.returncode == 0 and good.stdout.count(".") == 2
    assert '"kid":"mine"' in run("token", "--jwks", "--key", new, "--kid", "mine").stdout


def test_every_wrong_option_is_named_with_its_line(tmp_path):
    file = tmp_path / "medkoord.conf"
    file.write_text("# a comment\nport = 8080\nprot = 8081\nloops = many\nlisten_address\nfast_deadline_ms = -5\n")
    got = run("check", "--config", file, MEDKOORD_LOG_LEVL="info")
    assert got.returncode != 0
    for line in (3, 4, 5, 6):
        assert f"medkoord.conf:{line}:" in got.stderr + got.stdout, got.stderr + got.stdout
    assert "MEDKOORD_LOG_LEVL" in got.stderr + got.stdout


def test_a_taken_port_gets_one_line(cluster, keys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        got = run("serve", MEDKOORD_PORT=port, MEDKOORD_DATABASE=cluster.url(), MEDKOORD_JWKS=keys.jwks)
    assert got.returncode == 1 and str(port) in got.stderr and "MEDKOORD_PORT" in got.stderr


def test_a_second_server_does_not_share_the_port_silently(server, cluster, keys):
    got = run("serve", MEDKOORD_PORT=server.port, MEDKOORD_DATABASE=cluster.url(), MEDKOORD_JWKS=keys.jwks)
    assert got.returncode == 1 and "is taken" in got.stderr


def test_migrate_from_nothing_twice_and_check(keys):
    folder = tempfile.mkdtemp(prefix="medkoord-pg.", dir="/tmp")
    script = str(ROOT / "tests" / "pg.sh")
    try:
        subprocess.run([script, "start", folder], check=True)
        url = {role: subprocess.run([script, "url", folder, "medkoord_" + role], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
               for role in ("server", "migrator")}
        environment = {"MEDKOORD_DATABASE": url["server"], "MEDKOORD_MIGRATE_DATABASE": url["migrator"], "MEDKOORD_JWKS": keys.jwks}
        before = run("check", **environment)
        assert before.returncode == 1 and "migrate" in before.stdout + before.stderr
        dry = run("migrate", "--dry-run", **environment)
        assert dry.returncode == 0 and "0001_base" in dry.stdout + dry.stderr
        assert run("check", **environment).returncode == 1, "a dry run changed the database"
        first, second = run("migrate", **environment), run("migrate", **environment)
        assert first.returncode == 0, first.stderr
        assert second.returncode == 0, second.stderr
        good = run("check", **environment)
        assert good.returncode == 0, good.stdout + good.stderr
        privileged = run("check", **{**environment, "MEDKOORD_DATABASE": url["server"].replace("medkoord_server", "postgres")})
        assert privileged.returncode == 1 and "superuser" in privileged.stdout + privileged.stderr
        keyless = run("check", **{**environment, "MEDKOORD_JWKS": folder + "/nothing.json"})
        assert keyless.returncode == 1 and "nothing.json" in keyless.stdout + keyless.stderr
    finally:
        subprocess.run([script, "stop", folder])
        shutil.rmtree(folder, ignore_errors=True)


def test_start_to_ready_and_stop(cluster, keys):
    server = Server(cluster.url(), keys, loops=1).start()
    assert server.events("serving")[0]["port"] == str(server.port)
    assert server.events("database ready")
    assert server.remove() == 0


# ---- check and migrate against databases that are not as they should be ----

@pytest.fixture(scope="module")
def databases(tmp_path_factory):
    """database(name, **options): the connection strings of a new database with sql/roles.sql run in it."""
    folder = tempfile.mkdtemp(prefix="medkoord-pg.", dir="/tmp")
    script = str(ROOT / "tests" / "pg.sh")

    class Databases:
        def sql(self, name, text, user="postgres"):
            return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url(name, user), "-c", text], check=True,
                                  stdout=subprocess.PIPE, text=True).stdout.strip()

        def url(self, name, user):
            return f"host={folder} port=5432 dbname={name} user={user}"

        def make(self, name, options=""):
            self.sql("postgres", f"CREATE DATABASE {name} {options}")
            subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", self.url(name, "postgres"), "-f", str(ROOT / "sql" / "roles.sql")],
                           check=True, env={**os.environ, "PGOPTIONS": "-c client_min_messages=warning"}, stdout=subprocess.DEVNULL)
            return {"MEDKOORD_DATABASE": self.url(name, "medkoord_server"), "MEDKOORD_MIGRATE_DATABASE": self.url(name, "medkoord_migrator")}

    try:
        subprocess.run([script, "start", folder], check=True)
        yield Databases()
    finally:
        subprocess.run([script, "stop", folder, "--immediate"])
        shutil.rmtree(folder, ignore_errors=True)


def test_check_says_what_is_wrong_with_the_role(databases, keys):
    environment = {**databases.make("roles"), "MEDKOORD_JWKS": keys.jwks}
    assert run("migrate", **environment).returncode == 0
    good = run("check", **environment)
    assert good.returncode == 0, good.stdout
    for wrong, said, mended in [
            ("ALTER ROLE medkoord_server BYPASSRLS", "BYPASSRLS", "ALTER ROLE medkoord_server NOBYPASSRLS"),
            ("ALTER ROLE medkoord_server CREATEDB", "NOCREATEDB", "ALTER ROLE medkoord_server NOCREATEDB"),
            ("GRANT medkoord_owner TO medkoord_server", "may become medkoord_owner", "REVOKE medkoord_owner FROM medkoord_server"),
            ("REVOKE USAGE ON SCHEMA medkoord FROM medkoord_server", "may not use the schema",
             "GRANT USAGE ON SCHEMA medkoord TO medkoord_server"),
            ("ALTER TABLE medkoord.hospital ENABLE ROW LEVEL SECURITY; ALTER TABLE medkoord.hospital NO FORCE ROW LEVEL SECURITY",
             "not forced", "ALTER TABLE medkoord.hospital FORCE ROW LEVEL SECURITY"),
            ("INSERT INTO medkoord.schema_migration VALUES (9999, 'later', repeat('0', 64))", "this program is older than the database",
             "DELETE FROM medkoord.schema_migration WHERE number = 9999"),
            ("UPDATE medkoord.schema_migration SET number = -number", "run medkoordd migrate",
             "UPDATE medkoord.schema_migration SET number = -number"),
            ("REVOKE SELECT ON medkoord.schema_migration FROM medkoord_server", "no version that this role can read",
             "GRANT SELECT ON medkoord.schema_migration TO medkoord_server")]:
        databases.sql("roles", wrong)
        got = run("check", **environment)
        databases.sql("roles", mended)
        assert got.returncode == 1 and said in got.stdout, (wrong, got)
    assert run("check", **environment).stdout == good.stdout
    keyless = run("check", MEDKOORD_DATABASE=environment["MEDKOORD_DATABASE"])
    assert keyless.returncode == 1 and keyless.stdout.startswith("jwks: has no value")


def test_check_says_what_is_wrong_with_the_database(databases, keys):
    latin = databases.make("latin", "TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    got = run("check", MEDKOORD_JWKS=keys.jwks, **latin)
    assert got.returncode == 1 and "its encoding is LATIN1" in got.stdout
    for url in ("host=/nonexistent dbname=x", "host=127.0.0.1 port=1 dbname=x", "not a connection string"):
        got = run("check", MEDKOORD_JWKS=keys.jwks, MEDKOORD_DATABASE=url)
        assert got.returncode == 1 and "database: the database does not answer" in got.stdout


@contextlib.contextmanager
def listener(serve):
    """A port of this machine; serve(socket) is called for each connection, in turn."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def accept():
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                with client, contextlib.suppress(OSError):
                    serve(client)
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_check_refuses_a_database_that_is_too_old(keys):
    """PostgreSQL 14 is not here: something that greets as it does, says no encoding and closes at the first question."""
    def message(kind, body):
        return kind + (len(body) + 4).to_bytes(4, "big") + body

    def serve(client):
        client.recv(4096)
        client.sendall(message(b"R", bytes(4)) + message(b"S", b"server_version\0" + b"14.5\0") + message(b"Z", b"I"))
        client.recv(4096)

    with listener(serve) as port:
        got = run("check", MEDKOORD_JWKS=keys.jwks, MEDKOORD_DATABASE=f"host=127.0.0.1 port={port} dbname=x user=x sslmode=disable gssencmode=disable")
    assert got.returncode == 1
    for said in ("PostgreSQL 14 is too old", "its encoding is unknown", "found no version", "privileges could not be read"):
        assert said in got.stdout, got.stdout


# ---- a server that cannot start says why and ends with 1 ----

@pytest.mark.parametrize("options,said", [
    ({"MEDKOORD_LISTEN_ADDRESS": "192.0.2.1"}, "cannot listen on port"),
    ({"MEDKOORD_LISTEN_ADDRESS": "2001:db8::1"}, "cannot listen on port"),
    ({"MEDKOORD_PORT_FILE": "/nonexistent/port"}, "cannot write port_file /nonexistent/port: No such file"),
    ({"MEDKOORD_PORT_FILE": "/dev/full"}, "cannot write port_file /dev/full: No space"),
    ({"MEDKOORD_JWKS": "/nonexistent/jwks.json"}, "No such file"),
    ({"MEDKOORD_JWKS": "/dev/null"}, "not JSON"),
    ({"MEDKOORD_JWKS": "http://127.0.0.1:1/jwks.json"}, "keys not loaded"),
])
def test_a_server_that_cannot_start_says_why(cluster, keys, options, said):
    environment = {"MEDKOORD_PORT": 0, "MEDKOORD_DATABASE": cluster.url(), "MEDKOORD_JWKS": keys.jwks, "ASAN_OPTIONS": "detect_leaks=0", **options}
    got = run("serve", **environment)
    assert got.returncode == 1 and said in got.stderr and got.stdout == "", got


def start_within(server, limit):
    """Starts a server under a limit of its own. Whether it came up; otherwise it ended with 1 and said why."""
    server.port_file.unlink(missing_ok=True)
    server.log.write_text("")
    with open(server.log, "ab") as log:
        server.process = subprocess.Popen([PROGRAM, "serve"], env=server.environment, stderr=log, preexec_fn=limit)
    wait_until(lambda: (server.port_file.exists() and server.port_file.read_text().endswith("\n")) or server.process.poll() is not None,
               what="a start or an end")
    text = server.log.read_text()
    if server.process.poll() is not None:
        assert server.process.returncode == 1 and text.strip(), (server.process.returncode, text)
        assert "Sanitizer" not in text
        return False
    server.port = int(server.port_file.read_text())
    return True


@pytest.fixture
def limited(cluster, keys):
    server = Server(cluster.url(), keys, loops=2)
    # What a server that does not start leaves behind is the system's to take back.
    server.environment["ASAN_OPTIONS"] = server.environment.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    yield server
    server.remove()


def test_too_few_descriptors_to_start(limited):
    """With each number of descriptors the server does not start and says so, or it runs and stops in order."""
    started = []
    for n in range(4, 64):
        if start_within(limited, lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (n, n))):
            started.append(n)
            assert limited.stop() == 0, limited.log.read_text()
        if len(started) == 6:
            break
    assert len(started) == 6 and started[0] > 8


def test_descriptors_run_out_and_come_back(cluster, keys):
    """While there are none left, those who are connected are answered; when there are again, everybody is."""
    server = Server(cluster.url(), keys, loops=1).start()
    try:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as known:
            def answered():
                known.request("GET", "/healthz")
                response = known.getresponse()
                return response.read() and response.status == 200
            assert answered()
            limits = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
            taken = len(os.listdir(f"/proc/{server.process.pid}/fd"))
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (taken, limits[1]))
            waiting = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(3)]
            for s in waiting:
                s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            for _ in range(20):
                assert answered()
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, limits)
        wait_until(lambda: server.get_status("/readyz") == 200, what="an answer to somebody new")
        for s in waiting:
            assert s.recv(4096).startswith(b"HTTP/1.1 200")
            s.close()
    finally:
        assert server.remove() == 0


def test_no_thread_to_start_with(limited):
    """A stack larger than memory is what each thread is to get."""
    size = 1 << 46
    assert not start_within(limited, lambda: resource.setrlimit(resource.RLIMIT_STACK, (size, resource.RLIM_INFINITY)))
    assert "no thread" in limited.log.read_text()


# ---- signals, keys and the log of a server that runs ----

class KeyServer(http.server.BaseHTTPRequestHandler):
    answer = None

    def do_GET(self):
        status, headers, body = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def test_keys_from_a_url_are_kept_until_there_are_better_ones(cluster, keys, contract):
    """Whatever the issuer's server answers: the keys in force stay until a good set is there, also without SIGHUP."""
    good = 200, {}, keys.jwks.read_bytes()
    issuer = http.server.ThreadingHTTPServer(("127.0.0.1", 0), KeyServer)
    issuer.answer = good
    thread = threading.Thread(target=issuer.serve_forever)
    thread.start()
    server = Server(cluster.url(), keys, loops=1, jwks_refresh_s=10, jwks=f"http://127.0.0.1:{issuer.server_port}/jwks.json")
    try:
        api = Client(server.start(), contract, keys)

        def read_again(answer):
            issuer.answer = answer
            n = len(server.events("keys loaded")), len(server.events("keys not loaded"))
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: (len(server.events("keys loaded")), len(server.events("keys not loaded"))) != n, what="the keys")
            assert api.get("/v1/regions").status == 200
            return len(server.events("keys loaded")) > n[0]

        assert read_again(good)
        for answer, said in [((404, {}, b""), "status 404"), ((302, {"Location": "/elsewhere"}, b""), "status 302"),
                             ((200, {}, b"{"), "not JSON"), ((200, {}, b'{"keys": []}'), "no key"), ((200, {}, b" " * 300_000), "more than"),
                             ((200, {"Content-Length": "9"}, b""), "jwks.json: ")]:
            assert not read_again(answer)
            assert said in server.events("keys not loaded")[-1]["reason"]
        issuer.answer = good
        loaded = len(server.events("keys loaded"))
        wait_until(lambda: len(server.events("keys loaded")) > loaded, 15, "keys read again without being told")
        assert api.get("/v1/regions").status == 200
    finally:
        issuer.shutdown()
        issuer.server_close()
        thread.join()
        assert server.remove() == 0


def test_stopped_and_continued_it_goes_on(cluster, keys):
    server = Server(cluster.url(), keys, loops=1).start()
    try:
        server.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T", what="the stop")
        server.process.send_signal(signal.SIGCONT)
        assert server.get_status("/readyz") == 200
        assert server.stop(signal.SIGINT) == 0 and server.events("stopped")
    finally:
        server.remove()


def test_a_log_that_nobody_reads_stops_nothing(cluster, keys):
    server = Server(cluster.url(), keys, loops=1)
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen([PROGRAM, "serve"], env=server.environment, stderr=writing)
        os.close(writing)
        server.process = process
        wait_until(lambda: server.port_file.exists() and server.port_file.read_text().endswith("\n"), what="the port")
        server.port = int(server.port_file.read_text())
        server.wait_ready()
        os.close(reading)
        for _ in range(5):
            assert server.get_status("/healthz") == 200
        assert server.stop() == 0
        server.log.write_text("")
    finally:
        server.remove()


def test_an_ipv6_address_is_listened_on(cluster, keys):
    server = Server(cluster.url(), keys, loops=1, listen_address="::1")
    server.start(ready=False)
    with socket.create_connection(("::1", server.port), timeout=20) as s:
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert s.recv(4096).startswith(b"HTTP/1.1 200")
    assert server.remove() == 0
