"""What the benchmark measures in: a cluster with realistic settings, a release server, tokens, files, load generators.
SPDX-License-Identifier: MPL-2.0
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import types
import uuid

os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin:" + os.environ.get("PATH", "")  # Debian's programs before a user's own
os.environ["LC_ALL"] = "C.UTF-8"
ROOT = pathlib.Path(__file__).resolve().parents[2]
REGIONS = ["nordjylland", "midtjylland", "syddanmark", "hovedstaden", "sjaelland"]
INHABITANTS = [590_000, 1_340_000, 1_220_000, 1_850_000, 840_000]
HOSPITALS = 7  # in each region

# Durable, and sized for a small machine of its own.
POSTGRES = """
fsync = on
full_page_writes = on
synchronous_commit = on
wal_level = replica
max_wal_senders = 5
shared_buffers = 1GB
effective_cache_size = 4GB
max_wal_size = 4GB
checkpoint_timeout = 15min
random_page_cost = 1.1
max_connections = 200
"""


def run(*words, **more):
    done = subprocess.run([str(w) for w in words], check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    if done.returncode != 0:
        raise SystemExit(f"{words[0]} failed: {done.stderr[-2000:]}{done.stdout[-2000:]}")
    return done.stdout


def missing_packages():
    """The Debian packages that are not installed; elsewhere than on Debian nobody knows."""
    if shutil.which("dpkg-query") is None:
        return []
    return run("bash", "-c", 'PROGRAM=tests/bench/run; . "$1"; missing_packages "${PACKAGES_RUN[@]}" "${PACKAGES_BENCH[@]}"',
               "bash", ROOT / "deploy" / "lib.sh").split()


def build(folder):
    """A release build in the folder, made or brought up to date."""
    if not (folder / "build.ninja").exists():
        run("meson", "setup", "--buildtype=release", folder, ROOT)
    run("ninja", "-C", folder)
    return folder


class Cluster:
    def __init__(self, folder):
        self.folder = folder / "pg"
        self.folder.mkdir()

    def start(self):
        self.call("start", env={**os.environ, "MEDKOORD_PG_CONF": POSTGRES})
        self.call("migrate")
        self.sql("GRANT CREATE ON DATABASE medkoord TO medkoord_server; CREATE SCHEMA bench AUTHORIZATION medkoord_server")

    def call(self, *words, **more):
        return run(ROOT / "tests" / "pg.sh", words[0], self.folder, *words[1:], **more).strip()

    def url(self, role="medkoord_server"):
        return self.call("url", role)

    def sql(self, text, role="postgres"):
        return run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url(role), "-f", "-", input=text)

    def stop(self):
        if (self.folder / "data" / "postmaster.pid").exists():
            self.call("stop", "--immediate")


class Server:
    """medkoordd serve as it is run: every core a loop, its own log in a file."""

    def __init__(self, built, database, folder):
        program = built / "server" / "medkoordd"
        self.program, self.pacer, self.folder, self.process, self.port = program, built / "tests/bench/pace", folder, None, 0
        key, other, jwks = folder / "key.pem", folder / "other.pem", folder / "jwks.json"
        for k in (key, other):
            run(program, "token", "--new-key", k, "--kind", "rsa", env={})
        sets = [json.loads(run(program, "token", "--jwks", "--key", k, env={})) for k in (key, other)]
        self.key_sets = [json.dumps(sets[0]), json.dumps({"keys": sets[1]["keys"] + sets[0]["keys"]})]
        jwks.write_text(self.key_sets[0])
        self.tokens = {role: run(program, "token", "--key", key, "--role", role, "--expires", 86400, env={}).strip()
                       for role in ("reader", "amgros", "admin")}
        self.environment = {"MEDKOORD_LISTEN_ADDRESS": "127.0.0.1", "MEDKOORD_PORT": "0", "MEDKOORD_DATABASE": database,
                            "MEDKOORD_PORT_FILE": str(folder / "port"), "MEDKOORD_JWKS": str(jwks)}

    def start(self):
        """Answers how long it took until /readyz said 200, in seconds."""
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        began = time.perf_counter()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([self.program, "serve"], env=self.environment, stderr=log)
        while time.perf_counter() < began + 30:
            if self.process.poll() is not None:
                raise SystemExit("the server ended: " + (self.folder / "log").read_text()[-2000:])
            if port_file.exists() and port_file.read_text().endswith("\n"):
                self.port = int(port_file.read_text())
                if self.is_ready():
                    return time.perf_counter() - began
            time.sleep(0.001)
        raise SystemExit("the server did not become ready: " + (self.folder / "log").read_text()[-2000:])

    def is_ready(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def call(self, method, path, body=None, role="admin", headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        sent = {"Authorization": "Bearer " + self.tokens[role], **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:1000]}")
        return json.loads(text)

    def memory_kib(self, field="VmRSS"):
        return int(re.search(field + r":\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1])

    def announce(self, source, file):
        """Announces the file for the years it is of."""
        body = {"source": source, "label": "benchmark", "status": "final",
                "control": {"rows": file.rows, "ddd": file.ddd_e4 / 10000, "cost_ore": file.cost_ore},
                "coverage": [{"region": r, "from_month": f"{file.first_year}-01", "to_month": f"{file.last_year}-12"}
                             for r in REGIONS]}
        return self.call("POST", "/v1/consumption-deliveries", body, "amgros", {"Idempotency-Key": uuid.uuid4().hex})["id"]

    def upload(self, delivery, file, *headers):
        """Seconds until the rows were accepted."""
        began = time.perf_counter()
        answer = run("curl", "-sS", "-X", "PUT", "-T", file.path, "-H", "Content-Type: text/csv", "-H", "Expect:",
                     "-H", "Authorization: Bearer " + self.tokens["amgros"], *(w for h in headers for w in ("-H", h)),
                     f"http://127.0.0.1:{self.port}/v1/consumption-deliveries/{delivery}/rows")
        seconds = time.perf_counter() - began
        if json.loads(answer).get("rows") != file.rows:
            raise SystemExit(f"the upload was refused: {answer[:1000]}")
        return seconds

    def wrk(self, path, connections, seconds, role="reader"):
        """Requests a second and the 99th percentile in milliseconds."""
        out = run("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "60s",
                  "-H", "Authorization: Bearer " + self.tokens[role], f"http://127.0.0.1:{self.port}{path}")
        wrong = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)", out)
        if wrong:
            raise SystemExit(f"wrk {path}: {out}")
        p99, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", out).groups()
        return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), float(p99) * {"us": 0.001, "ms": 1, "s": 1000}[unit]

    @contextlib.contextmanager
    def pace(self, path, rate, connections, role="reader"):
        """Requests at a constant rate while the body of the with statement runs; then .result is what pace.c prints."""
        words = [self.pacer, self.port, path, "Authorization: Bearer " + self.tokens[role], rate, connections, 600]
        got = types.SimpleNamespace(result=None)
        with subprocess.Popen([str(w) for w in words], stdout=subprocess.PIPE, text=True) as process:
            try:
                yield got
            finally:
                process.terminate()
            out = process.communicate(timeout=60)[0]
            if process.returncode != 0:
                raise SystemExit(f"pace ended with {process.returncode}")
            got.result = json.loads(out)

    def export(self, path, role="reader"):
        """Seconds until the whole of a text/csv was there, and its rows."""
        began = time.perf_counter()
        out = self.folder / "export.csv"
        status = run("curl", "-sS", "-o", out, "-w", "%{http_code}", "-H", "Accept: text/csv", "-H", "Authorization: Bearer " + self.tokens[role],
                     f"http://127.0.0.1:{self.port}{path}")
        seconds = time.perf_counter() - began
        if status != "200":
            raise SystemExit(f"the export was refused: {status} {out.read_text()[:1000]}")
        rows = int(run("wc", "-l", out).split()[0]) - 1
        out.unlink()
        return seconds, rows

    def change_keys(self):
        """Another set of keys, which still has the one that the tokens are signed with, is read."""
        self.key_sets.reverse()
        new = self.folder / "jwks.new"
        new.write_text(self.key_sets[0])
        new.rename(self.folder / "jwks.json")
        self.process.send_signal(signal.SIGHUP)

    def logged(self, event):
        """How many lines of the log have it."""
        return sum(f'"{event}"' in line for line in open(self.folder / "log", encoding="utf-8"))

    def hold_idle(self, path, n):
        """n connections that made one request each and stay open."""
        sockets = []
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.tokens['reader']}\r\n\r\n".encode()
        for _ in range(n):
            s = socket.create_connection(("127.0.0.1", self.port))
            s.sendall(request)
            if not s.recv(65536).startswith(b"HTTP/1.1 200"):
                raise SystemExit("a connection was refused")
            sockets.append(s)
        return sockets


class File:
    """A CSV file of rows in the order of their key. Every cell (month, hospital, code) has `articles` rows."""

    def __init__(self, path, first_year, last_year, hospitals, codes, articles, rows=None, product="Product"):
        self.path, self.first_year, self.last_year = path, first_year, last_year
        self.rows = self.ddd_e4 = self.cost_ore = 0
        wanted = rows or 1 << 60
        names = [(f"{r}{h}", i) for i, r in enumerate(("NJ", "MJ", "SD", "HO", "SJ")) for h in range(hospitals)]
        atc = [f"{chr(65 + c // 100)}{c // 10 % 10 + 1:02d}AA{c % 10 + 1:02d}" for c in range(codes)]
        with open(path, "w", encoding="utf-8") as out:
            out.write("month,hospital,atc,article_number,product,packs,ddd,cost_ore\n")
            lines = []
            for month in (f"{y}-{m:02d}-01" for y in range(first_year, last_year + 1) for m in range(1, 13)):
                for h, (name, region) in enumerate(names):
                    for c in range(codes):
                        for a in range(articles):
                            # By inhabitants, as in life, with a difference between the regions for some codes.
                            v = (c * 7919 + h * 104729 + a * 31) % 997 * INHABITANTS[region] // 100_000 * (2 + (c + region) % 3 // 2)
                            lines.append(f"{month},{name},{atc[c]},{100000 + c * 20 + a},{product},{v},{v / 10},{v * 100}\n")
                            self.rows += 1
                            self.ddd_e4 += v * 1000
                            self.cost_ore += v * 100
                            if self.rows == wanted:
                                break
                        if self.rows == wanted:
                            break
                    out.write("".join(lines))
                    lines.clear()
                    if self.rows == wanted:
                        return


def pgbench(cluster, script, clients, seconds, **variables):
    """Transactions a second of a script, prepared, on a socket."""
    path = cluster.folder.parent / "pgbench.sql"
    path.write_text(script)
    out = run("pgbench", "-n", "-M", "prepared", "-f", path, "-c", clients, "-j", min(clients, 2), "-T", seconds,
              *(w for k, v in variables.items() for w in ("-D", f"{k}={v}")), cluster.url())
    return float(re.search(r"tps = ([\d.]+)", out)[1])


def statement(operation, **values):
    """The text of sql/ops/<operation>.sql with its parameters as constants."""
    text = (ROOT / "sql" / "ops" / f"{operation}.sql").read_text()
    types = dict(re.findall(r"^-- :(\w+) ([\w\[\]]+)$", text, re.M))
    text = re.sub(r"--.*", "", text).strip()
    return re.sub(r"(?<![:\w]):(\w+)", lambda m: values.get(m[1], f"NULL::{types[m[1]]}"), text)


def make_reference(cluster):
    """Inhabitants, and hospitals."""
    values = ", ".join(f"('{r}', {n})" for r, n in zip(REGIONS, INHABITANTS))
    cluster.sql(f"""
        SET search_path = medkoord, pg_temp;
        SELECT set_config('medkoord.subject', 'bench', false), set_config('medkoord.roles', ',admin,', false);
        INSERT INTO population (region_no, on_date, population, source, evidence)
        SELECT r.region_no, '2019-01-01', x.n, 'bench', 'sourced' FROM (VALUES {values}) x (slug, n) JOIN region r USING (slug);
        SELECT count(*) FROM (VALUES ('NJ', '{REGIONS[0]}'), ('MJ', '{REGIONS[1]}'), ('SD', '{REGIONS[2]}'),
            ('HO', '{REGIONS[3]}'), ('SJ', '{REGIONS[4]}')) x (code, slug), generate_series(0, {HOSPITALS - 1}) n,
            create_hospital(x.code || n, x.code || ' hospital ' || n, x.slug, '2015-01-01');""")


class World:
    """All of it, in a folder that goes away."""

    def __init__(self, built):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="medkoord-bench.", dir=os.environ.get("TMPDIR", "/var/tmp")))
        self.folder.chmod(0o711)  # PostgreSQL's own user passes through
        self.cluster = self.server = None
        try:
            self.cluster = Cluster(self.folder)
            self.cluster.start()
            self.server = Server(built, self.cluster.url(), self.folder)
            make_reference(self.cluster)
        except BaseException:
            self.remove()
            raise

    def remove(self):
        if self.server is not None:
            self.server.stop()
        if self.cluster is not None:
            self.cluster.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def spread(values):
    """Median and range, for people."""
    return f"{statistics.median(values):.4g} ({min(values):.4g} to {max(values):.4g}, n={len(values)})"
