#!/usr/bin/python3
"""A server that does what servers must not, for the tests of the client's transport: real sockets on 127.0.0.1.

Prints one line of JSON with its ports and files, then serves until its standard input ends. The first segment after /v1/ names
what to do (the functions below); /count/v1/... answers how often that path was asked for.
SPDX-License-Identifier: MPL-2.0
"""
import base64
import collections
import hashlib
import json
import pathlib
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import zlib

counts = collections.Counter()
lock = threading.Lock()
keys = []
JSON = b"Content-Type: application/json\r\n"


class Request:
    """What was read, and the connection to answer on."""

    def __init__(self, connection, head):
        self.connection = connection
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = lines[0].split(" ", 2)
        self.headers, self.twice = {}, []
        for line in lines[1:]:
            name, value = line.split(":", 1)
            self.twice += [name] if name.lower() in self.headers else []
            self.headers[name.lower()] = value.strip()
        url = urllib.parse.urlsplit(self.target)
        self.words = url.path.strip("/").split("/")
        self.query = dict(urllib.parse.parse_qsl(url.query))
        self.body = None
        with lock:
            counts[self.target] += 1
            self.nth = counts[self.target]

    def integer(self, name, default=0):
        return int(self.query.get(name, default))

    def answer(self, status, body=b'{"good": true}', headers=b"", kind=JSON):
        reason = {200: "OK"}.get(status, "As told")
        self.connection.send(f"HTTP/1.1 {status} {reason}\r\nContent-Length: {len(body)}\r\nX-Request-Id: req-{self.nth}\r\n".encode()
                             + kind + headers + b"\r\n" + (b"" if self.method == "HEAD" else body))
        return True


