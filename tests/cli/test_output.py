"""What is written where: pipes and terminals, colours, languages, widths, what the server could slip in, and exit codes.
SPDX-License-Identifier: MPL-2.0
"""
import contextlib
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import threading
import unicodedata

import pytest

from medkoord_api import ROOT, wait_until
from medkoord_cli import PROGRAM, Command

FIGURES = "month,hospital,atc,ddd\n" + "".join(
    f"20{y}-{m:02d},{h},{a},{n * (i + 1)}\n" for y in (19, 20) for m in range(1, 13)
    for i, (h, n) in enumerate([("AHH", 1200), ("AUH", 300), ("AUT", 200), ("OUH", 400), ("SJS", 500)]) for a in ("J01CA04", "J01DH02"))


@pytest.fixture(scope="module")
def figures(api, server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    (folder / "f.csv").write_text(FIGURES)
    result = Command(folder, f"http://127.0.0.1:{server.port}", api.token)("push", "f.csv", "--yes", "--status", "final")
    assert result.code == 0, result


WINDOW = ("--from-month", "2020-01", "--to-month", "2020-12")


class Slipped(http.server.BaseHTTPRequestHandler):
    """Answers every request with what the test says: a server that is not to be trusted."""

    def do_GET(self):
        status, kind, body = self.server.answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-Id", "r1")
        self.end_headers()
        self.wfile.write(body)
        self.server.seen.append(dict(self.headers))

    def log_message(self, *words):
        pass


@contextlib.contextmanager
def answering(status, body, kind="application/json"):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slipped)
    server.answer, server.seen = (status, kind, body if isinstance(body, bytes) else json.dumps(body).encode()), []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


REGION = {"slug": "nord", "name": "N", "code": None, "valid_from": "2007-01-01", "valid_to": None, "successor": None, "predecessors": [], "current": "nord"}
PROBLEM = {"type": "/x", "title": "T", "status": 0, "detail": "d", "instance": "/x", "code": "some_code", "request_id": "r1"}


# ---- exit codes ----

def test_exit_codes(medkoord, away):
    assert medkoord("regions", "list").code == 0
    assert medkoord("regions", "list", "--limit").code == 2
    refused = medkoord("hospitals", "get", "NOPE")
    assert refused.code == 3 and refused.out == "" and "not_found" in refused.err and "request " in refused.err
    assert medkoord("hospitals", "create", "--code", "X", "--name", "x", "--region", "nordjylland", who="reader").code == 3
    unreachable = away("regions", "list", "--timeout", "2")
    assert unreachable.code == 5 and unreachable.out == ""
    for status, code in ((500, 4), (503, 4), (404, 3), (429, 3)):
        with answering(status, {**PROBLEM, "status": status}, "application/problem+json") as server:
            result = away("regions", "get", "nord", "--timeout", "1", MEDKOORD_URL=server.url)
            assert result.code == code and "some_code" in result.err, (status, result)
            assert away("api", "GET", "/v1/regions", "--timeout", "1", MEDKOORD_URL=server.url).code == code
    for body in (b"no json", b'{"items": 1}', b'{"items": ['):
        with answering(200, body) as server:
            assert away("regions", "list", MEDKOORD_URL=server.url).code == 4, body


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
@pytest.mark.parametrize("body", [b"<html><body>It works!</body></html>\n", b"", b"[]", b'"a"'])
def test_any_other_web_server_is_a_failure(away, kind, body):
    config = away.folder / "config" / "medkoord" / "config"
    with answering(200, body, kind) as server:
        for words in (("regions", "get", "x"), ("regions", "get", "x", "--json"), ("regions", "get", "x", "--csv"), ("regions", "list", "--json"),
                      ("divergence",), ("divergence", "--json"), ("divergence", "J01CA04"), ("status",), ("login",)):
            result = away(*words, MEDKOORD_URL=server.url, input=b"a.b.c", who=None if words == ("login",) else "admin")
            assert result.code == 4 and (result.out == "" or words == ("status",)), (words, result)
            assert "yes" not in result.out and not config.exists()
        for words in (("divergence", "--csv"), ("divergence", "J01CA04", "--svg", "-"), ("service", "get-metrics")):
            result = away(*words, MEDKOORD_URL=server.url)
            assert result.code == 4 and result.out == "", (words, result)


