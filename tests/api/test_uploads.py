"""Uploads of a delivery's rows (put_consumption_rows): accepted whole or rejected whole, whatever breaks in the middle.
SPDX-License-Identifier: MPL-2.0
"""
import base64
import concurrent.futures
import contextlib
import gzip
import hashlib
import http.client
import json
import signal
import socket
import time
import uuid

import pytest

from medkoord_api import Client, Server, key, wait_until

HEADER = "month,hospital,atc,article_number,product,packs,ddd,cost_ore\n"
GOOD = HEADER + "2021-06,AHH,J01AA02,012345,Doxycyclin,10,143.45,1000\n2021-06,AHH,J01,,,-1,-3.45,-100\n2021-07,RH,J01CA04,000001,,,0.0001,\n"
CONTROL = {"rows": 3, "ddd": 140.0001, "cost_ore": 900}


@pytest.fixture(scope="module")
def hospitals(api):
    make_hospitals(api)


def make_hospitals(api):
    for code in ("AHH", "RH"):
        made = api.post("/v1/hospitals", {"code": code, "name": code, "region": "hovedstaden", "valid_from": "2015-01-01"}, headers=key())
        assert made.status in (201, 409), made.text


def announce(api, control=None, source=None, **more):
    body = {"source": source or "t" + uuid.uuid4().hex[:20], "label": "a test", "status": "final",
            "coverage": [{"region": "hovedstaden", "from_month": "2021-06", "to_month": "2021-07"}], "control": control or CONTROL, **more}
    made = api.post("/v1/consumption-deliveries", body, "amgros", headers=key())
    assert made.status == 201, made.text
    return made.json()["id"]


