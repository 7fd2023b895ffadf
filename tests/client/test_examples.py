"""The examples of the client library, as users would build them, against a real server.
SPDX-License-Identifier: MPL-2.0
"""
import base64
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))
from medkoord_api import BUILD, Client, Cluster, Contract, Keys, Server  # noqa: E402


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    cluster = Cluster()
    try:
        keys = Keys(tmp_path_factory.mktemp("keys"))
        server = Server(cluster.url(), keys).start()
        yield Client(server, Contract(), keys)
        assert server.remove() == 0
    finally:
        cluster.remove()


def run(name, *words, given=None, **environment):
    done = subprocess.run([BUILD / "libclient" / "examples" / ("example_" + name), *words], input=given, timeout=60,
                          env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def place(api, who):
    return {"MEDKOORD_URL": f"http://127.0.0.1:{api.server.port}", "MEDKOORD_TOKEN": api.token(who)}


def test_regions(api):
    assert api.post("/v1/hospitals", {"code": "AUH", "name": "Aalborg Universitetshospital", "region": "nordjylland", "valid_from": "2015-01-01"},
                    headers={"Idempotency-Key": "h"}).status == 201
    code, out, err = run("regions", **place(api, "reader"))
    assert (code, err) == (0, "")
    assert "Region Nordjylland, from 2007-01-01\n  AUH Aalborg Universitetshospital\nRegion Midtjylland" in out


def test_regions_with_a_bad_token(api):
    code, out, err = run("regions", **{**place(api, "reader"), "MEDKOORD_TOKEN": "a.b.c"})
    assert (code, out) == (1, "")
    assert err.startswith("MK_ERR_REFUSED: ")


def test_push(api, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("month,hospital,atc,ddd\n2021-07,AUH,J01CA04,12.5\n")
    words = ["nordjylland", "2021-07", "1", "12.5", str(file)]
    code, out, err = run("push", *words, **place(api, "amgros"))
    assert (code, out) == (0, "accepted: 1 rows, 12.5 DDD\n"), err
    assert run("push", *words, **place(api, "amgros"))[:2] == (0, "accepted: 1 rows, 12.5 DDD\n")
    assert len(api.all("/v1/consumption-deliveries")) == 1 # the same announcement is the same delivery
    file.write_text("month,hospital,atc,ddd\n2021-07,AUX,J01CA04,12.5\n")
    code, out, err = run("push", "nordjylland", "2021-08", "1", "12.5", str(file), **place(api, "amgros"))
    assert (code, out) == (1, "")
    assert "  line/2/hospital: " in err and "  line/2/month: " in err


def test_push_that_is_refused_for_no_place_of_the_body(tmp_path):
    class Refusal(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            said = json.dumps({"code": "told", "title": "No", "errors": [{"code": "c", "detail": "not today"}]}).encode()
            self.send_response(422)
            for name, value in (("Content-Type", "application/problem+json"), ("Content-Length", len(said))):
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_):
            pass
    (tmp_path / "rows.csv").write_text("month\n")
    with http.server.HTTPServer(("127.0.0.1", 0), Refusal) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert run("push", "nordjylland", "2021-07", "1", "12.5", str(tmp_path / "rows.csv"),
                   MEDKOORD_URL=f"http://127.0.0.1:{server.server_port}", MEDKOORD_TOKEN="t") == \
            (1, "", "\nMK_ERR_REFUSED: No; not today\n  not today\n")


def test_webhook():
    secret, body = "whsec_" + base64.b64encode(b"a secret of 24 bytes ...").decode(), b'{"type":"case.created"}'
    stamp = str(int(time.time()))
    signature = "v1," + base64.b64encode(hmac.digest(b"a secret of 24 bytes ...", f"msg_1.{stamp}.".encode() + body, hashlib.sha256)).decode()
    assert run("webhook", "msg_1", stamp, signature, given=body, WEBHOOK_SECRET=secret) == (0, "verified\n", "")
    other = "whsec_" + base64.b64encode(b"another of 24 bytes .....").decode()
    assert run("webhook", "msg_1", stamp, signature, given=body, WEBHOOK_SECRET=other, WEBHOOK_OLD_SECRET=secret)[:2] == (0, "verified\n")
    assert run("webhook", "msg_1", stamp, signature, given=body + b" ", WEBHOOK_SECRET=secret)[0] == 1
    assert run("webhook", "msg_1", stamp, signature, given=b" " * (1 << 20), WEBHOOK_SECRET=secret)[0] == 2, "no half of a body"
    assert run("webhook", "msg_1", str(int(stamp) - 301), signature, given=body, WEBHOOK_SECRET=secret)[0] == 1
