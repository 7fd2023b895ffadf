"""What the API tests stand on: a throwaway cluster, a real server, tokens, and a client that holds every response against
the contract and remembers which operations and statuses it has seen.
SPDX-License-Identifier: MPL-2.0
"""
import base64
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import types
import urllib.parse
import uuid

import jsonschema

import libmedkoord

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TEST_BUILD", ROOT / "build" / "check"))
PROGRAM = BUILD / "server" / "medkoordd"
# As users get it, whichever build is tested. What a sanitizer's allocator holds resident depends on the order of the frees.
PLAIN_PROGRAM = ROOT / "build" / "warnings" / "server" / "medkoordd"
FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
REGIONS = ["hovedstaden", "midtjylland", "nordjylland", "sjaelland", "syddanmark"]


def wait_until(condition, seconds=20, what="the condition"):
    """Asks again and again until the condition holds; the only place where time passes in the tests."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true in {seconds} s")
        time.sleep(0.02)


class Cluster:
    """A private PostgreSQL cluster, made by tests/pg.sh."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="medkoord-pg.", dir="/tmp")
        self.call("start")
        self.call("migrate")

    def call(self, *words):
        return subprocess.run([str(ROOT / "tests" / "pg.sh"), words[0], self.folder, *words[1:]], check=True,
                              stdout=subprocess.PIPE, text=True).stdout.strip()

    def url(self, role="medkoord_server"):
        return self.call("url", role)

    def sql(self, text, role="postgres"):
        """Runs SQL (default: as the cluster's superuser) and answers the rows as lists of text."""
        out = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-F", "\t", "-d", self.url(role), "-c", text],
                             check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout
        return [line.split("\t") for line in out.splitlines()]

    def pids(self, like):
        return [int(row[0]) for row in self.sql(f"SELECT pid FROM pg_stat_activity WHERE application_name LIKE '{like}'")]

    def restart_under(self, clock):
        """Begins anew with another clock; not by tests/pg.sh: libfaketime's semaphores must belong to PostgreSQL's own user."""
        self.call("stop")
        folder = pathlib.Path(self.folder)
        become = ["setpriv", "--reuid", folder.owner(), "--regid", folder.group(), "--init-groups"] if os.geteuid() == 0 else []
        subprocess.run([*become, "env", *(f"{k}={v}" for k, v in clock.environment.items()), "/usr/lib/postgresql/15/bin/pg_ctl", "--silent",
                        "--pgdata", folder / "data", "--log", folder / "postgresql.log", "--wait", "start"], check=True, cwd=folder)

    def remove(self):
        subprocess.run([str(ROOT / "tests" / "pg.sh"), "stop", self.folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)


class Clock:
    """The wall clock of a program, some seconds off; its monotonic clock is left alone."""

    def __init__(self, folder):
        os.chmod(folder, 0o755)
        self.file = pathlib.Path(folder) / "clock"
        self.set(0)
        self.environment = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1"}

    def set(self, seconds):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}")
        fresh.chmod(0o644)
        fresh.replace(self.file)

    def set_to(self, moment):
        """From now on it is this moment, an ISO time with its offset."""
        self.set(int(datetime.datetime.fromisoformat(moment).timestamp() - time.time()))


