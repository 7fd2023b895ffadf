"""Consumption deliveries from announcement to withdrawal. How files are read, and what breaks in between: test_uploads.py.
SPDX-License-Identifier: MPL-2.0
"""
import base64
import concurrent.futures
import csv
import gzip
import hashlib
import io
import uuid

import pytest

from medkoord_api import key, locked, release

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
    assert got["state"] == "accepted" and got["rows"] == 4 and got["ddd"] == SUM and got["content_sha256"] == hashlib.sha256(text(ROWS)).hexdigest()
    sums = ddd(api, source)
    assert sums[("nordjylland", "J01CA04")] == 149.105 and sums[("nordjylland", "J01")] == 0.0001
    assert api.get("/v1/atc-codes/J01CA04").status == 200


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
    rehearsed = upload(api, delivery, text(ROWS), Prefer="tx=rollback")
    assert [a.header("Idempotent-Replayed") for a in (first, again, rehearsed)] == [None, "true", "true"]
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


def test_control_totals_have_at_most_four_decimals(api, source):
    body = {"source": source, "label": "x", "status": "final", "control": {"rows": 1, "ddd": 1.00005},
            "coverage": [{"region": "nordjylland", "from_month": "2016-01", "to_month": "2016-01"}]}
    response = api.post("/v1/consumption-deliveries", body, "amgros")
    assert (response.status, response.code) == (422, "too_many_decimals")


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


@pytest.mark.parametrize("rejected", [False, True])
def test_what_was_not_accepted_can_be_given_up(api, hospitals, source, rejected):
    delivery = announce(api, source, ROWS)
    path = f"/v1/consumption-deliveries/{delivery}"
    if rejected:
        assert upload(api, delivery, text(ROWS[:3] + [BAD[4][1]])).status == 422
    before = api.get(path, "amgros").json()
    assert before["actions"] == ["upload", "withdraw"] and before["ddd"] is None
    withdrawn = api.post(path + "/transitions", {"action": "withdraw", "reason": "kommer ikke"}, "amgros", headers=key())
    assert withdrawn.status == 200, withdrawn.text
    now = withdrawn.json()
    assert (now["state"], now["actions"], now["accepted_at"]) == ("withdrawn", [], None)
    assert now["rejected_by_code"] == before["rejected_by_code"] and now["rejected_at"] == before["rejected_at"]
    assert bool(api.all(path + "/rejections", "amgros")) == rejected
    assert upload(api, delivery, text(ROWS)).code == "delivery_finished"


def test_packs_that_nobody_tells_do_not_differ(api, hospitals, source):
    first, second, third = ([("2016-01", "DN1", "J01CA04", "", "", packs, ddd, "")] for packs, ddd in (("", "1"), ("", "2"), ("3", "2")))
    ids = [announce(api, source, rows) for rows in (first, second, third)]
    for delivery, rows in zip(ids, (first, second, third)):
        assert upload(api, delivery, text(rows)).status == 200

    def change(after, before):
        (item,) = api.all(f"/v1/consumption-deliveries/{after}/changes", "auditor", {"against": before})
        return item["ddd_difference"], item["packs_before"], item["packs_after"], item["packs_difference"], item["cost_difference_ore"]
    assert change(ids[1], ids[0]) == (1, None, None, None, None)
    assert change(ids[2], ids[1]) == (0, None, 3, 3, None)


@pytest.mark.parametrize("path", ["/v1/consumption", "/v1/data-status"])
def test_a_source_that_nobody_has_delivered_for_is_named(api, hospitals, source, path):
    for headers in ({}, {"Accept": "text/csv"}) if path == "/v1/consumption" else ({},):
        refused = api.get(path, "reader", query={"source": source}, headers=headers)
        assert (refused.status, refused.code) == (400, "invalid_parameter"), refused.text
        fault = refused.json()["errors"][0]
        assert (fault["pointer"], fault["detail"]) == ("query/source", "no delivery has this source")
    delivery = announce(api, source, ROWS)
    assert api.get(path, "auditor", query={"source": source}).status == 200
    assert api.get(path, "reader", query={"source": source}).status == 400, "it is not for a reader to know of it yet"
    assert upload(api, delivery, text(ROWS)).status == 200
    assert api.get(path, "reader", query={"source": source}).status == 200
    assert api.get(path, "reader", query={"source": "amgros"}).status == 200