def test_a_server_that_does_not_answer_is_network(away):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        assert away("regions", "list", "--timeout", "0.5", MEDKOORD_URL=f"http://127.0.0.1:{silent.getsockname()[1]}").code == 5


def test_cannot_write(medkoord):
    assert medkoord("regions", "list", "--output", "no/such/folder/x").code == 1
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, "regions", "list"], env=medkoord.environment(), stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1 and b"No space left" in done.stderr


# ---- pipes ----

def test_a_pipe_that_closes_ends_quietly(medkoord, figures):
    for words in (("consumption", "list", "--json", "--from-month", "2019-01", "--to-month", "2020-12"), ("--help",),
                  ("divergence", "--csv", *WINDOW), ("service", "get-contract", "--json"), ("completion", "bash")):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run([PROGRAM, *words], env=medkoord.environment(), stdout=writing, stderr=subprocess.PIPE)
        os.close(writing)
        assert (done.returncode, done.stderr) == (0, b"") or words[0] == "divergence", (words, done)
        assert done.returncode == 0 and b"rror" not in done.stderr


def test_output_is_written_whole_or_not_at_all(medkoord, tmp_path):
    (tmp_path / "out").write_text("before")
    assert medkoord("hospitals", "get", "NOPE", "--output", "out").code == 3
    assert (tmp_path / "out").read_text() == "before"
    assert medkoord("regions", "list", "--csv", "--output", "out").code == 0
    assert (tmp_path / "out").read_text() == medkoord("regions", "list", "--csv").out
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("out")) == ["out"]