def locked(cluster, sql):
    """A session of the superuser that holds what the statement locks, until it is closed."""
    session = subprocess.Popen(["psql", "-XAtq", "-d", cluster.url("postgres")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    session.stdin.write(f"BEGIN; {sql}; SELECT 'locked';\n")
    session.stdin.flush()
    while session.stdout.readline().strip() != "locked":
        assert session.poll() is None
    return session


def release(session):
    session.stdin.write("ROLLBACK;\n")
    session.stdin.close()
    session.wait(10)


class Keys:
    """A development key made by the program itself."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.key = self.folder / "dev.pem"
        self.jwks = self.folder / "jwks.json"
        subprocess.run([PROGRAM, "token", "--new-key", self.key], check=True, stdout=subprocess.DEVNULL, env={})
        self.jwks.write_text(subprocess.run([PROGRAM, "token", "--jwks", "--key", self.key], check=True,
                                            stdout=subprocess.PIPE, text=True, env={}).stdout)

    def token(self, role, region=None, subject=None, expires=3600):
        words = [PROGRAM, "token", "--key", self.key, "--role", role, "--expires", str(expires)]
        words += ["--subject", subject or f"test-{role}" + (f"-{region}" if region else "")]
        if region:
            words += ["--region", region]
        return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env={}).stdout.strip()

    def token_of(self, **claims):
        """A rightly signed token with these claims in place of a reader's; the program itself would not print it."""
        header, payload, _ = self.token("reader").split(".")
        claims = {**json.loads(base64.urlsafe_b64decode(payload + "==")), **claims}
        signed = header + "." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=signed.encode(), check=True,
                             stdout=subprocess.PIPE).stdout
        # SEQUENCE { INTEGER r, INTEGER s } becomes r and s of 32 bytes each (RFC 7518, section 3.4).
        split = 4 + der[3]
        pair = b"".join(int.from_bytes(n, "big").to_bytes(32, "big") for n in (der[4:split], der[split + 2:]))
        return signed + "." + base64.urlsafe_b64encode(pair).decode().rstrip("=")


class Server:
    """medkoordd serve, on a free port of 127.0.0.1, with its log in a file."""

    def __init__(self, database, keys, program=PROGRAM, **options):
        self.program = program
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="medkoord-server."))
        self.log = self.folder / "log"
        self.port_file = self.folder / "port"
        self.environment = {"PATH": os.environ["PATH"], "MEDKOORD_LISTEN_ADDRESS": "127.0.0.1", "MEDKOORD_PORT": "0",
                            "MEDKOORD_PORT_FILE": str(self.port_file), "MEDKOORD_DATABASE": database,
                            "MEDKOORD_JWKS": str(keys.jwks)}
        self.environment.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
        for name, value in options.items():
            self.environment["MEDKOORD_" + name.upper()] = str(value)
        self.process = None
        self.port = 0

    def start(self, ready=True):
        if self.port:
            self.environment["MEDKOORD_PORT"] = str(self.port)
        self.port_file.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.program, "serve"], env=self.environment, stderr=log)
        try:
            wait_until(lambda: self.port_file.exists() and self.port_file.read_text().endswith("\n") or self.process.poll() is not None,
                       what="the server's port")
            assert self.process.poll() is None, self.log.read_text()[-4000:]
            self.port = int(self.port_file.read_text())
            if ready:
                self.wait_ready()
        except BaseException:
            self.stop(signal.SIGKILL)
            raise
        return self

    def get_status(self, path):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0

    def wait_ready(self, seconds=30):
        wait_until(lambda: self.get_status("/readyz") == 200, seconds, "readiness")

    def stop(self, by=signal.SIGTERM):
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.send_signal(by)
        return self.process.wait(30)

    def events(self, name, start=0):
        """The log's lines with this event, from the byte `start` on; the last one may still be in the writing."""
        with open(self.log, "rb") as log:
            log.seek(start)
            text = log.read().decode()
        lines = [json.loads(line) for line in text.rpartition("\n")[0].splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == name]

    def memory_kib(self, field="VmRSS"):
        return int(re.search(field + r":\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1])

    def remove(self):
        code = self.stop()
        text = self.log.read_text()
        shutil.rmtree(self.folder, ignore_errors=True)
        assert "ERROR: AddressSanitizer" not in text and "runtime error:" not in text and "LeakSanitizer" not in text, text[-8000:]
        return code


class Contract:
    """The bundle, and what of it has been seen in this run."""

    def __init__(self):
        self.document = json.loads((BUILD / "openapi" / "openapi.json").read_text())
        self.resolver = jsonschema.RefResolver.from_schema(self.document)
        self.formats = jsonschema.FormatChecker()
        self.formats.checks("month")(lambda v: not isinstance(v, str) or re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", v) is not None)
        self.seen = set()
        self.codes_seen = set()
        self.exchanged = {}   # (operation, "result" or "body", JSON) -> its schema, of what was answered with success
        self.operations = {}
        self.templates = []
        for path, methods in self.document["paths"].items():
            pattern = re.compile("^" + re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path)) + "$")
            for method, operation in methods.items():
                if method in ("get", "post", "put", "patch", "delete"):
                    operation["path"], operation["method"] = path, method.upper()
                    self.operations[operation["operationId"]] = operation
                    self.templates.append((path.count("{"), pattern, method.upper(), operation))
        self.templates.sort(key=lambda t: t[0])

    def deref(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def operation_of(self, method, path):
        for _, pattern, verb, operation in self.templates:
            if verb == ("GET" if method == "HEAD" else method) and pattern.match(path):
                return operation
        return None

    def check(self, schema, value):
        jsonschema.Draft202012Validator(schema, resolver=self.resolver, format_checker=self.formats).validate(value)

    def hold(self, method, path, response):
        """Every response is documented: its status, its media type, its body, the code of its problem."""
        operation = self.operation_of(method, path)
        assert response.header("X-Request-Id"), "no X-Request-Id"
        if operation is None:
            assert response.status in (204, 404, 405), f"{method} {path}: {response.status}"
            if response.status != 204:
                self.check(self.document["components"]["schemas"]["Problem"], response.json())
            return
        where = f"{operation['operationId']} {response.status}"
        documented = operation["responses"].get(str(response.status))
        assert documented is not None, f"{where} is not documented: {response.text[:600]}"
        documented = self.deref(documented)
        self.seen.add((operation["operationId"], response.status))
        content = documented.get("content")
        if not content or method == "HEAD":
            assert response.body == b"", where
            return
        media = response.header("Content-Type").split(";")[0]
        assert media in content, f"{where}: {media} is not documented"
        if media.endswith("json"):
            try:
                self.check(content[media]["schema"], response.json())
            except jsonschema.ValidationError as error:
                raise AssertionError(f"{where}: {error.message} at /{'/'.join(map(str, error.absolute_path))}") from None
        if media == "application/json" and operation["operationId"] != "get_contract":
            self.exchanged[operation["operationId"], "result", response.text] = content[media]["schema"]
        if media == "application/problem+json":
            code = response.json()["code"]
            codes = {code} | {e["code"] for e in response.json().get("errors", [])}
            self.codes_seen |= {(operation["operationId"], c) for c in codes}
            assert code in documented.get("x-problems", [code]), f"{where}: code {code} is not documented"
            assert response.json()["request_id"] == response.header("X-Request-Id")


    def keep_body(self, method, path, body, response):
        operation = self.operation_of(method, path)
        if body is not None and operation and 200 <= response.status < 300:
            schema = next(iter(self.deref(operation["requestBody"])["content"].values()))["schema"]
            self.exchanged[operation["operationId"], "body", json.dumps(body)] = schema


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The problem's code, None when it is none."""
        return self.json()["code"] if (self.header("Content-Type") or "").startswith("application/problem") else None

    @property
    def etag(self):
        return self.header("ETag")


class Client:
    def __init__(self, server, contract, keys):
        self.server, self.contract, self.keys = server, contract, keys
        self.tokens = {}
        self.day = "2026-01-01"   # from which somebody is seated when nothing else is said

    def token(self, who):
        """who: a role, or role:region, or a ready token."""
        if who is None or who.count(".") == 2:
            return who
        if who not in self.tokens:
            role, _, region = who.partition(":")
            self.tokens[who] = self.keys.token(role, region or None)
        return self.tokens[who]

    def call(self, method, path, who="admin", body=None, query=None, headers=None, raw=None, hold=True):
        """One request. body: to be sent as JSON; raw: bytes as they are; headers: None removes one."""
        if query:
            path += "?" + urllib.parse.urlencode(query)
        sent = {}
        token = self.token(who)
        if token:
            sent["Authorization"] = "Bearer " + token
        if body is not None:
            raw = json.dumps(body).encode()
            sent["Content-Type"] = "application/merge-patch+json" if method == "PATCH" else "application/json"
        sent.update(headers or {})
        sent = {k: v for k, v in sent.items() if v is not None}
        response = Response(*self.send(method, path, sent, raw))
        if hold:
            self.contract.hold(method, path.split("?")[0], response)
            self.contract.keep_body(method, path.split("?")[0], body, response)
        return response

    def send(self, method, path, headers, raw):
        """Through the client library, once; what it would not send, pieces and framing of the test's own, without it."""
        if not libmedkoord.ITS_OWN & {name.lower() for name in headers} and isinstance(raw, (bytes, type(None))):
            with libmedkoord.Handle(f"http://127.0.0.1:{self.server.port}", retries=-1, max_body_bytes=1 << 30) as handle:
                return handle.request(method, path, headers, raw)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body=raw, headers=headers, encode_chunked="Transfer-Encoding" in headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    def get(self, path, who="reader", **words):
        return self.call("GET", path, who, **words)

    def post(self, path, body, who="admin", **words):
        return self.call("POST", path, who, body, **words)

    def put(self, path, body, who="admin", **words):
        return self.call("PUT", path, who, body, **words)

    def patch(self, path, body, who="admin", **words):
        return self.call("PATCH", path, who, body, **words)

    def all(self, path, who="reader", query=None):
        """Every item of a list, following next."""
        items, response = [], self.get(path, who, query=query)
        while True:
            assert response.status == 200, response.text
            items += response.json()["items"]
            following = response.json()["next"]
            if following is None:
                return items
            response = self.get(following, who)


def letters(n=32):
    """A name that nobody has had. Without digits: ten of them may be taken for a civil registration number."""
    return uuid.uuid4().hex.translate(str.maketrans("0123456789", "ghijklmnop"))[:n]


def key():
    return {"Idempotency-Key": uuid.uuid4().hex}


@contextlib.contextmanager
def fresh_cluster():
    made = Cluster()
    yield made
    made.remove()


@contextlib.contextmanager
def served(cluster, keys, contract, **options):
    """A client of a server of its own."""
    server = Server(cluster.url(), keys, **options).start()
    yield Client(server, contract, keys)
    assert server.remove() == 0


def says(response, status, code, *errors):
    """The response is this problem, and its errors[] are exactly these: 'code pointer', or 'pointer' with the problem's own code."""
    assert (response.status, response.code) == (status, code), response.text
    expected = sorted(e if " " in e else f"{code} {e}" for e in errors)
    assert sorted(f"{e['code']} {e['pointer']}" for e in response.json().get("errors", [])) == expected, response.text


# ---- people and seats ----

def person(api, name=None, who="admin", **more):
    """Somebody new, with the subject and the token that she comes with."""
    subject = "subject-" + letters()
    made = api.post("/v1/people", {"name": name or f"Person {subject[8:14]}", "subject": subject, **more}, who, headers=key())
    assert made.status == 201, made.text
    return types.SimpleNamespace(id=made.json()["id"], name=made.json()["name"], subject=subject, etag=made.etag,
                                 token=api.keys.token("reader", subject=subject))


def appoint(api, someone, body, role, region=None, by=None, who="admin", start=None, **more):
    """by: without it whoever is entitled to, as the body's rules say."""
    if "to" in more:
        more.setdefault("end_reason", "Periodens udløb")
    if by is None:
        rule = next(r for r in api.get("/v1/bodies/" + body).json()["rules"] if r["role"] == role)
        by = region if rule["appointed_by"] == "region" else rule["appointed_by"]
    return api.post("/v1/appointments", {"person": someone.id, "body": body, "role": role, "region": region, "appointed_by": by,
                                         "from": start or api.day, **more}, who, headers=key())


def seated(api, body, role, region=None, name=None, someone=None, **more):
    """Somebody on a seat, new when nobody is given."""
    someone = someone or person(api, name)
    made = appoint(api, someone, body, role, region, **more)
    assert made.status == 201, made.text
    someone.appointment = made.json()["id"]
    return someone
