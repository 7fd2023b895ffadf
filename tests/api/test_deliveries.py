"""Consumption deliveries from announcement to withdrawal, and what happens when something breaks in between.
SPDX-License-Identifier: MPL-2.0
"""
import base64
import concurrent.futures
import csv
import gzip
import hashlib
import io
import json
import random
import signal
import socket
import uuid

import pytest

from medkoord_api import Client, Server, key, wait_until

HEADER = "month,hospital,atc,article_number,product,packs,ddd,cost_ore"


@pytest.fixture(scope="module")
def hospitals(api):
    """Two hospitals of Nordjylland and one of Syddanmark."""
    for code, region in (("DN1", "nordjylland"), ("DN2", "nordjylland"), ("DS1", "syddanmark")):
        made = api.post("/v1/hospitals", {"code": code, "name": f"Hospital {code}", "region": region, "valid_from": "2010-01-01"}, headers=key())
        assert made.status == 201, made.text


@pytest.fixture
def source():
    """A source of one's own, so that tests do not see each other's figures."""
    return "t" + uuid.uuid4().hex[:12]


def announce(api, source, lines, coverage=(("nordjylland", "2016-01", "2016-03"),), status="final", sha256=None, **control):
    """Announces a delivery with the control totals of these rows."""
    totals = {"rows": len(lines), "ddd": round(sum(float(r[6]) for r in lines), 4), "cost_ore": sum(int(r[7] or 0) for r in lines), **control}
    body = {"source": source, "label": "Prøve", "status": status, "control": {k: v for k, v in totals.items() if v is not None},
            "coverage": [{"region": r, "from_month": a, "to_month": b} for r, a, b in coverage]}
    if sha256:
        body["sha256"] = sha256
    response = api.post("/v1/consumption-deliveries", body, "amgros", headers=key())
    assert response.status == 201, response.text
    assert response.header("Location") == "/v1/consumption-deliveries/" + response.json()["id"]
    return response.json()["id"]


def text(rows, header=HEADER):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return (header + "\n" + out.getvalue()).encode()


def upload(api, delivery, raw, media="text/csv", who="amgros", **headers):
    return api.call("PUT", f"/v1/consumption-deliveries/{delivery}/rows", who, raw=raw,
                    headers={"Content-Type": media, **{k.replace("_", "-"): v for k, v in headers.items()}})


def state(api, delivery):
    return api.get(f"/v1/consumption-deliveries/{delivery}", "amgros").json()["state"]


def ddd(api, source, **query):
    items = api.all("/v1/consumption", "auditor", {"source": source, "from_month": "2016-01", "to_month": "2016-03", "period": "year",
                                                  "by": "region", "level": 5, **query})
    return {(i["region"], i["atc"]): i["ddd"] for i in items}


ROWS = [("2016-01", "DN1", "J01CA04", "012345", "Amoxicillin", "10", "143.45", "129900"),
        ("2016-01", "DN1", "J01CA04", "012346", "Amoxicillin", "-1", "-14.345", "-12990"),
        ("2016-02", "DN2", "J01CA04", "", "Amoxicillin", "2", "20", "1000"),
        ("2016-03", "DN2", "J01", "", "Antibiotika", "1", "0.0001", "")]
SUM = 149.1051


# ---- accepted ----

def test_a_delivery_is_accepted_whole_and_tells_what_it_changed(api, hospitals, source):
    delivery = announce(api, source, ROWS)
    response = upload(api, delivery, text(ROWS))
    assert response.status == 200, response.text
    report = response.json()
    assert report["rows"] == 4 and report["ddd"] == SUM and report["cost_ore"] == 117910
    assert report["short_atc_codes"] == [{"atc": "J01", "rows": 1}]
    assert report["changes"] == {"region_months_new": 3, "region_months_replaced": 0, "ddd_before": 0, "ddd_after": SUM}
    got = api.get(f"/v1/consumption-deliveries/{delivery}", "reader").json()
    assert got["state"] == "accepted" and got["rows"] == 4 and got["content_sha256"] == hashlib.sha256(text(ROWS)).hexdigest()
    sums = ddd(api, source)
    assert sums[("nordjylland", "J01CA04")] == 149.105 and sums[("nordjylland", "J01")] == 0.0001
    assert api.get("/v1/atc-codes/J01CA04").status == 200