class Connection:
    def __init__(self, s):
        self.socket = s
        self.left = b""
        self.served = 0

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        got = self.socket.recv(65536)
        if not got:
            raise EOFError
        self.left += got

    def line_end(self, end):
        while end not in self.left:
            self.more()
        found, self.left = self.left.split(end, 1)
        return found

    def some(self, n):
        """Up to n bytes."""
        while not self.left:
            self.more()
        found, self.left = self.left[:n], self.left[n:]
        return found

    def pieces(self, request):
        if "100-continue" in request.headers.get("expect", "").lower():
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if request.headers.get("transfer-encoding") == "chunked":
            while True:
                n = int(self.line_end(b"\r\n"), 16)
                last = n == 0
                while n > 0:
                    piece = self.some(n)
                    n -= len(piece)
                    yield piece
                assert self.line_end(b"\r\n") == b""
                if last:
                    return
        n = int(request.headers.get("content-length", "0"))
        while n > 0:
            piece = self.some(n)
            n -= len(piece)
            yield piece

    def cut(self):
        """With a reset rather than an end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def until_it_goes(self):
        while True:
            self.more()
            self.left = b""


# ---- what it does; each answers whether the connection is to be kept ----

def ok(r):
    return r.answer(200)


def echo(r):
    said = {"method": r.method, "target": r.target, "headers": r.headers, "twice": " ".join(r.twice),
            "body": r.body.decode("latin-1")}
    return r.answer(200, json.dumps(said).encode())


def text(r):
    return r.answer(200, b"a,b\r\n" * r.integer("lines", 1), kind=b"Content-Type: text/csv\r\n")


def cut_before_head(r):
    return r.connection.cut() if "reset" in r.query else False


def cut_in_head(r):
    r.connection.send(b"HTTP/1.1 200 OK\r\nContent-Le")
    return False


def cut_in_body(r):
    r.connection.send(b"HTTP/1.1 200 OK\r\n" + JSON + b'Content-Length: 14\r\n\r\n{"good": t')
    return False


def cut_in_chunk(r):
    r.connection.send(b"HTTP/1.1 200 OK\r\n" + JSON + b'Transfer-Encoding: chunked\r\n\r\ne\r\n{"good": t')
    return False


def cut_between_chunks(r):
    r.connection.send(b"HTTP/1.1 200 OK\r\n" + JSON + b'Transfer-Encoding: chunked\r\n\r\ne\r\n{"good": true}\r\n')
    return False


def cut_until(r):
    """The first `times` are cut."""
    return cut_in_body(r) if r.nth <= r.integer("times", 1) else ok(r)


def no_length(r):
    r.connection.send(b"HTTP/1.1 200 OK\r\n" + JSON + b'\r\n{"good": true}')
    return False


def chunked(r):
    r.connection.send(b"HTTP/1.1 200 OK\r\n" + JSON + b'Transfer-Encoding: chunked\r\n\r\n7\r\n{"good"\r\n7\r\n: true}\r\n0\r\nX-Trailer: 1\r\n\r\n')
    return True


def drip(r):
    r.connection.send(b"HTTP/1.1 200 OK\r\n" + JSON + b"Content-Length: 1000000\r\n\r\n")
    for _ in range(600):
        r.connection.send(b" ")
        time.sleep(0.05)
    return False


def drip_head(r):
    r.connection.send(b"HTTP/1.1 200 OK\r\n")
    for i in range(600):
        r.connection.send(b"X-%d: 1\r\n" % i)
        time.sleep(0.05)
    return False


def silent(r):
    r.connection.until_it_goes()


def stall(r):
    """Half an export, then nothing."""
    r.connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\na,b\r\n")
    r.connection.until_it_goes()


def short_length(r):
    """More than announced, and that looks like the answer to the next request."""
    r.connection.send(b"HTTP/1.1 200 OK\r\n" + JSON + b'Content-Length: 14\r\n\r\n{"good": true}'
                      b"HTTP/1.1 200 OK\r\n" + JSON + b'Content-Length: 15\r\n\r\n{"good": false}')
    return True


def two_lengths(r):
    r.connection.send(b"HTTP/1.1 200 OK\r\n" + JSON + b'Content-Length: 14\r\nContent-Length: 2\r\n\r\n{"good": true}')
    return False


def length_and_chunked(r):
    r.connection.send(b"HTTP/1.1 200 OK\r\n" + JSON + b'Content-Length: 14\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n')
    return False


def bad_length(r):
    r.connection.send(b"HTTP/1.1 200 OK\r\n" + JSON + b'Content-Length: -14\r\n\r\n{"good": true}')
    return False


def bad_chunk(r):
    r.connection.send(b"HTTP/1.1 200 OK\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")
    return False


def garbage_json(r):
    return r.answer(200, b'{"code": {{{')


def huge(r):
    r.connection.send(b"HTTP/1.1 200 OK\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(r.integer("mib", 64)):
        r.connection.send(b"100000\r\n" + b" " * (1 << 20) + b"\r\n")
    r.connection.send(b"0\r\n\r\n")
    return True


def status(r):
    """words[2] as often as `times` says, then 200."""
    code = int(r.words[2])
    if r.nth > r.integer("times", 1000):
        return ok(r)
    headers = f"Retry-After: {r.query['retry_after']}\r\n".encode() if "retry_after" in r.query else b""
    problem = {"type": "about:blank", "title": "As told", "status": code, "instance": r.target, "code": r.query.get("code", "told"),
               "request_id": f"req-{r.nth}", "detail": "more of it", "errors": [{"pointer": "/a", "code": "b", "detail": "c"}]}
    return r.answer(code, json.dumps(problem).encode(), headers, b"Content-Type: application/problem+json\r\n")


def plain(r):
    return r.answer(int(r.words[2]), b"<html>Bad gateway</html>", kind=b"Content-Type: text/html\r\n")


def rejected(r):
    problem = {"title": "The rows are rejected", "status": 422, "code": "delivery_rejected", "request_id": "x",
               "rejections": [{"position": 1, "line": 3, "column": "hospital", "code": "unknown_hospital", "detail": "no hospital has this code"}]}
    return r.answer(422, json.dumps(problem).encode(), kind=b"Content-Type: application/problem+json\r\n")


def redirect(r):
    return r.answer(302, b"", b"Location: /v1/ok\r\n")


def odd_status(r):
    r.connection.send(b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n")
    return False


def http09(r):
    r.connection.send(b"hello, this is no HTTP\n")
    return False


def many_headers(r):
    r.connection.send(b"HTTP/1.1 200 OK\r\n")
    for i in range(100000):
        r.connection.send(b"X-Bomb-%d: %s\r\n" % (i, b"x" * 100))
    return False


def long_header(r):
    r.connection.send(b"HTTP/1.1 200 OK\r\nX-Bomb: " + b"x" * (1 << 20) + b"\r\nContent-Length: 0\r\n\r\n")
    return False


def odd_header(r):
    odd = {"nul": b"X-A: b\0c", "colon": b"no colon here", "fold": b"X-A: b\r\n c: d", "name": b": empty"}[r.words[2]]
    r.connection.send(b"HTTP/1.1 200 OK\r\n" + odd + b"\r\n" + JSON + b'Content-Length: 14\r\n\r\n{"good": true}')
    return False


def interim(r):
    r.connection.send(b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n")
    return ok(r)


def token(r):
    good = r.headers.get("authorization") == "Bearer good"
    return ok(r) if good else r.answer(401, b'{"code": "unauthorized", "title": "No"}', b"WWW-Authenticate: Bearer\r\n")


def silent_for_good(r):
    return silent(r) if r.headers.get("authorization") == "Bearer good" else token(r)


def whose(r):
    """One entity tag for all; the body is for who asks."""
    token_, accept = r.headers.get("authorization", ""), r.headers.get("accept", "*/*")
    if "expired" in token_:
        return r.answer(401, b'{"code": "unauthorized", "title": "No"}', b"WWW-Authenticate: Bearer\r\n")
    if r.headers.get("if-none-match") == '"all"':
        return not_modified(r)
    return r.answer(200, json.dumps({"token": token_, "accept": accept}).encode(), b'ETag: "all"\r\n')


def etag(r):
    known = r.headers.get("if-none-match") == '"v1"'
    if known:
        r.connection.send(b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n\r\n')
        return True
    return r.answer(200, b'{"nth": %d}' % r.nth, b'ETag: "v1"\r\n')


def not_modified(r):
    r.connection.send(b"HTTP/1.1 304 Not Modified\r\n\r\n")
    return True


def second_is_cut(r):
    """The first request of a connection is answered, the second is read and cut."""
    return ok(r) if r.connection.served == 0 else False


# ---- uploads ----

def upload(r):
    plain_bytes, n = hashlib.sha256(), 0
    sent, n_sent = hashlib.sha256(), 0
    zipped = zlib.decompressobj(31) if r.headers.get("content-encoding") == "gzip" else None
    stop_after = r.integer("stop_after", -1) if r.nth <= r.integer("times", 1) else -1
    for piece in r.connection.pieces(r):
        sent.update(piece)
        n_sent += len(piece)
        piece = zipped.decompress(piece) if zipped else piece
        plain_bytes.update(piece)
        n += len(piece)
        if 0 <= stop_after <= n_sent:
            return r.connection.cut()
    if r.integer("then_silent"):
        r.connection.until_it_goes()
    said = r.headers.get("content-digest")
    good = said is None or said == "sha-256=:" + base64.b64encode(sent.digest()).decode() + ":"
    whole = zipped is None or zipped.eof
    answer = {"n": n, "n_sent": n_sent, "sha256": plain_bytes.hexdigest(), "digest": said is not None, "good": good and whole,
              "headers": r.headers, "nth": r.nth}
    return r.answer(200 if good and whole else 400, json.dumps(answer).encode())


def refuse_early(r):
    """Says no before the body, and does not read it."""
    r.answer(int(r.words[2]), b'{"code": "told", "title": "No"}')
    return False


def stop_reading(r):
    """Takes the head and then nothing, but stays."""
    if "expect" in r.headers:
        r.connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    threading.Event().wait(20)
    return False


def hospitals(r):
    """Cut at first, then refused, with a title that says whether the key is that of the first."""
    keys.append(r.headers["idempotency-key"])
    if r.nth == 1:
        return r.connection.cut()
    title = "same" if keys[-1] == keys[0] else "other"
    return r.answer(409, json.dumps({"code": "told", "title": title}).encode(), kind=b"Content-Type: application/problem+json\r\n")


# ---- a delivery, as the contract's own examples answer it ----

def example(path, method, status):
    import yaml # only here: the rest needs nothing but Python
    file = pathlib.Path(__file__).resolve().parents[2] / "openapi" / "paths" / path
    answer = yaml.safe_load(file.read_text())[method]["responses"][status]["content"]["application/json"]["example"]
    return json.dumps(answer, default=str).encode()


def consumption_deliveries(r):
    if r.method == "POST":
        r.body = b"".join(r.connection.pieces(r))
        return r.answer(201, example("consumption-deliveries.yaml", "post", "201"))
    for _ in r.connection.pieces(r):
        pass
    return r.answer(200, example("consumption-deliveries_{id}_rows.yaml", "put", "200"))


def count(r):
    return r.answer(200, json.dumps({"n": counts[r.target[len("/count"):]]}).encode())


READS_ITSELF = {consumption_deliveries, upload, refuse_early, stop_reading}


def serve_connection(s):
    connection = Connection(s)
    with s:
        try:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                r = Request(connection, connection.line_end(b"\r\n\r\n"))
                does = count if r.words[0] == "count" else globals()[r.words[1].replace("-", "_")]
                if does not in READS_ITSELF:
                    r.body = b"".join(connection.pieces(r))
                if not does(r):
                    return
                connection.served += 1
        except (OSError, EOFError, ValueError, LookupError): # it went, or is no HTTP, or asks for what is not here
            pass


def listen(context=None):
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)

    def one(s):
        if context is not None:
            try:
                s = context.wrap_socket(s, server_side=True)
            except OSError:
                return
        serve_connection(s)

    def accept():
        while True:
            s, _ = listener.accept()
            threading.Thread(target=one, args=(s,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


# ---- certificates ----

def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_ca(folder):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "ca.key", "-out",
            folder / "ca.pem", "-subj", "/CN=test CA", "-days", 2)
    (folder / "index").write_text("")
    (folder / "ca.conf").write_text(f"""[ca]