def upload(api, delivery, content, media="text/csv", who="amgros", **headers):
    raw = content.encode() if isinstance(content, str) else content
    sent = {"Content-Type": media, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return api.call("PUT", f"/v1/consumption-deliveries/{delivery}/rows", who, raw=raw, headers=sent)


def state(api, delivery):
    return api.get(f"/v1/consumption-deliveries/{delivery}", "amgros").json()


def counts(response):
    assert response.status == 422, response.text
    return response.json()["counts"]


# ---- accepted ----

def test_accepted_with_what_it_changed(api, hospitals):
    delivery = announce(api)
    answer = upload(api, delivery, GOOD)
    assert answer.status == 200, answer.text
    report = answer.json()
    assert (report["id"], report["state"], report["rows"], report["cost_ore"]) == (delivery, "accepted", 3, 900)
    assert report["ddd"] == 140.0001
    assert report["short_atc_codes"] == [{"atc": "J01", "rows": 1}]
    assert report["changes"] == {"region_months_new": 2, "region_months_replaced": 0, "ddd_before": 0, "ddd_after": 140.0001}
    assert state(api, delivery)["content_sha256"] == hashlib.sha256(GOOD.encode()).hexdigest()


def ways():
    semicolons = GOOD.replace(",", ";").replace(".", ",")
    lines = [dict(zip(HEADER.strip().split(","), line.split(","))) for line in GOOD.splitlines()[1:]]
    for line in lines:
        for name in ("packs", "ddd", "cost_ore"):
            line[name] = json.loads(line[name]) if line[name] else None
    ndjson = "".join(json.dumps(line) + "\n" for line in lines)
    return {
        "bom and crlf": ("\ufeff" + GOOD.replace("\n", "\r\n"), "text/csv"),
        "semicolons": (semicolons, "text/csv; charset=utf-8; header=present"),
        "latin-1": (GOOD.replace("Doxycyclin", "Døgn").encode("iso-8859-1"), "text/csv; charset=ISO-8859-1"),
        "ndjson": (ndjson, "application/x-ndjson"),
        "no line feed at the end": (GOOD.rstrip("\n"), "text/csv"),
    }


@pytest.mark.parametrize("way", ways())
@pytest.mark.parametrize("zipped", [False, True])
def test_every_way_of_writing_it(api, hospitals, way, zipped):
    content, media = ways()[way]
    raw = content.encode() if isinstance(content, str) else content
    headers = {"Content_Encoding": "gzip"} if zipped else {}
    sent = gzip.compress(raw) if zipped else raw
    digest = base64.b64encode(hashlib.sha256(sent).digest()).decode()
    delivery = announce(api, sha256=hashlib.sha256(raw).hexdigest())
    answer = upload(api, delivery, sent, media, Content_Digest=f"sha-256=:{digest}:", **headers)
    assert answer.status == 200, answer.text
    assert answer.json()["rows"] == 3


def test_chunked(api, server, hospitals):
    delivery = announce(api)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    with contextlib.closing(connection):
        pieces = (GOOD[i:i + 7].encode() for i in range(0, len(GOOD), 7))
        connection.request("PUT", f"/v1/consumption-deliveries/{delivery}/rows", body=pieces, encode_chunked=True, headers={
            "Authorization": "Bearer " + api.token("amgros"), "Content-Type": "text/csv", "Transfer-Encoding": "chunked"})
        assert connection.getresponse().status == 200


def test_an_empty_delivery_is_one(api, hospitals):
    delivery = announce(api, {"rows": 0, "ddd": 0})
    assert upload(api, delivery, HEADER).status == 200


# ---- again ----

def test_the_same_bytes_count_once_and_others_are_refused(api, hospitals):
    source = "t" + uuid.uuid4().hex[:20]
    delivery = announce(api, source=source)
    first = upload(api, delivery, GOOD)
    again = upload(api, delivery, GOOD)
    zipped = upload(api, delivery, gzip.compress(GOOD.encode()), Content_Encoding="gzip")
    assert first.status == again.status == zipped.status == 200
    assert first.json() == again.json() == zipped.json()
    sums = api.get("/v1/consumption", "amgros", query={"source": source, "from_month": "2021-06", "to_month": "2021-07", "by": "month"})
    if sums.status == 200:
        assert sum(item["ddd"] for item in sums.json()["items"]) == pytest.approx(140.0001)
    other = upload(api, delivery, GOOD + "\n")
    assert (other.status, other.code) == (409, "delivery_finished")
    withdrawn = api.post(f"/v1/consumption-deliveries/{delivery}/transitions", {"action": "withdraw", "reason": "a test"}, "amgros",
                         headers={"If-Match": "*", **key()})
    assert withdrawn.status == 200, withdrawn.text
    refused = upload(api, delivery, GOOD)
    assert (refused.status, refused.code) == (409, "delivery_finished")


def test_a_rejected_delivery_may_be_corrected(api, hospitals):
    delivery = announce(api)
    assert counts(upload(api, delivery, GOOD.replace("AHH,J01,", "XXX,J01,"))) == {"unknown_hospital": 1}
    assert state(api, delivery)["state"] == "rejected"
    assert upload(api, delivery, GOOD).status == 200
    assert state(api, delivery)["state"] == "accepted"


def test_a_rejection_is_not_in_its_own_way(api, hospitals):
    """The transaction that loaded is over before the one that keeps the rejection begins, and before the answer."""
    delivery = announce(api)
    bad = [GOOD.replace("AHH,J01,", "XXX,J01,"), GOOD + "2021-06,AHH,J01,,,,1,\n", GOOD + "2021-07,AHH,J01,,,,1,\n"]
    for i in range(30):
        assert upload(api, delivery, bad[i % 3]).status == 422
        assert upload(api, delivery, bad[i % 3], Prefer="tx=rollback").status == 422
    assert upload(api, delivery, GOOD, Prefer="tx=rollback").status == 200
    assert upload(api, delivery, GOOD).status == 200
    assert upload(api, delivery, GOOD).status == 200


def test_a_rehearsal_keeps_nothing(api, hospitals):
    delivery = announce(api)
    good = upload(api, delivery, GOOD, Prefer="tx=rollback")
    assert good.status == 200 and good.header("Preference-Applied") == "tx=rollback"
    assert good.json()["rows"] == 3
    assert state(api, delivery)["state"] == "announced"
    bad = upload(api, delivery, "month\n", Prefer="tx=rollback")
    assert counts(bad) == {"bad_column": 3}
    assert "rejections_url" not in bad.json()
    assert state(api, delivery)["state"] == "announced"
    assert upload(api, delivery, GOOD).status == 200


# ---- rejected ----

BAD = HEADER + """2021-6,AHH,J01AA02,,,,1,
2021-08,AHH,J01AA02,,,,1,
2021-06,XXX,J01AA02,,,,1,
2021-06,AHH,J0,,,,1,
2021-06,AHH,J01AA02,12345,,,1,
2021-06,AHH,J01AA02,,010203-1234,,1,
2021-06,AHH,J01AA02,,,,"1,5",
2021-06,AHH,J01AA02,,,,99999999999,
2021-06,AHH,J01AA02,,,,1.00001,
2021-06,AHH,J01AA02,,,,,
2021-06,AHH,J01AA02,,,,1,
2021-06,AHH,J01AA02,,,,2,
2021-06,AHH,J01AA02,,,,1
"""


def test_all_that_is_wrong_is_told_and_kept(api, hospitals):
    delivery = announce(api, {**CONTROL, "rows": 14})
    answer = upload(api, delivery, BAD)
    expected = {"bad_month": 1, "outside_coverage": 1, "unknown_hospital": 1, "bad_atc": 1, "bad_article_number": 1,
                "cpr_number_not_allowed": 1, "bad_number": 1, "number_out_of_range": 1, "too_many_decimals": 1, "value_missing": 1,
                "duplicate_key": 1, "bad_line": 1, "control_rows": 1}
    assert counts(answer) == expected
    assert answer.json()["rejected"] == 13
    shown = answer.json()["rejections"]
    assert [r["line"] for r in shown] == [None, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14]
    assert "010203" not in answer.text
    kept = api.all(f"/v1/consumption-deliveries/{delivery}/rejections", "amgros")
    assert kept == shown
    now = state(api, delivery)
    assert now["state"] == "rejected" and now["rejected_by_code"] == expected
    exported = api.get(f"/v1/consumption-deliveries/{delivery}/rejections", "amgros", headers={"Accept": "text/csv"})
    assert exported.status == 200
    assert len(exported.text.splitlines()) == 14


def test_duplicates_that_only_the_database_meets_name_both_lines(api, hospitals):
    delivery = announce(api, {"rows": 63, "ddd": 200.0001})
    answer = upload(api, delivery, GOOD + "2021-06,AHH,J01,,,,1,\n" * 60)
    assert counts(answer)["duplicate_key"] == 60
    shown = answer.json()["rejections"]
    assert len(shown) == 50
    duplicates = [r for r in shown if r["code"] == "duplicate_key"]
    assert duplicates[0]["line"] == 5 and "line 3" in duplicates[0]["detail"]
    assert len(api.all(f"/v1/consumption-deliveries/{delivery}/rejections", "amgros", {"limit": 500})) == answer.json()["rejected"]


def test_what_is_wrong_with_the_file_as_a_whole(api, hospitals):
    digest = "sha-256=:" + base64.b64encode(hashlib.sha256(b"x").digest()).decode() + ":"
    zipped = gzip.compress(GOOD.encode())
    cases = [
        ({"digest_mismatch": 1}, GOOD, {"Content_Digest": digest}, {}),
        ({"digest_mismatch": 1}, GOOD, {}, {"sha256": "0" * 64}),
        ({"cut_gzip": 1}, zipped[:-9], {"Content_Encoding": "gzip"}, {}),
        ({"bad_gzip": 1}, zipped + b"tail", {"Content_Encoding": "gzip"}, {}),
        ({"bad_gzip": 1}, zipped, {}, {}),
        ({"not_utf8": 1}, GOOD.encode().replace(b"Doxy", b"D\xf8xy"), {}, {}),
        ({"control_ddd": 1}, GOOD, {}, {"control": {"rows": 3, "ddd": 140}}),
        ({"control_rows": 1}, GOOD, {}, {"control": {"rows": 4, "ddd": 140.0001}}),
        ({"control_cost": 1}, GOOD, {}, {"control": {"rows": 3, "ddd": 140.0001, "cost_ore": 901}}),
        ({"bad_column": 1}, GOOD.replace("packs", "pakninger"), {}, {}),
        ({"line_too_long": 1, "control_rows": 1}, GOOD + "x" * 20000 + "\n", {}, {}),
        ({"bad_line": 1, "control_rows": 1}, gzip.compress((GOOD + "x\n" * 100000).encode()), {"Content_Encoding": "gzip", "Content_Digest": digest}, {"sha256": "0" * 64}),
    ]
    for expected, content, headers, announced in cases:
        answer = upload(api, announce(api, **announced), content, **headers)
        assert counts(answer) == expected


def test_a_file_is_read_no_further_than_was_announced(api, server, cluster, hospitals):
    """The transaction ends and the delivery is free while the rest is still on its way; what was found so far is told."""
    delivery = announce(api, {"rows": 2, "ddd": 2})
    content = (HEADER + "2021-06,AHH,J0,,,,1,\n2021-06,RH,J01,,,,1,\n" + "2021-06,AHH,J01,,,,1,\n" * 100000).encode()
    s = start_upload(server, api, delivery, content[:4000], len(content))
    wait_until(lambda: state(api, delivery)["state"] == "rejected")
    assert state(api, delivery)["rejected_by_code"] == {"bad_atc": 1, "control_rows": 1} and not is_copying(cluster)
    s.sendall(content[4000:])
    answer = rest_of(s)
    assert b" 422 " in answer and b"2 rows were announced, the file has more: nothing after line 4 was read" in answer
    danish = upload(api, announce(api, {"rows": 2, "ddd": 2}), content, Accept_Language="da", Prefer="tx=rollback")
    assert counts(danish) == {"bad_atc": 1, "control_rows": 1}
    assert danish.json()["rejections"][0]["detail"] == "der er anmeldt 2 linjer, filen har flere: intet efter linje 4 er læst"
    assert state(api, delivery)["content_sha256"] is None, "of a part a digest says nothing"


def test_twelve_thousand_faults_are_counted_and_ten_thousand_kept(api, hospitals):
    delivery = announce(api, {"rows": 12001, "ddd": 1})
    answer = upload(api, delivery, HEADER + "2021-06,AHH,J0,,,,1,\n" * 12000)
    assert counts(answer) == {"bad_atc": 12000, "control_rows": 1}
    exported = api.get(f"/v1/consumption-deliveries/{delivery}/rejections", "amgros", headers={"Accept": "text/csv"})
    assert len(exported.text.splitlines()) == 10001


def test_a_rehearsal_tells_ten_thousand_faults_at_once(api, hospitals):
    delivery = announce(api, {"rows": 12001, "ddd": 1})
    answer = upload(api, delivery, HEADER + "2021-06,AHH,J0,,,,1,\n" * 12000, Prefer="tx=rollback")
    assert counts(answer) == {"bad_atc": 12000, "control_rows": 1} and answer.json()["rejected"] == 12001
    shown = answer.json()["rejections"]
    assert len(shown) == 10000 and [r["position"] for r in shown] == list(range(1, 10001))
    assert (shown[0]["code"], shown[0]["line"], shown[-1]["line"]) == ("control_rows", None, 10000)
    kept = upload(api, delivery, HEADER + "2021-06,AHH,J0,,,,1,\n" * 12000)
    assert len(kept.json()["rejections"]) == 50


def test_a_rehearsal_tells_all_duplicates_that_only_the_database_meets(api, hospitals):
    rows = HEADER + "2021-06,AHH,J01AA02,,,,1,\n" * 200
    answer = upload(api, announce(api, {"rows": 200, "ddd": 200}), rows, Prefer="tx=rollback")
    assert counts(answer) == {"duplicate_key": 199} and len(answer.json()["rejections"]) == 199
    assert {r["column"] for r in answer.json()["rejections"]} == {None}


def test_one_fault_is_one(api, hospitals):
    one = upload(api, announce(api), GOOD.replace("AHH,J01,", "XXX,J01,"))
    assert one.json()["detail"] == "the file has 1 fault; none of its rows counts"
    two = upload(api, announce(api), GOOD.replace("AHH,J01", "XXX,J01"))
    assert two.json()["detail"] == "the file has 2 faults; none of its rows counts"


def test_duplicates_name_no_column_that_the_file_may_not_have(api, hospitals):
    file = "month,hospital,atc,ddd\n2021-06,AHH,J01,1\n2021-06,AHH,J01,1\n"
    for content in (file, file + "2021-06,XXX,J01,1\n"):  # found by the database, and by the search when something else is wrong
        answer = upload(api, announce(api, {"rows": content.count("\n") - 1, "ddd": 2}), content)
        duplicates = [r for r in answer.json()["rejections"] if r["code"] == "duplicate_key"]
        assert [(r["line"], r["column"]) for r in duplicates] == [(3, None)]


def test_column_names_in_any_case(api, hospitals):
    written = GOOD.replace(HEADER, "Month,HOSPITAL,ATC,Article_Number,Product,Packs,DDD,Cost_Ore\n")
    assert upload(api, announce(api), written).status == 200
    twice = upload(api, announce(api), GOOD.replace("month,hospital", "month,MONTH", 1))
    assert counts(twice) == {"bad_column": 2}


def test_the_entity_tag_is_the_deliverys_alone(api, hospitals):
    delivery = announce(api)
    made = api.get(f"/v1/consumption-deliveries/{delivery}", "amgros").etag
    assert upload(api, delivery, GOOD.replace("AHH,J01,", "XXX,J01,")).header("ETag") is None
    for answer in (upload(api, delivery, GOOD, Prefer="tx=rollback"), upload(api, delivery, GOOD), upload(api, delivery, GOOD)):
        assert answer.status == 200 and answer.header("ETag") is None, "the report is not the delivery"
    accepted = api.get(f"/v1/consumption-deliveries/{delivery}", "amgros").etag
    assert accepted and accepted != made
    withdrawn = api.post(f"/v1/consumption-deliveries/{delivery}/transitions", {"action": "withdraw", "reason": "a test"}, "amgros", headers=key())
    assert withdrawn.etag == api.get(f"/v1/consumption-deliveries/{delivery}", "amgros").etag


def test_the_tag_of_an_announcement_is_that_of_the_delivery(api, hospitals):
    body = {"source": "t" + uuid.uuid4().hex[:20], "label": "a test", "status": "final", "control": CONTROL,
            "coverage": [{"region": "hovedstaden", "from_month": "2021-06", "to_month": "2021-07"}]}
    made = api.post("/v1/consumption-deliveries", body, "amgros", headers=key())
    assert made.etag == api.get(made.header("Location"), "amgros").etag


def test_danish(api, hospitals):
    answer = upload(api, announce(api), "month\n", Accept_Language="da")
    assert answer.json()["title"] == "Linjerne er afvist" and "fejl" in answer.json()["detail"]
    assert [r["detail"] for r in answer.json()["rejections"]] == ["kolonnen mangler"] * 3


def test_details_are_danish_in_the_answer_and_english_where_kept(api, hospitals):
    delivery = announce(api, {**CONTROL, "rows": 14})
    shown = upload(api, delivery, BAD, Accept_Language="da").json()["rejections"]
    kept = api.all(f"/v1/consumption-deliveries/{delivery}/rejections", "amgros", {"limit": 100})
    assert [{**r, "detail": None} for r in shown] == [{**r, "detail": None} for r in kept]
    assert all(a["detail"] != b["detail"] for a, b in zip(shown, kept))
    assert shown[0]["detail"] == "der er anmeldt 14 linjer, filen har 13" and kept[0]["detail"] == "14 rows were announced, the file has 13"
    delivery = announce(api, {"rows": 4, "ddd": 141.0001})
    twice = GOOD + "2021-06,AHH,J01,,,,1,\n"  # only the database finds it
    told = [r["detail"] for r in upload(api, delivery, twice, Accept_Language="da").json()["rejections"] if r["code"] == "duplicate_key"]
    assert told == ["samme måned, hospital, ATC-kode og varenummer står i linje 3"]
    kept = [r["detail"] for r in api.all(f"/v1/consumption-deliveries/{delivery}/rejections", "amgros") if r["code"] == "duplicate_key"]
    assert kept == ["the same month, hospital, ATC code and article number stand in line 3"]


# ---- refused ----

def test_refused_before_it_is_read(api, hospitals):
    assert upload(api, uuid.uuid4(), GOOD).status == 404
    assert upload(api, "x", GOOD).status == 400
    delivery = announce(api)
    assert upload(api, delivery, GOOD, who=None).status == 401
    assert upload(api, delivery, GOOD, who="reader").status == 403
    assert upload(api, delivery, GOOD, "text/plain").status == 415
    assert upload(api, delivery, GOOD, "text/csv; charset=utf-16").status == 415
    assert upload(api, delivery, GOOD, Content_Encoding="br").status == 415
    assert upload(api, delivery, GOOD, Content_Digest="sha-256=x").status == 400
    assert upload(api, delivery, "").status == 400
    assert state(api, delivery)["state"] == "announced"


def start_upload(server, api, delivery, sent, length):
    """A connection on which part of an upload has been sent."""
    s = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    head = (f"PUT /v1/consumption-deliveries/{delivery}/rows HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token('amgros')}\r\n"
            f"Content-Type: text/csv\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
    s.sendall(head.encode() + sent)
    return s


def rest_of(s):
    answer = b""
    with contextlib.suppress(OSError):
        while part := s.recv(65536):
            answer += part
    return answer


def is_copying(cluster):
    return cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY consumption_row_%' AND state = 'active'") != [["0"]]


def test_two_at_a_time(api, server, cluster, hospitals):
    delivery = announce(api)
    first = start_upload(server, api, delivery, GOOD[:80].encode(), len(GOOD))
    wait_until(lambda: is_copying(cluster))
    second = upload(api, delivery, GOOD)
    assert (second.status, second.code) == (409, "upload_in_progress")
    first.sendall(GOOD[80:].encode())
    first.shutdown(socket.SHUT_WR)
    assert b"200 OK" in rest_of(first)


# ---- broken ----

def lines(n):
    body = "".join(f"2021-0{6 + i % 2},{('AHH', 'RH')[i // 2 % 2]},J01AA{i // 4 % 100:02d},{i // 400:06d},,,1,\n" for i in range(n))
    return (HEADER + body).encode()


@pytest.fixture
def own_server(own_cluster, keys):
    made = Server(own_cluster.url(), keys, loops=1, stream_idle_ms=3000).start()
    yield made
    made.remove()


@pytest.fixture
def own_api(own_server, contract, keys):
    client = Client(own_server, contract, keys)
    make_hospitals(client)
    return client


def nothing_counted(cluster):
    return cluster.sql("SELECT (SELECT count(*) FROM medkoord.consumption_row), (SELECT count(*) FROM medkoord.consumption_month), "
                       "(SELECT count(*) FROM pg_class WHERE relname ~ '^consumption_row_[0-9]+$')") == [["0", "0", "0"]]


def test_a_cut_connection_leaves_nothing(own_api, own_server, own_cluster):
    content = lines(20000)
    delivery = announce(own_api, {"rows": 20000, "ddd": 20000})
    for cut in (30, 70000, len(content) // 2, len(content) - 1):
        s = start_upload(own_server, own_api, delivery, content[:cut], len(content))
        wait_until(lambda: is_copying(own_cluster))
        s.close()
        wait_until(lambda: not is_copying(own_cluster))
        wait_until(lambda: nothing_counted(own_cluster))
    answer = upload(own_api, delivery, content)
    assert answer.status == 200, answer.text
    assert own_cluster.sql("SELECT count(*) FROM medkoord.consumption_row") == [["20000"]]


def test_a_killed_server_leaves_nothing(own_api, own_server, own_cluster):
    content = lines(50000)
    delivery = announce(own_api, {"rows": 50000, "ddd": 50000})
    s = start_upload(own_server, own_api, delivery, content[:len(content) // 2], len(content))
    wait_until(lambda: is_copying(own_cluster))
    own_server.stop(signal.SIGKILL)
    assert rest_of(s) == b""
    wait_until(lambda: nothing_counted(own_cluster) and not is_copying(own_cluster))
    own_server.start()
    assert state(own_api, delivery)["state"] == "announced"
    assert upload(own_api, delivery, content).status == 200


def test_a_server_killed_while_the_set_is_checked_leaves_no_lock(own_api, own_server, own_cluster):
    """The statement that checks would run to its end, holding the delivery; PostgreSQL looks for its client every 2 s."""
    delivery = announce(own_api)
    own_cluster.sql("""CREATE FUNCTION medkoord.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(120); RETURN NULL; END';
        CREATE TRIGGER slow AFTER UPDATE ON medkoord.consumption_delivery FOR EACH ROW EXECUTE FUNCTION medkoord.slow()""")
    s = start_upload(own_server, own_api, delivery, GOOD.encode(), len(GOOD))
    wait_until(lambda: own_cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == [["1"]])
    own_server.stop(signal.SIGKILL)
    s.close()
    wait_until(lambda: own_cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == [["0"]])
    own_cluster.sql("DROP FUNCTION medkoord.slow() CASCADE")
    own_server.start()
    assert upload(own_api, delivery, GOOD).status == 200


def test_a_server_told_to_stop_finishes_an_upload(own_api, own_server, own_cluster):
    content = lines(50000)
    delivery = announce(own_api, {"rows": 50000, "ddd": 50000})
    s = start_upload(own_server, own_api, delivery, content[:len(content) // 2], len(content))
    wait_until(lambda: is_copying(own_cluster))
    own_server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: own_server.get_status("/healthz") == 0, what="the closed listener")
    s.sendall(content[len(content) // 2:])
    assert b"200 OK" in rest_of(s)
    assert own_server.process.wait(20) == 0
    assert own_cluster.sql("SELECT count(*) FROM medkoord.consumption_row") == [["50000"]]


def test_a_server_told_to_stop_does_not_wait_for_ever(own_api, own_cluster, keys, contract):
    server = Server(own_cluster.url(), keys, loops=2, stop_deadline_ms=500).start()
    api = Client(server, contract, keys)
    delivery = announce(own_api)
    open_ones = [start_upload(server, api, announce(own_api), GOOD[:80].encode(), len(GOOD)) for _ in range(6)]
    wait_until(lambda: is_copying(own_cluster))
    assert server.remove() == 0
    for s in open_ones:
        assert b"200 OK" not in rest_of(s)
    wait_until(lambda: nothing_counted(own_cluster))
    assert upload(own_api, delivery, GOOD).status == 200


@pytest.mark.parametrize("how", [[], ["--immediate"]])
def test_a_restarted_database_leaves_nothing(own_api, own_server, own_cluster, how):
    content = lines(50000)
    delivery = announce(own_api, {"rows": 50000, "ddd": 50000})
    s = start_upload(own_server, own_api, delivery, content[:len(content) // 2], len(content))
    wait_until(lambda: is_copying(own_cluster))
    own_cluster.call("restart", *how)
    s.sendall(content[len(content) // 2:])
    s.shutdown(socket.SHUT_WR)
    answer = rest_of(s)
    assert b" 503 " in answer and b"database_unavailable" in answer and b"Retry-After" in answer
    own_server.wait_ready()
    assert nothing_counted(own_cluster)
    assert upload(own_api, delivery, content).status == 200


def test_an_upload_that_stands_still_is_ended(own_api, own_server, own_cluster):
    delivery = announce(own_api)
    s = start_upload(own_server, own_api, delivery, GOOD[:80].encode(), len(GOOD))
    wait_until(lambda: is_copying(own_cluster))
    begun = time.monotonic()
    assert rest_of(s) == b""
    assert time.monotonic() - begun < 6
    wait_until(lambda: nothing_counted(own_cluster))


def test_an_upload_that_drips_is_ended(own_api, own_server, own_cluster):
    delivery = announce(own_api)
    s = start_upload(own_server, own_api, delivery, GOOD[:10].encode(), len(GOOD))
    begun = time.monotonic()
    with pytest.raises(OSError):
        for i in range(10, len(GOOD)):
            s.sendall(GOOD[i:i + 1].encode())
            time.sleep(0.2)
    assert time.monotonic() - begun < 20
    wait_until(lambda: nothing_counted(own_cluster))


def test_a_killed_backend_is_a_problem_not_a_hang(own_api, own_server, own_cluster):
    content = lines(50000)
    delivery = announce(own_api, {"rows": 50000, "ddd": 50000})
    s = start_upload(own_server, own_api, delivery, content[:300000], len(content))
    wait_until(lambda: is_copying(own_cluster))
    own_cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY %'")
    s.sendall(content[300000:])
    s.shutdown(socket.SHUT_WR)
    assert b" 503 " in rest_of(s)
    assert upload(own_api, delivery, content).status == 200


def test_a_connection_lost_at_commit_is_looked_into(own_api, own_server, own_cluster):
    """A deferred trigger holds COMMIT up long enough to kill its backend: before that nothing is committed."""
    delivery = announce(own_api)
    own_cluster.sql("""CREATE FUNCTION medkoord.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(2); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON medkoord.consumption_delivery DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION medkoord.slow()""")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answer = pool.submit(upload, own_api, delivery, GOOD)
        wait_until(lambda: own_cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active'") == [["1"]])
        own_cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active'")
        answer = answer.result()
    assert (answer.status, answer.code) == (503, "database_unavailable")
    own_cluster.sql("DROP FUNCTION medkoord.slow() CASCADE")
    assert upload(own_api, delivery, GOOD).status == 200


def test_a_commit_whose_answer_was_lost_is_found(own_api, own_server, own_cluster):
    """COMMIT that waits for a standby that never comes is committed already; ending its backend hides that from the server."""
    delivery = announce(own_api)
    for setting in ("wal_level = replica", "max_wal_senders = 1", "synchronous_commit = on", "synchronous_standby_names = 'nobody'"):
        own_cluster.sql("ALTER SYSTEM SET " + setting)
    own_cluster.call("restart")
    own_server.wait_ready()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answer = pool.submit(upload, own_api, delivery, GOOD)
        wait_until(lambda: own_cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event = 'SyncRep'") == [["1"]])
        own_cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'COMMIT'")
        answer = answer.result()
    own_cluster.sql("ALTER SYSTEM RESET synchronous_standby_names")
    own_cluster.sql("SELECT pg_reload_conf()")
    assert answer.status == 200, answer.text
    assert answer.json()["rows"] == 3
    assert own_server.events("connection of an upload or export lost")
    assert state(own_api, delivery)["state"] == "accepted"


def test_more_uploads_than_connections_wait_for_each_other(own_api, own_server):
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        deliveries = [announce(own_api) for _ in range(12)]
        answers = list(pool.map(lambda d: upload(own_api, d, GOOD), deliveries))
    assert [a.status for a in answers] == [200] * 12


# ---- large ----

def test_memory_does_not_grow_with_the_file(own_api, own_server, own_cluster):
    content = lines(400000)
    delivery = announce(own_api, {"rows": 400000, "ddd": 400000})
    idle = own_server.memory_kib()
    answer = upload(own_api, delivery, gzip.compress(content, 1), Content_Encoding="gzip")
    assert answer.status == 200, answer.text
    assert own_server.memory_kib("VmHWM") - idle < 32 * 1024
    assert own_cluster.sql("SELECT count(*), sum(ddd_e4) FROM medkoord.consumption_row") == [["400000", "4000000000"]]


def test_other_requests_go_on_meanwhile(own_api, own_server):
    content = lines(200000)
    delivery = announce(own_api, {"rows": 200000, "ddd": 200000})
    slowest = 0
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answer = pool.submit(upload, own_api, delivery, gzip.compress(content, 9), Content_Encoding="gzip")
        while not answer.done():
            begun = time.monotonic()
            assert own_api.get("/v1/regions", hold=False).status == 200
            slowest = max(slowest, time.monotonic() - begun)
    assert answer.result().status == 200
    assert slowest < 1


def test_an_export_that_stands_still_is_cut_by_a_stop(own_api, own_cluster, keys, contract):
    """The database falls silent in the midst of the rows: what was sent stays open-ended, so that nobody takes it for the whole."""
    delivery = announce(own_api, {"rows": 10000, "ddd": 1})
    assert upload(own_api, delivery, HEADER + "2021-06,AHH,J0,,,,1,\n" * 10000).status == 422
    own_cluster.sql("""CREATE POLICY slow ON medkoord.consumption_rejection AS RESTRICTIVE
        USING (CASE WHEN position = 5000 THEN pg_sleep(60)::text IS NOT NULL ELSE true END)""")
    for way in ("sort", "bitmapscan", "seqscan"): # along the index, so that rows come before all are read
        own_cluster.sql(f"ALTER SYSTEM SET enable_{way} = off")
    own_cluster.sql("SELECT pg_reload_conf()")
    server = Server(own_cluster.url(), keys, loops=1, stop_deadline_ms=1000).start()
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as s:
            s.sendall(f"GET /v1/consumption-deliveries/{delivery}/rejections HTTP/1.1\r\nHost: x\r\nAccept: text/csv\r\n"
                      f"Authorization: Bearer {own_api.token('amgros')}\r\n\r\n".encode())
            got = s.recv(65536)
            while got.count(b"\n") < 1000:
                got += s.recv(65536)
            server.process.send_signal(signal.SIGTERM)
            got += rest_of(s)
        assert server.process.wait(20) == 0
        assert got.startswith(b"HTTP/1.1 200") and not got.endswith(b"\r\n0\r\n\r\n") and got.count(b"\n") < 10000
    finally:
        assert server.remove() == 0


def test_an_export_is_streamed_and_its_client_may_go(own_api, own_server, own_cluster):
    """A client that takes the head of a long export and leaves frees the connection; the next one gets it all."""
    delivery = announce(own_api, {"rows": 10000, "ddd": 1})
    assert upload(own_api, delivery, HEADER + "2021-06,AHH,J0,,,,1,\n" * 10000).status == 422
    path = f"/v1/consumption-deliveries/{delivery}/rejections"
    for _ in range(5):
        s = socket.create_connection(("127.0.0.1", own_server.port), timeout=30)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/csv\r\nAuthorization: Bearer {own_api.token('amgros')}\r\n\r\n".encode())
        assert s.recv(12) == b"HTTP/1.1 200"
        s.close()
    exported = own_api.get(path, "amgros", headers={"Accept": "text/csv"})
    assert exported.status == 200 and len(exported.text.splitlines()) == 10001
    assert exported.text.splitlines()[0].startswith("position,line,column,code")


# ---- readers that take nothing ----

def start_export(server, token, path, room=2048):
    """A reader who takes the first bytes and then nothing, with as little room for more as can be had."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    s.settimeout(30)
    s.connect(("127.0.0.1", server.port))
    s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/csv\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    return s


def exports(cluster):
    return int(cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%consumption_rejection%' AND state <> 'idle' AND pid <> pg_backend_pid()")[0][0])


@pytest.fixture
def refused(own_api, own_cluster):
    """The path of ten thousand rejections, 20 MB, which no socket has room for."""
    delivery = announce(own_api, {"rows": 10000, "ddd": 1})
    assert upload(own_api, delivery, HEADER + "2021-06,AHH,J0,,,,1,\n" * 10000).status == 422
    own_cluster.sql("UPDATE medkoord.consumption_rejection SET detail = repeat('x', 2000)")
    return f"/v1/consumption-deliveries/{delivery}/rejections"


def test_one_who_does_not_read_holds_up_nobody_else(own_api, own_server, own_cluster, keys, refused):
    idle = [start_export(own_server, keys.token("auditor", subject="idle"), refused) for _ in range(8)]
    wait_until(lambda: exports(own_cluster) == 1)
    begun = time.monotonic()
    exported = own_api.get(refused, keys.token("auditor", subject="other"), headers={"Accept": "text/csv"})
    assert exported.status == 200 and len(exported.text.splitlines()) == 10001
    assert upload(own_api, announce(own_api), GOOD).status == 200
    assert time.monotonic() - begun < 5
    assert exports(own_cluster) == 1, "of one subject, one at a time"
    for s in idle:
        s.close()


def test_who_does_not_read_is_cut_before_others_have_waited_too_long(own_api, own_server, own_cluster, keys, refused):
    """Two subjects hold both connections, and have more waiting: uploads are not concerned, and a third is next."""
    idle = []
    for i in range(8):
        idle.append(start_export(own_server, keys.token("auditor", subject=f"idle-{i % 2}"), refused))
        wait_until(lambda: exports(own_cluster) == min(i + 1, 2))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        third = pool.submit(own_api.get, refused, keys.token("auditor", subject="third"), headers={"Accept": "text/csv"})
        begun = time.monotonic()
        assert upload(own_api, announce(own_api), GOOD).status == 200
        assert time.monotonic() - begun < 5 and not third.done()
        exported = third.result()
    assert exported.status == 200 and len(exported.text.splitlines()) == 10001
    cut = rest_of(idle[0])
    assert b"position,line" in cut and not cut.endswith(b"\r\n0\r\n\r\n")
    for s in idle:
        s.close()
    wait_until(lambda: exports(own_cluster) == 0)


def test_a_slow_reader_gets_it_all(own_api, own_server, keys, refused):
    """Slow for as long as one who reads nothing is waited for, but faster than the slowest that is taken."""
    answer = http.client.HTTPResponse(start_export(own_server, keys.token("auditor", subject="slow"), refused, 65536))
    answer.begin()
    got, begun = b"", time.monotonic()
    while time.monotonic() - begun < 13:
        got += answer.read(8192)
        time.sleep(0.1)
    assert len((got + answer.read()).splitlines()) == 10001


def test_an_upload_that_was_fast_has_no_time_saved_up(own_api, own_server, own_cluster):
    content = lines(50000)
    delivery = announce(own_api, {"rows": 50000, "ddd": 50000})
    s = start_upload(own_server, own_api, delivery, content[:1000000], len(content))
    wait_until(lambda: is_copying(own_cluster))
    begun = time.monotonic()
    with pytest.raises(OSError):
        for at in range(1000000, len(content), 500):
            s.sendall(content[at:at + 500])
            time.sleep(1)
    assert time.monotonic() - begun < 15
    wait_until(lambda: nothing_counted(own_cluster))