@pytest.mark.parametrize("form", ["gzip", "ndjson", "semicolons", "latin1", "other order", "crlf and quotes", "chunked"])
def test_the_same_rows_in_every_form(api, hospitals, source, form):
    delivery, raw, media, headers = announce(api, source, ROWS), text(ROWS), "text/csv", {}
    if form == "gzip":
        raw, headers = gzip.compress(raw), {"Content_Encoding": "gzip"}
    elif form == "ndjson":
        names = HEADER.split(",")
        lines = [{n: float(v) if n in ("packs", "ddd") else int(v) if n == "cost_ore" else v for n, v in zip(names, row) if v != ""} for row in ROWS]
        raw, media = "\n".join(json.dumps(line) for line in lines).encode(), "application/x-ndjson"
    elif form == "semicolons":
        raw = (HEADER.replace(",", ";") + "\r\n" + "\r\n".join(";".join(r[:6] + (r[6].replace(".", ","), r[7])) for r in ROWS) + "\r\n").encode()
    elif form == "latin1":
        rows = [r[:4] + ("Amoxicillin til børn",) + r[5:] for r in ROWS]
        raw, media = text(rows).decode().encode("iso-8859-1"), "text/csv; charset=iso-8859-1"
    elif form == "other order":
        order = [6, 2, 0, 1, 7, 5, 4, 3]
        raw = text([[r[i] for i in order] for r in ROWS], ",".join(HEADER.split(",")[i] for i in order))
    elif form == "crlf and quotes":
        raw = (HEADER + "\r\n" + "\r\n".join(",".join(f'"{v}"' for v in r) for r in ROWS)).encode()
    elif form == "chunked":
        whole = raw
        raw = iter([whole[i:i + 7] for i in range(0, len(whole), 7)])
        headers = {"Transfer_Encoding": "chunked"}
    response = upload(api, delivery, raw, media, **headers)
    assert response.status == 200, response.text
    assert response.json()["ddd"] == SUM and response.json()["cost_ore"] == 117910
    assert ddd(api, source)[("nordjylland", "J01CA04")] == 149.105


def test_digests_are_held(api, hospitals, source):
    raw = text(ROWS)
    good, bad = (f"sha-256=:{base64.b64encode(hashlib.sha256(b).digest()).decode()}:" for b in (raw, raw + b"x"))
    delivery = announce(api, source, ROWS, sha256=hashlib.sha256(raw).hexdigest())
    refused = upload(api, delivery, raw, Content_Digest=bad)
    assert refused.status == 422 and refused.json()["counts"] == {"digest_mismatch": 1}
    assert upload(api, delivery, raw, Content_Digest=good).status == 200
    other = announce(api, source, ROWS, sha256="0" * 64)
    assert upload(api, other, raw).json()["counts"] == {"digest_mismatch": 1}


def test_the_same_bytes_count_once_and_others_are_refused(api, hospitals, source):
    delivery = announce(api, source, ROWS)
    first = upload(api, delivery, text(ROWS))
    again = upload(api, delivery, gzip.compress(text(ROWS)), Content_Encoding="gzip")
    assert first.status == again.status == 200 and first.json() == again.json()
    other = upload(api, delivery, text(ROWS[:3]))
    assert (other.status, other.code) == (409, "delivery_finished")
    assert ddd(api, source)[("nordjylland", "J01CA04")] == 149.105