def test_output_follows_a_link(medkoord, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder/there")
    nowhere = medkoord("regions", "list", "--csv", "--output", "link")
    assert nowhere.code == 1 and "cannot write link" in nowhere.err and (tmp_path / "link").is_symlink()
    (tmp_path / "folder" / "there").touch()
    assert medkoord("regions", "list", "--csv", "--output", "link").code == 0
    assert (tmp_path / "link").is_symlink() and (tmp_path / "folder" / "there").read_text().startswith("slug,")
    assert os.listdir(tmp_path / "folder") == ["there"]


# ---- colours and terminals ----

def test_colours_only_on_a_terminal_and_never_with_no_color(medkoord, figures):
    words = ("divergence", *WINDOW)
    assert "\x1b" not in medkoord(*words).out + medkoord(*words).err + medkoord("hospitals", "get", "NOPE").err
    with medkoord.terminal(*words) as t:
        assert t.wait() == 0 and "\x1b[" in t.text and "48;5;" in t.text
    for off in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        with medkoord.terminal(*words, **off) as t:
            assert t.wait() == 0 and "\x1b" not in t.text
    with medkoord.terminal(*words, NO_COLOR="") as t: # empty is as if it were not set: no-color.org
        assert t.wait() == 0 and "\x1b[" in t.text


def width(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_tables_end_where_the_terminal_ends(medkoord, api, columns):
    api.put("/v1/atc-codes/Z09XX01", {"name": "long " * 39, "name_source": "s" * 400})
    with medkoord.terminal("atc", "list", "--prefix", "Z09", columns=columns) as t:
        assert t.wait() == 0
        assert all(width(line) <= columns for line in t.plain.splitlines()) and "…" in t.plain
    assert "long " * 38 in medkoord("atc", "list", "--prefix", "Z09").out


def test_wide_characters_are_aligned(away):
    items = [{**REGION, "name": name} for name in ("abcd", "日本", "Å\u030as", "ééé")]
    with answering(200, {"items": items, "next": None}) as server:
        lines = away("regions", "list", MEDKOORD_URL=server.url).out.splitlines()
    assert {width(line[:line.index("2007-01-01")]) for line in lines[1:]} == {width(lines[0][:lines[0].index("valid_from")])}


def test_nothing_from_the_server_steers_a_terminal(away):
    evil = "a\x1b[31mb\x1b]0;t\x07c\u202ed\u0085e\x7ff\ng\th\u009bi\u200bj"
    items = {"items": [{**REGION, "name": evil, "slug": evil}], "next": None}
    unsafe = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202e]")
    with answering(200, items) as server:
        for words in (("regions", "list"), ("regions", "list", "--json"), ("regions", "list", "--csv"), ("api", "GET", "/v1/regions")):
            with away.terminal(*words, columns=300, NO_COLOR="1", MEDKOORD_URL=server.url) as t:
                assert t.wait() == 0 and not unsafe.search(t.text.replace("\r\n", "\n")), (words, t.text)
        table = away("regions", "list", MEDKOORD_URL=server.url).out
        assert not unsafe.search(table) and len(table.splitlines()) == 2
        assert json.loads(away("regions", "list", "--json", MEDKOORD_URL=server.url).out) == items # a pipe gets what was sent
    with answering(422, {**PROBLEM, "status": 422, "title": evil, "detail": evil, "code": "x", "errors": [{"pointer": evil, "code": "c", "detail": evil}] * 2},
                   "application/problem+json") as server:
        result = away("regions", "list", MEDKOORD_URL=server.url)
        assert result.code == 3 and not unsafe.search(result.err)
    raw = json.dumps(items, ensure_ascii=False).replace("\\u001b", "").encode()
    with answering(200, raw.replace(b"a[31m", b"a\xff\xfe")) as server: # no UTF-8
        assert away("regions", "list", MEDKOORD_URL=server.url).code in (0, 4)


def test_json_on_a_terminal_is_the_same_json(medkoord, api):
    with medkoord.terminal("hospitals", "get", "AUH", "--json", NO_COLOR="1") as t:
        assert t.wait() == 0 and json.loads(t.plain) == api.get("/v1/hospitals/AUH", "admin").json() and t.plain.count("\n") > 5


# ---- languages ----

@pytest.mark.parametrize("variables, danish", [
    ({"LC_ALL": "da_DK.UTF-8"}, True), ({"LC_ALL": "", "LC_MESSAGES": "da_DK"}, True), ({"LC_ALL": None, "LANG": "da"}, True),
    ({"LC_ALL": "C.UTF-8", "LANG": "da_DK.UTF-8"}, False), ({"LC_ALL": None, "LC_MESSAGES": "en_GB.UTF-8", "LANG": "da_DK.UTF-8"}, False),
    ({"LC_ALL": None}, False), ({"LC_ALL": "dak"}, False)])
def test_language_by_locale(medkoord, variables, danish):
    result = medkoord("hospitals", "list", "--regoin", "x", **variables)
    assert ("mente du --region?" in result.err) is danish and ("did you mean --region?" in result.err) is not danish
    problem = medkoord("consumption", "list", "--from-month", "2020-13", **variables)
    assert ("er ikke en måned" in problem.err) is danish and problem.code == 3
    assert ("Kommandoer:" in medkoord("--help", **variables).out) is danish


def test_every_text_is_in_both_languages():
    text = (ROOT / "libclient" / "cli" / "texts.def").read_text()
    entries = re.findall(r'^X\((\w+),\s*("(?:[^"\\]|\\.)*"),\s*("(?:[^"\\]|\\.)*")\)$', text, re.M)
    assert len(entries) == len(re.findall(r"^X\(", text, re.M)) > 100
    for name, english, danish in entries:
        assert re.findall(r"%\w+", english) == re.findall(r"%\w+", danish), name
        assert danish.strip('"'), name


def test_a_list_that_goes_round_ends(away):
    with answering(200, {"items": [REGION], "next": "/v1/regions?cursor=a"}) as server:
        for words in ((), ("--json",), ("--csv",)):
            result = away("regions", "list", *words, MEDKOORD_URL=server.url, timeout=20)
            assert result.code == 4 and "round in a circle" in result.err and len(server.seen) == 2
            server.seen.clear()


# ---- divergence ----

def test_divergence_and_the_group_of_that_name(medkoord, api, figures):
    overview = medkoord("divergence", *WINDOW)
    assert overview.code == 0 and overview.out.split()[:3] == ["ATC", "name", "max/min"] and "J01CA04" in overview.out
    assert "█" in overview.out and "DDD per 1,000" in overview.err and "highly specialised" in overview.err
    code = medkoord("divergence", "j01ca04", *WINDOW)
    assert code.code == 0 and code.out.splitlines()[1].startswith("nordjylland") and "months 2020-01 to 2020-12" in code.out
    query = {"from_month": "2020-01", "to_month": "2020-12"}
    assert json.loads(medkoord("divergence", *WINDOW, "--json").out) == api.get("/v1/divergence", "admin", query=query).json()
    assert medkoord("divergence", "--csv", *WINDOW).raw == api.get("/v1/divergence", "admin", query=query, headers={"Accept": "text/csv"}).body
    assert json.loads(medkoord("divergence", "get", *WINDOW, "--json").out) == json.loads(medkoord("divergence", *WINDOW, "--json").out)
    assert "J01CA04" in medkoord("divergence", "get-for-code", "J01CA04", *WINDOW).out
    assert "version" in medkoord("divergence", "list-measures").out
    sort = medkoord("divergence", "--sort", "-max_min_ratio", "--region-basis", "current", *WINDOW)
    assert sort.code == 0 and "J01CA04" in sort.out


def test_what_is_not_known_is_a_dash(away):
    region = {"region": "nord", "value": None, "rank": None, "ratio_to_rest": None, "excess_ddd": None}
    item = {"atc": "J01CA04", "name": "amoxicillin", "max_min_ratio": None, "regions": [{**region, "value": "1.5"}, {**region, "region": "syd"}]}
    head = {"regions": [{"region": "nord"}, {"region": "syd"}], "window": {"from_month": "2020-01", "to_month": "2020-12"}}
    with answering(200, {**head, "items": [item]}) as server:
        lines = away("divergence", MEDKOORD_URL=server.url).out.splitlines()
        assert lines[1].split() == ["J01CA04", "amoxicillin", "–", "█", "1.50", "–"] and lines[0].index("min") + 2 == lines[1].index("–")
        assert away("divergence", MEDKOORD_URL=server.url, LC_ALL="C").out.splitlines()[1].split()[2] == "-"
    with answering(200, {**head, "item": item}) as server:
        assert away("divergence", "J01CA04", MEDKOORD_URL=server.url).out.splitlines()[2].split() == ["syd", "–", "not", "reported", "–", "–"]


def test_small_rates_are_told_apart(away):
    values = ["0.000041234", "0", "0.0123456", "0.5", "12.3456", "1234.5", "-0.00234"]
    item = {"atc": "J01CA04", "name": "a", "max_min_ratio": "2", "regions": [{"region": f"r{i}", "value": v} for i, v in enumerate(values)]}
    with answering(200, {"regions": [{"region": f"r{i}"} for i in range(len(values))], "window": {}, "items": [item]}) as server:
        cells = away("divergence", "--heat", MEDKOORD_URL=server.url).out.splitlines()[1].split()
    assert cells[3:] == ["0.0000412", "0", "0.0123", "0.500", "12.35", "1234", "-0.00234"]


MONTHS = [f"20{y}-{m:02d}" for y in range(15, 21) for m in range(1, 13)]


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_one_code_on_a_narrow_terminal(away, columns):
    regions = [{"region": name, "value": str(v), "rank": i + 1, "ratio_to_rest": "1.5", "excess_ddd": "12345"}
               for i, (name, v) in enumerate([("hovedstaden", 1), ("syddanmark", 0.5)])]
    series = [{"region": r["region"], "months": [{"month": m, "value": "1" if m == MONTHS[-1] else "0.1"} for m in MONTHS]} for r in regions]
    answer = {"item": {"atc": "J01CA04", "name": "a", "max_min_ratio": "2", "regions": regions}, "series": {"regions": series},
              "window": {"from_month": MONTHS[0], "to_month": MONTHS[-1]}}
    with answering(200, answer) as server:
        with away.terminal("divergence", "J01CA04", "--bars", columns=columns, NO_COLOR="1", MEDKOORD_URL=server.url) as t:
            assert t.wait() == 0
    lines = [line.rstrip() for line in t.plain.splitlines()]
    assert all(width(line) <= columns for line in lines if line.startswith(("region", "hov", "syd"))), lines
    high, low = (next(line for line in lines if line.startswith(name)).count("█") for name in ("hov", "syd"))
    assert "columns do not fit" not in t.plain and ("…" not in t.plain or columns == 40)
    assert low == round(high / 2 + 0.01) and (high > 0 or columns == 40) # a bar says how much
    drawn = [line for line in lines if line.startswith("hov")][-1].split()[1]
    assert drawn[-1] == "█" and set(drawn[:-1]) == {"▁"} # the latest month is there
    left_out = len(MONTHS) - len(drawn)
    assert (f"{left_out} earlier months do not fit" in t.plain) is (left_out > 0) and (columns < 120) is (left_out > 0)
    assert f"months {MONTHS[left_out]} to 2020-12" in t.plain or columns == 40


def test_divergence_as_svg(medkoord, api, figures, tmp_path):
    assert medkoord("divergence", "J01CA04", *WINDOW, "--svg", "a.svg").code == 0
    query = {"from_month": "2020-01", "to_month": "2020-12"}
    assert (tmp_path / "a.svg").read_bytes() == api.get("/v1/divergence/J01CA04", "admin", query=query, headers={"Accept": "image/svg+xml"}).body
    assert medkoord("divergence", "J01CA04", *WINDOW, "--svg", "-").raw == (tmp_path / "a.svg").read_bytes()


def test_divergence_without_unicode_uses_ascii(medkoord, figures):
    result = medkoord("divergence", "J01CA04", *WINDOW, LC_ALL="C")
    assert result.code == 0 and "#####" in result.out and "█" not in result.out


# ---- status and api ----

def test_status(medkoord):
    result = medkoord("status")
    assert result.code == 0 and "test-admin" in result.out and "hovedstaden" in result.out
    facts = json.loads(medkoord("status", "--json").out)
    assert facts["subject"] == "test-admin" and facts["access"] == "yes" and facts["roles"] == "admin"
    none = json.loads(medkoord("status", "--json", who=None).out)
    assert none["token_from"] == "none"
    danish = medkoord("status", LC_ALL="da_DK.UTF-8").out
    assert re.search("^klar +ja", danish, re.M) and re.search("^adgang +ja", danish, re.M)
    assert json.loads(medkoord("status", "--json", LC_ALL="da_DK.UTF-8").out)["access"] == "yes" # for programs


def test_status_of_a_token_that_is_refused(medkoord):
    refused = medkoord("status", "--json", who=None, MEDKOORD_TOKEN="h.p.s")
    assert refused.code == 3 and json.loads(refused.out)["access"] == "invalid_token", refused
    assert re.search("^access +invalid_token$", medkoord("status", who=None, MEDKOORD_TOKEN="h.p.s").out, re.M)


def test_api_sends_anything(medkoord, api, tmp_path):
    assert medkoord("api", "get", "/v1/hospitals/AUH").raw == api.get("/v1/hospitals/AUH", "admin").body + b"\n"
    missing = medkoord("api", "GET", "/v1/nothing")
    assert missing.code == 3 and json.loads(missing.out)["code"] == "not_found"
    body = json.dumps({"code": "API", "name": "x", "region": "nordjylland"}).encode()
    made = medkoord("api", "POST", "/v1/hospitals", "--body-file", "-", "--header", "Idempotency-Key: api-1", "--include", input=body)
    assert made.code == 0 and "HTTP 201" in made.err and json.loads(made.out)["code"] == "API"
    assert medkoord("api", "POST", "/v1/hospitals", "--header", "no colon").code == 2
    head = medkoord("api", "HEAD", "/v1/hospitals/AUH")
    assert head.code == 0 and head.out == "" and "HTTP 200" in head.err and "ETag: " in head.err


def test_a_signal_takes_the_half_written_file_along(medkoord, tmp_path):
    body = b"x" * 100000
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as half:
        process = medkoord.start("service", "get-metrics", "--output", "out", MEDKOORD_URL=f"http://127.0.0.1:{half.getsockname()[1]}")
        half.settimeout(30)
        with contextlib.closing(half.accept()[0]) as connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 200000\r\n\r\n" + body)
            wait_until(lambda: [p for p in tmp_path.iterdir() if p.name.startswith("out.") and p.stat().st_size > 0], 30, "the half-written file")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("out")] == []


def test_one_token_and_one_file_from_standard_input_is_one_too_many(medkoord):
    for words in (("push", "-", "--yes"), ("consumption", "put-rows", "0b9f4f6e-6c0e-4f0a-9c55-6d0a3d2f7c11", "--body-file", "-")):
        result = medkoord(*words, "--token-file", "-", who=None, input=b"a.b.c")
        assert result.code == 2 and "standard input" in result.err