def test_without_a_window_the_last_twelve_months_reported_are_shown(api, hospitals, source):
    rows = [("2015-03", "DN1", "J01CA04", "", "", "", "1", ""), ("2015-04", "DN1", "J01CA04", "", "", "", "2", ""),
            ("2016-03", "DN1", "J01CA04", "", "", "", "4", "")]
    assert upload(api, announce(api, source, rows, coverage=(("nordjylland", "2015-03", "2016-03"),)), text(rows)).status == 200
    items = api.all("/v1/consumption", "reader", {"source": source})
    assert [(i["period"], i["ddd"]) for i in items] == [("2015-04", 2), ("2016-03", 4)]
    exported = api.get("/v1/consumption", "reader", query={"source": source}, headers={"Accept": "text/csv"})
    assert [line["period"] for line in csv.DictReader(io.StringIO(exported.text))] == ["2015-04", "2016-03"]
    assert [i["period"] for i in api.all("/v1/consumption", "reader", {"source": source, "to_month": "2016-02"})] == ["2015-03", "2015-04"]


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


NORD, SYD = ("nordjylland", "2016-01", "2016-03"), ("syddanmark", "2016-01", "2016-03")


@pytest.mark.parametrize("coverage,sees_lines", [((NORD,), True), ((NORD, SYD), False)])
@pytest.mark.parametrize("rows,header,code", [
    ([("2016-01", "DN1", "J01CA04", "", "", "1", "1", "8888888")], HEADER, "control_cost"),
    ([("2016-01", "DN1", "J01CA04", "", "", "1", "x", "8888888x")], HEADER, "bad_number"),
    ([("2016-01", "DN1", "J01CA04", "", "", "1", "1", "8888888")], None, "bad_column")])
def test_a_rejection_shows_no_cost_to_those_who_may_not_see_it(api, hospitals, source, coverage, sees_lines, rows, header, code):
    """Without a header the first line stands where the columns' names should. A coordinator sees lines of the own region's delivery only."""
    delivery = announce(api, source, ROWS[:1], coverage=coverage, rows=1, ddd=1, cost_ore=9999)
    raw = text(rows, header) if header else text(rows).split(b"\n", 1)[1]
    refused = upload(api, delivery, raw)
    assert refused.status == 422 and code in refused.json()["counts"] and "8888888" in refused.text
    path = f"/v1/consumption-deliveries/{delivery}/rejections"
    assert "8888888" in api.get(path, "auditor").text
    seen = api.get(path, "region_coordinator:nordjylland")
    export = api.get(path, "region_coordinator:nordjylland", headers={"Accept": "text/csv"}).text
    assert not any(cost in seen.text + export for cost in ("9999", "8888888"))
    lines = [r["column"] for r in seen.json()["items"] if r["line"] == 2]
    assert lines == (["ddd"] if sees_lines and code == "bad_number" else [])
    assert len(export.splitlines()) == len(seen.json()["items"]) + 1
    assert api.get(f"/v1/consumption-deliveries/{delivery}", "region_coordinator:nordjylland").json()["rejected_by_code"] == refused.json()["counts"]


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


@pytest.mark.parametrize("path", ["/v1/consumption", "/v1/data-status"])
@pytest.mark.parametrize("as_of", ["2019-02-30", "2019-02-03T25:00:00Z", "yesterday"])
def test_a_day_that_does_not_exist_is_named(api, path, as_of):
    response = api.get(path, query={"as_of": as_of})
    assert response.status == 400 and response.json()["errors"][0]["pointer"] == "query/as_of"


# ---- two at once ----

def test_a_delivery_that_is_being_uploaded_is_not_withdrawn(api, cluster, source):
    delivery = announce(api, source, ROWS)
    session = locked(cluster, f"SELECT FROM medkoord.consumption_delivery WHERE id = '{delivery}' FOR UPDATE")
    try:
        refused = api.post(f"/v1/consumption-deliveries/{delivery}/transitions", {"action": "withdraw", "reason": "fejl"}, "amgros")
        assert (refused.status, refused.code) == (409, "upload_in_progress")
    finally:
        release(session)


def test_two_deliveries_for_the_same_months_at_once_leave_one_in_force(api, hospitals, source):
    ids = [announce(api, source, ROWS) for _ in range(6)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert {upload(api, i, text(ROWS)).status for i in ids} == {200} or list(pool.map(lambda i: upload(api, i, text(ROWS)).status, ids))
    assert ddd(api, source)[("nordjylland", "J01CA04")] == 149.105


def test_csv_export_streams_and_is_harmless_in_a_spreadsheet(api, hospitals, source):
    rows = [("2016-01", "DN1", "J01CA04", "", "=1+1", "1", "1", "1")]
    delivery = announce(api, source, rows)
    assert upload(api, delivery, text(rows)).status == 200
    export = api.get("/v1/consumption", "auditor", query={"source": source, "from_month": "2016-01", "to_month": "2016-03", "period": "month",
                                                         "by": "hospital", "level": 5}, headers={"Accept": "text/csv"})
    lines = list(csv.DictReader(io.StringIO(export.text)))
    assert export.status == 200 and [l for l in lines if l["hospital"] == "DN1" and l["ddd"] == "1"]