def test_a_dry_run_reports_everything_and_keeps_nothing(api, hospitals, source):
    delivery = announce(api, source, ROWS)
    dry = upload(api, delivery, text(ROWS), Prefer="tx=rollback")
    assert dry.status == 200 and dry.json()["ddd"] == SUM
    assert state(api, delivery) == "announced" and ddd(api, source) == {}
    bad = upload(api, delivery, text(ROWS[:2]), Prefer="tx=rollback")
    assert bad.status == 422 and state(api, delivery) == "announced"
    assert upload(api, delivery, text(ROWS)).status == 200


def test_everything_wrong_with_an_announcement_is_named_at_once(api):
    coverage = [("atlantis", "2016-01", "2016-02"), ("nordjylland", "2016-03", "2016-01"), ("oestdanmark", "2016-01", "2016-02"),
                ("nordjylland", "2016-01", "2016-02"), ("nordjylland", "2016-02", "2016-02"), ("nordjylland", "2016-01", "2999-01")]
    body = {"source": "amgros", "label": "x", "status": "final", "control": {"rows": 1, "ddd": 1},
            "coverage": [{"region": r, "from_month": a, "to_month": b} for r, a, b in coverage]}
    response = api.post("/v1/consumption-deliveries", body, "amgros")
    assert response.status == 422
    assert [(e["pointer"], e["code"]) for e in response.json()["errors"]] == [
        ("/coverage/0/region", "unknown_reference"), ("/coverage/1/to_month", "period_reversed"), ("/coverage/2/from_month", "region_not_in_force"),
        ("/coverage/4", "coverage_overlaps"), ("/coverage/5/to_month", "month_in_future")]


# ---- rejected ----

BAD = [("bad_month", ("2016-13", "DN1", "J01CA04", "", "", "1", "1", "")), ("bad_month", ("jan 2016", "DN1", "J01CA04", "", "", "1", "1", "")),
       ("outside_coverage", ("2016-04", "DN1", "J01CA04", "", "", "1", "1", "")), ("outside_coverage", ("2016-01", "DS1", "J01CA04", "", "", "1", "1", "")),
       ("unknown_hospital", ("2016-01", "XXX", "J01CA04", "", "", "1", "1", "")), ("bad_atc", ("2016-01", "DN1", "J01CA4", "", "", "1", "1", "")),
       ("bad_article_number", ("2016-01", "DN1", "J01CA04", "12345", "", "1", "1", "")), ("bad_number", ("2016-01", "DN1", "J01CA04", "", "", "1", "NaN", "")),
       ("bad_number", ("2016-01", "DN1", "J01CA04", "", "", "1", "1e3", "")), ("number_out_of_range", ("2016-01", "DN1", "J01CA04", "", "", "1", "9" * 30, "")),
       ("too_many_decimals", ("2016-01", "DN1", "J01CA04", "", "", "1", "1.00005", "")),
       ("cpr_number_not_allowed", ("2016-01", "DN1", "J01CA04", "", "til 010203-1234", "1", "1", ""))]


def test_every_bad_line_is_listed_with_its_line_column_and_reason(api, hospitals, source, cluster):
    rows = list(ROWS) + [row for _, row in BAD]
    delivery = announce(api, source, ROWS, rows=len(rows), ddd=1)
    response = upload(api, delivery, text(rows))
    assert (response.status, response.code) == (422, "delivery_rejected")
    listed = {(r["line"], r["code"]) for r in api.all(f"/v1/consumption-deliveries/{delivery}/rejections", "amgros")}
    for i, (code, _) in enumerate(BAD):
        assert (len(ROWS) + 2 + i, code) in listed, code
    assert response.json()["counts"]["bad_month"] == 2 and response.json()["rejected"] == sum(response.json()["counts"].values())
    assert state(api, delivery) == "rejected" and ddd(api, source) == {}
    exported = api.get(f"/v1/consumption-deliveries/{delivery}/rejections", "amgros", headers={"Accept": "text/csv"})
    lines = list(csv.DictReader(io.StringIO(exported.text)))
    assert exported.header("Content-Type").startswith("text/csv") and {(int(l["line"]), l["code"]) for l in lines if l["line"]} <= listed
    assert len(lines) == response.json()["rejected"]
    assert cluster.sql("SELECT count(*) FROM medkoord.consumption_row r JOIN medkoord.consumption_delivery d USING (delivery_no) "
                       f"WHERE d.id = '{delivery}'") == [["0"]]
    assert upload(api, delivery, text(ROWS)).status == 422, "the announced totals were for other rows"