default_ca = one
[one]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
""")


def certificate(folder, name, san, begin, end):
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / f"{name}.key", "-out",
            folder / f"{name}.csr", "-subj", f"/CN={name}", "-addext", f"subjectAltName={san}")
    openssl("ca", "-batch", "-config", folder / "ca.conf", "-cert", folder / "ca.pem", "-keyfile", folder / "ca.key", "-in",
            folder / f"{name}.csr", "-out", folder / f"{name}.pem", "-startdate", begin, "-enddate", end, "-notext")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


def main():
    with tempfile.TemporaryDirectory(prefix="misbehaving.") as name:
        folder = pathlib.Path(name)
        said = {"http": listen()}
        if "--tls" in sys.argv:
            make_ca(folder)
            year = time.gmtime().tm_year
            now, later = f"{year - 1}0101000000Z", f"{year + 1}1231000000Z"
            said["tls"] = listen(certificate(folder, "good", "IP:127.0.0.1,DNS:localhost", now, later))
            said["other"] = listen(certificate(folder, "other", "DNS:elsewhere.example", now, later))
            said["expired"] = listen(certificate(folder, "expired", "IP:127.0.0.1", f"{year - 2}0101000000Z", now))
            said["ca"] = str(folder / "ca.pem")
        with socket.create_server(("127.0.0.1", 0)) as unused:
            said["closed"] = unused.getsockname()[1]
        print(json.dumps(said), flush=True)
        sys.stdin.read()


main()