def test_a_rejected_delivery_may_be_sent_again_corrected(api, hospitals, source):
    delivery = announce(api, source, ROWS)
    assert upload(api, delivery, text(ROWS[:3] + [BAD[4][1]])).status == 422
    assert upload(api, delivery, text(ROWS)).status == 200
    assert api.all(f"/v1/consumption-deliveries/{delivery}/rejections", "amgros") == []


def test_duplicate_keys_name_both_lines(api, hospitals, source):
    rows = list(ROWS) + [ROWS[2]]
    response = upload(api, announce(api, source, rows), text(rows))
    assert response.json()["counts"] == {"duplicate_key": 1}
    fault = response.json()["rejections"][0]
    assert fault["line"] == 6 and "4" in fault["detail"], fault


@pytest.mark.parametrize("control,code", [({"rows": 5}, "control_rows"), ({"ddd": 149.1052}, "control_ddd"), ({"cost_ore": 1}, "control_cost")])
def test_control_totals_are_held(api, hospitals, source, control, code):
    response = upload(api, announce(api, source, ROWS, **control), text(ROWS))
    assert response.status == 422 and response.json()["counts"] == {code: 1}


@pytest.mark.parametrize("raw,code", [
    (text(ROWS, HEADER.replace("ddd", "dddd")), "bad_column"), (text(ROWS, HEADER.replace("packs", "ddd")), "bad_column"), (b"\n", "bad_column"),
    (text(ROWS).replace(b"Amoxicillin", b"Amoxicillin\xff", 1), "not_utf8"), (text(ROWS) + b"2016-01,DN1\n", "bad_line"),
    (text(ROWS) + b"x" * 100_000 + b"\n", "line_too_long")])
def test_files_that_cannot_be_read(api, hospitals, source, raw, code):
    response = upload(api, announce(api, source, ROWS), raw)
    assert response.status == 422 and code in response.json()["counts"], response.text
    if code == "not_utf8":
        fault = [r for r in response.json()["rejections"] if r["code"] == code][0]
        assert str(raw.index(b"\xff")) in fault["detail"]


def test_cut_and_damaged_gzip(api, hospitals, source):
    whole = gzip.compress(text(ROWS))
    delivery = announce(api, source, ROWS)
    cut = upload(api, delivery, whole[:-9], Content_Encoding="gzip")
    assert cut.status == 422 and "cut_gzip" in cut.json()["counts"]
    damaged = upload(api, delivery, whole[:20] + b"\x00\xff\x00" + whole[23:], Content_Encoding="gzip")
    assert damaged.status == 422 and {"bad_gzip", "cut_gzip"} & set(damaged.json()["counts"])
    assert upload(api, delivery, whole, Content_Encoding="gzip").status == 200


def test_many_rejections_are_counted_all_and_listed_up_to_ten_thousand(api, hospitals, source):
    rows = [("2016-01", "DN1", "bad", "", "", "1", "1", "")] * 12_000
    delivery = announce(api, source, rows, cost_ore=None)
    response = upload(api, delivery, text(rows))
    assert response.json()["counts"] == {"bad_atc": 12_000} and len(response.json()["rejections"]) == 50
    listed = api.all(f"/v1/consumption-deliveries/{delivery}/rejections", "amgros", {"limit": 500})
    assert len(listed) == 10_000 and [r["line"] for r in listed] == list(range(2, 10_002))


# ---- superseding, withdrawing, comparing, status ----

def test_a_later_delivery_supersedes_and_withdrawing_brings_the_earlier_back(api, hospitals, source):
    first = announce(api, source, ROWS, status="provisional")
    assert upload(api, first, text(ROWS)).status == 200
    known_then = api.get(f"/v1/consumption-deliveries/{first}", "amgros").json()["accepted_at"]
    newer_rows = [("2016-01", "DN1", "J01CA04", "", "", "1", "500", "1")]
    second = announce(api, source, newer_rows, coverage=(("nordjylland", "2016-01", "2016-01"),))
    report = upload(api, second, text(newer_rows)).json()
    assert report["supersedes"] == [first]
    assert report["changes"] == {"region_months_new": 0, "region_months_replaced": 1, "ddd_before": 129.105, "ddd_after": 500}
    assert ddd(api, source)[("nordjylland", "J01CA04")] == 520
    assert ddd(api, source, as_of=known_then)[("nordjylland", "J01CA04")] == 149.105
    status = {(s["month"]): (s["state"], s["delivery"]) for s in
              api.all("/v1/data-status", "reader", {"source": source, "from_month": "2016-01", "to_month": "2016-04", "region": "nordjylland"})}
    assert status["2016-01"] == ("final", second) and status["2016-02"] == ("provisional", first) and status["2016-04"][0] == "late"
    changes = {(c["month"], c["atc"]): (c["ddd_before"], c["ddd_after"]) for c in
               api.all(f"/v1/consumption-deliveries/{second}/changes", "auditor", {"against": first})}
    assert changes[("2016-01", "J01CA04")] == (129.105, 500)
    superseded = api.get(f"/v1/consumption-deliveries/{first}", "amgros").json()["superseded_by"]
    assert superseded == [{"id": second, "region_months": 1}]
    path = f"/v1/consumption-deliveries/{second}/transitions"
    assert api.post(path, {"action": "withdraw", "reason": "forkert udtræk"}, "amgros").status in (200, 201)
    again = api.post(path, {"action": "withdraw", "reason": "igen"}, "amgros")
    assert again.status == 409
    assert ddd(api, source)[("nordjylland", "J01CA04")] == 149.105
    refused = upload(api, second, text(newer_rows))
    assert (refused.status, refused.code) == (409, "delivery_finished")


def test_a_withdrawn_delivery_is_no_longer_for_everyone(api, hospitals, source):
    delivery = announce(api, source, ROWS)
    upload(api, delivery, text(ROWS))
    assert api.get(f"/v1/consumption-deliveries/{delivery}", "reader").status == 200
    api.post(f"/v1/consumption-deliveries/{delivery}/transitions", {"action": "withdraw", "reason": "fejl"}, "amgros")
    assert api.get(f"/v1/consumption-deliveries/{delivery}", "reader").status == 404
    assert api.get(f"/v1/consumption-deliveries/{delivery}", "auditor").json()["withdrawn_reason"] == "fejl"


def test_cost_is_seen_by_those_who_may(api, hospitals, source):
    delivery = announce(api, source, ROWS)
    upload(api, delivery, text(ROWS))
    query = {"source": source, "from_month": "2016-01", "to_month": "2016-03", "period": "year", "by": "region", "level": 5}
    for who, seen in (("auditor", True), ("amgros", True), ("reader", False), ("region_coordinator:nordjylland", False)):
        costs = {i["cost_ore"] for i in api.all("/v1/consumption", who, query)}
        assert (costs - {None} != set()) == seen, who
        export = api.get("/v1/consumption", who, query=query, headers={"Accept": "text/csv"})
        assert ("117910" in export.text or "116910" in export.text) == seen, who
        assert (api.get(f"/v1/consumption-deliveries/{delivery}", who).json()["cost_ore"] is not None) == seen


def test_a_delivery_without_figures_is_compared_with_nothing(api, hospitals, source):
    first, second = announce(api, source, ROWS), announce(api, source, ROWS)
    upload(api, first, text(ROWS))
    refused = api.get(f"/v1/consumption-deliveries/{second}/changes", "auditor", query={"against": first})
    assert (refused.status, refused.code) == (409, "delivery_not_accepted")


def test_a_delivery_that_did_not_change_is_not_sent_again(api, hospitals, source):
    delivery = announce(api, source, ROWS)
    first = api.get(f"/v1/consumption-deliveries/{delivery}", "amgros")
    assert api.get(f"/v1/consumption-deliveries/{delivery}", "amgros", headers={"If-None-Match": first.etag}).status == 304
    upload(api, delivery, text(ROWS))
    assert api.get(f"/v1/consumption-deliveries/{delivery}", "amgros", headers={"If-None-Match": first.etag}).status == 200


# ---- two at once ----

def test_two_uploads_of_one_delivery_at_once_count_once(api, hospitals, source):
    delivery = announce(api, source, ROWS)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: upload(api, delivery, text(ROWS)), range(16)))
    assert {a.status for a in answers} <= {200, 409} and any(a.status == 200 for a in answers)
    assert all(a.code == "upload_in_progress" for a in answers if a.status == 409)
    assert ddd(api, source)[("nordjylland", "J01CA04")] == 149.105


def test_two_deliveries_for_the_same_months_at_once_leave_one_in_force(api, hospitals, source):
    ids = [announce(api, source, ROWS) for _ in range(6)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert {upload(api, i, text(ROWS)).status for i in ids} == {200} or list(pool.map(lambda i: upload(api, i, text(ROWS)).status, ids))
    assert ddd(api, source)[("nordjylland", "J01CA04")] == 149.105


# ---- what breaks in the middle ----

def big_rows(n, seed=1):
    draw = random.Random(seed)
    keys = set()
    while len(keys) < n:
        keys.add((f"2016-0{draw.randint(1, 3)}", draw.choice(("DN1", "DN2")), f"J01C{draw.choice('AEFGR')}{draw.randint(1, 99):02}", f"{draw.randint(0, 999999):06}"))
    return [(m, h, a, v, "Præparat", "1", f"{draw.randint(-50, 400) / 4}", str(draw.randint(1, 9999))) for m, h, a, v in sorted(keys)]


BIG = big_rows(60_000)
BIG_SUM = round(sum(float(r[6]) for r in BIG), 4)


def begin_upload(port, token, delivery, raw, share=0.6):
    """Sends the head and a part of the body, and leaves the connection open."""
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall((f"PUT /v1/consumption-deliveries/{delivery}/rows HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
               f"Content-Type: text/csv\r\nContent-Length: {len(raw)}\r\n\r\n").encode() + raw[:int(len(raw) * share)])
    return s


def rows_kept(cluster, delivery):
    """Rows of this delivery, wherever they might be."""
    return int(cluster.sql(f"SELECT count(*) FROM medkoord.consumption_row WHERE delivery_no = (SELECT delivery_no FROM medkoord.consumption_delivery WHERE id = '{delivery}')")[0][0])


def is_copying(cluster):
    return cluster.sql("SELECT 1 FROM pg_stat_progress_copy WHERE tuples_processed > 0")


def test_a_cut_connection_leaves_nothing_and_the_same_upload_succeeds(api, hospitals, source, cluster):
    delivery, raw = announce(api, source, BIG), text(BIG)
    for _ in range(3):
        s = begin_upload(api.server.port, api.token("amgros"), delivery, raw)
        wait_until(lambda: is_copying(cluster), what="the COPY")
        s.close()
        wait_until(lambda: not is_copying(cluster), what="the COPY's end")
        assert state(api, delivery) == "announced" and rows_kept(cluster, delivery) == 0
    response = wait_until(lambda: (lambda r: r if r.status != 409 else None)(upload(api, delivery, raw)))
    assert response.status == 200 and response.json()["ddd"] == BIG_SUM


def test_a_killed_server_leaves_nothing_and_the_same_upload_succeeds(cluster, keys, contract, api, hospitals, source):
    server = Server(cluster.url(), keys).start()
    own = Client(server, contract, keys)
    delivery, raw = announce(own, source, BIG), text(BIG)
    s = begin_upload(server.port, own.token("amgros"), delivery, raw)
    wait_until(lambda: is_copying(cluster), what="the COPY")
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    s.close()
    wait_until(lambda: not is_copying(cluster), what="the COPY's end")
    assert state(api, delivery) == "announced" and rows_kept(cluster, delivery) == 0
    server.start()
    assert upload(own, delivery, raw).status == 200
    assert ddd(own, source, level=1)[("nordjylland", "J")] == BIG_SUM
    assert server.remove() == 0


def test_a_restarted_database_leaves_nothing_and_the_same_upload_succeeds(own_cluster, keys, contract, source):
    server = Server(own_cluster.url(), keys).start()
    own = Client(server, contract, keys)
    for code in ("DN1", "DN2"):
        assert own.post("/v1/hospitals", {"code": code, "name": code, "region": "nordjylland", "valid_from": "2010-01-01"}, headers=key()).status == 201
    delivery, raw = announce(own, source, BIG), text(BIG)
    for mode in ([], ["--immediate"]):
        s = begin_upload(server.port, own.token("amgros"), delivery, raw)
        wait_until(lambda: is_copying(own_cluster), what="the COPY")
        own_cluster.call("restart", *mode)
        s.sendall(raw[int(len(raw) * 0.6):])
        answer = s.recv(65536)
        s.close()
        assert answer.startswith(b"HTTP/1.1 503") and b"Retry-After: " in answer, answer[:300]
        server.wait_ready()
        assert state(own, delivery) == "announced" and rows_kept(own_cluster, delivery) == 0
    assert upload(own, delivery, raw).status == 200
    assert ddd(own, source, level=1)[("nordjylland", "J")] == BIG_SUM
    assert server.remove() == 0


def test_an_upload_that_stalls_is_ended(cluster, keys, contract, hospitals, source):
    server = Server(cluster.url(), keys, stream_idle_ms=1000).start()
    own = Client(server, contract, keys)
    delivery, raw = announce(own, source, BIG), text(BIG)
    with begin_upload(server.port, own.token("amgros"), delivery, raw) as s:
        s.settimeout(20)
        try:
            while s.recv(65536):
                pass
        except ConnectionResetError:
            pass
    wait_until(lambda: not is_copying(cluster), what="the COPY's end")
    assert state(own, delivery) == "announced"
    assert upload(own, delivery, raw).status == 200
    assert server.remove() == 0


def test_memory_stays_bounded_in_a_large_upload(cluster, keys, contract, hospitals, source):
    """Sixty megabytes, refused and accepted, through a server that may grow by 32 MiB at most (sanitizers aside)."""
    server = Server(cluster.url(), keys, loops=1, **({})).start()
    server.environment.setdefault("ASAN_OPTIONS", "")
    own = Client(server, contract, keys)
    rows = [("2016-01", "DN1", "bad", "", "x" * 150, "1", "1", "")] * 300_000
    idle = server.memory_kib()
    response = upload(own, announce(own, source, rows, cost_ore=None), text(rows))
    assert response.status == 422 and response.json()["counts"] == {"bad_atc": 300_000}
    assert server.memory_kib("VmHWM") - idle < 32 * 1024
    assert server.remove() == 0


def test_csv_export_streams_and_is_harmless_in_a_spreadsheet(api, hospitals, source):
    rows = [("2016-01", "DN1", "J01CA04", "", "=1+1", "1", "1", "1")]
    delivery = announce(api, source, rows)
    assert upload(api, delivery, text(rows)).status == 200
    export = api.get("/v1/consumption", "auditor", query={"source": source, "from_month": "2016-01", "to_month": "2016-03", "period": "month",
                                                         "by": "hospital", "level": 5}, headers={"Accept": "text/csv"})
    lines = list(csv.DictReader(io.StringIO(export.text)))
    assert export.status == 200 and [l for l in lines if l["hospital"] == "DN1" and l["ddd"] == "1"]
