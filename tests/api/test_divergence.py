"""Divergence through HTTP: the figures of an overview against what was worked out by hand and against a second computation,
who sees cost, the chart, measures with versions, and frozen overviews.

These tests have a cluster of their own: numbers of inhabitants are everybody's.

Inhabitants from 2018: nordjylland 1,000, midtjylland 2,000, syddanmark 2,000, hovedstaden 4,000, sjaelland 1,000; together
10,000. January to March has 90 days in 2018 and in 2019, so thousands of inhabitants x days: 90, 180, 180, 360, 90; together
900. From 2019-04-15 midtjylland has 4,000.
SPDX-License-Identifier: MPL-2.0
"""
import collections
import concurrent.futures
import contextlib
import csv
import datetime
import fractions
import hashlib
import io
import itertools
import json
import math
import random
import re
import subprocess
import uuid
import xml.etree.ElementTree as ElementTree

import pytest

from medkoord_api import Client, Server, fresh_cluster, key, wait_until

FIVE = ["nordjylland", "midtjylland", "syddanmark", "hovedstaden", "sjaelland"]
FOUR = ["nordjylland", "midtjylland", "syddanmark", "oestdanmark"]
SEES_COST = ["amgros", "forum_secretariat", "auditor", "admin"]
NO_COST = ["reader", "region_coordinator:nordjylland"]
HEADER = ["month", "hospital", "atc", "article_number", "product", "packs", "ddd", "cost_ore"]
Q1 = {"from_month": "2019-01", "to_month": "2019-03"}


# ---- the figures ----

def deliver(api, rows, coverage, source="amgros", status="final"):
    """Announces and uploads rows (month, hospital, atc, packs, ddd, cost; '' when absent); answers the delivery."""
    number = fractions.Fraction
    lines = [(m, h, a, "", "", p, d, c) for m, h, a, p, d, c in rows]
    control = {"rows": len(rows), "ddd": float(sum(number(r[4]) for r in rows)), "cost_ore": sum(int(r[5] or 0) for r in rows)}
    body = {"source": source, "label": f"Prøve {source}", "status": status, "control": control,
            "coverage": [{"region": r, "from_month": a, "to_month": b} for r, a, b in coverage]}
    made = api.post("/v1/consumption-deliveries", body, "amgros", headers=key())
    assert made.status == 201, made.text
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([HEADER, *lines])
    path = "/v1/consumption-deliveries/" + made.json()["id"]
    done = api.call("PUT", path + "/rows", "amgros", raw=out.getvalue().encode(), headers={"Content-Type": "text/csv"})
    assert done.status == 200, done.text
    return api.get(path, "amgros").json()


def all_five(first, last, without=()):
    return [(r, first, last) for r in FIVE if r not in without]


def settle(api, region, date, population, evidence="sourced"):
    made = api.put(f"/v1/regions/{region}/populations/{date}", {"population": population, "source": "test", "evidence": evidence})
    assert made.status == 201, made.text


# One hospital a region, and a second one in nordjylland.
HOSPITALS = {"HN1": "nordjylland", "HN2": "nordjylland", "HM1": "midtjylland", "HS1": "syddanmark", "HH1": "hovedstaden", "HJ1": "sjaelland"}


@pytest.fixture(scope="module")
def own_database():
    with fresh_cluster() as made:
        yield made


@pytest.fixture(scope="module")
def api(own_database, keys, contract):
    # With two connections for writes a request need not wait behind another.
    server = Server(own_database.url(), keys, loops=1, write_connections=2).start()
    client = Client(server, contract, keys)
    for code, region in HOSPITALS.items():
        made = client.post("/v1/hospitals", {"code": code, "name": f"Hospital {code}", "region": region, "valid_from": "2008-01-01"}, headers=key())
        assert made.status == 201, made.text
    for region, population in zip(FIVE, (1000, 2000, 2000, 4000, 1000)):
        settle(client, region, "2018-01-01", population)
    settle(client, "midtjylland", "2019-04-15", 4000, "recalled")
    yield client
    assert server.remove() == 0


def at_rate(month, days, rates, atc, packs_per_ddd=None, cost_per_ddd=None, inhabitants=(1, 2, 2, 4, 1)):
    """Rows that give each region this rate of DDD per 1,000 inhabitants per day in a month."""
    rows = []
    for hospital, thousands, rate in zip(("HN1", "HM1", "HS1", "HH1", "HJ1"), inhabitants, rates):
        if rate is not None:
            ddd = rate * thousands * days
            rows.append((month, hospital, atc, "" if packs_per_ddd is None else f"{ddd * packs_per_ddd:.4f}", f"{ddd:.4f}",
                         "" if cost_per_ddd is None else str(round(ddd * cost_per_ddd))))
    return rows


@pytest.fixture(scope="module")
def figures(api):
    """The deliveries 2018, 2019, april and may, and a measure whose thresholds fit small figures."""
    measure = {"name": "ddd_per_1000_per_day", "basis": "ddd", "per": "1000_inhabitants_per_day", "definition": "Thresholds for small figures.",
               "definition_da": "Grænser for små tal.", "minimum_volume": 500, "material_ratio": 2, "sustained_months": 2}
    assert api.post("/v1/divergence-measures", measure, "forum_secretariat", headers=key()).json()["version"] == 2
    named = api.put("/v1/atc-codes/J01CA04", {"name": "amoxicillin <&> \"rød\"", "name_source": "test"})
    assert named.status == 201, named.text
    quarter = (("01", 31), ("02", 28), ("03", 31))
    # J01CA04 at 1 everywhere and J01FA01 at 2 everywhere in 2018.
    rows = [r for m, days in quarter for r in at_rate("2018-" + m, days, (1,) * 5, "J01CA04") + at_rate("2018-" + m, days, (2,) * 5, "J01FA01")]
    made = {"2018": deliver(api, rows, all_five("2018-01", "2018-03"))}
    # In 2019 J01CA04 at 2, 1, 1, 1 and 0.5, with a tenth of a pack and 200 øre for each DDD; J01FA01 at 1 everywhere.
    rows = [r for m, days in quarter for r in at_rate("2019-" + m, days, (2, 1, 1, 1, 0.5), "J01CA04", 0.1, 200) + at_rate("2019-" + m, days, (1,) * 5, "J01FA01")]
    # Of the 62 in nordjylland's January, 12 at the second hospital.
    rows[0] = ("2019-01", "HN1", "J01CA04", "5", "50", "10000")
    rows += [("2019-01", "HN2", "J01CA04", "1.2", "12", "2400"),
             ("2019-01", "HM1", "J01CE01", "", "900", ""),
             ("2019-01", "HH1", "J01DH02", "", "90", ""), ("2019-02", "HN1", "J01DH02", "", "90", ""),
             ("2019-01", "HJ1", "J01MA02", "", "-9", ""), ("2019-01", "HH1", "J01MA02", "", "18", ""),
             ("2019-01", "HN1", "J01XX", "", "30", ""), ("2019-01", "HN1", "J01XX08", "", "20", ""), ("2019-01", "HM1", "QJ51", "", "5", "")]
    made["2019"] = deliver(api, rows, all_five("2019-01", "2019-03"))
    # April at 1 from all but sjaelland, provisional; May from all, with 62 DDD in midtjylland.
    made["april"] = deliver(api, at_rate("2019-04", 30, (1, 1, 1, 1, None), "J01CA04"), all_five("2019-04", "2019-04", ["sjaelland"]), status="provisional")
    made["may"] = deliver(api, at_rate("2019-05", 31, (1, 1, 1, 1, 1), "J01CA04"), all_five("2019-05", "2019-05"))
    return made


def overview(api, who="reader", **query):
    response = api.get("/v1/divergence", who, query={k: v for k, v in query.items() if v is not None})
    assert response.status == 200, response.text
    return response.json()


def item(seen, atc):
    return next(i for i in seen["items"] if i["atc"] == atc)


def by_region(of, name):
    return [r[name] for r in of["regions"]]


def region(of, slug):
    return next(r for r in of["regions"] if r["region"] == slug)


def without(of, *names):
    return {k: v for k, v in of.items() if k not in names}


def codes(seen):
    return [i["atc"] for i in seen["items"]]


def caveats(seen):
    return [c["code"] for c in seen["caveats"]]


def lines(response):
    assert response.status == 200, response.text
    assert response.header("Content-Type").startswith("text/csv")
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


CSV = {"Accept": "text/csv"}


# ---- every figure, by hand ----

def test_rates_ranks_and_the_rest_of_the_country(api, figures):
    """J01CA04: DDD 180, 180, 180, 360, 45, together 945; national 945 / 900 = 1.05."""
    seen = overview(api, **Q1)
    a = item(seen, "J01CA04")
    assert by_region(a, "region") == FIVE
    assert by_region(a, "value") == [2, 1, 1, 1, 0.5]
    assert by_region(a, "rank") == [1, 2, 2, 2, 5]
    # The rest: 765 / 810, 765 / 720, 765 / 720, 585 / 540, 900 / 810.
    assert by_region(a, "ratio_to_rest") == [2.117647, 0.941176, 0.941176, 0.923077, 0.45]
    # Expected at 1.05: 94.5, 189, 189, 378, 94.5.
    assert by_region(a, "excess_ddd") == [85.5, -9, -9, -18, -49.5]
    assert by_region(a, "share_of_national") == [0.190476, 0.190476, 0.190476, 0.380952, 0.047619]
    # In 2018 it was 1 everywhere.
    assert by_region(a, "change_from_year_before") == [1, 0, 0, 0, -0.5]
    assert by_region(a, "reported_months") == [3] * 5 and by_region(a, "complete") == [True] * 5 and by_region(a, "reason") == [None] * 5
    # Weights 1 2 2 4 1 of 10; squares of the distance to 1.05: 0.9025, three times 0.0025, 0.3025; their weighted mean is
    # (0.9025 + 8 x 0.0025 + 0.3025) / 10 = 0.1225 = 0.35 squared; 0.35 / 1.05 = 1/3.
    assert without(a, "regions") == {"atc": "J01CA04", "name": 'amoxicillin <&> "rød"', "national": 1.05, "volume": 945, "max_min_ratio": 4,
                                     "max_min_ratio_reason": None, "cv_weighted": 0.333333, "cv_weighted_reason": None,
                                     "change_from_year_before": 0.05, "change_from_year_before_reason": None, "material": True,
                                     "reasons": ["material_ratio", "lasting"]}


def test_what_stands_above_the_figures(api, figures):
    seen = overview(api, **Q1)
    assert (seen["measure"]["name"], seen["measure"]["version"], seen["measure"]["basis"]) == ("ddd_per_1000_per_day", 2, "ddd")
    assert seen["measure"]["unit"] == "DDD per 1,000 inhabitants per day" and seen["measure"]["minimum_volume"] == 500
    assert seen["window"] == {"from_month": "2019-01", "to_month": "2019-03", "months": 3}
    assert (seen["source"], seen["region_basis"], seen["as_of"], seen["atc"], seen["level"]) == ("amgros", "as_reported", None, None, 5)
    assert caveats(seen) == ["no_indication", "hospital_region"] and seen["not_reported"] == []
    assert "indikation" in seen["caveats"][0]["text_da"] and "patientens" in seen["caveats"][1]["text_da"]
    names = {"2018": (False, True), "2019": (True, False)}
    assert seen["deliveries"] == [{"id": figures[n]["id"], "label": "Prøve amgros", "status": "final", "accepted_at": figures[n]["accepted_at"],
                                   "window": window, "year_before": before} for n, (window, before) in names.items()]
    assert [(r["region"], r["reported_months"], r["complete"], r["compared"]) for r in seen["regions"]] == [(r, 3, True, True) for r in FIVE]
    assert seen["regions"][1]["populations"] == [{"region": "midtjylland", "on": "2018-01-01", "population": 2000, "evidence": "sourced", "source": "test"}]
    used = {r for i in seen["items"] for r in i["reasons"] + [i["max_min_ratio_reason"]] if r}
    assert used <= set(seen["texts"]) and all(t["en"] and t["da"] for t in seen["texts"].values())


def test_what_nobody_else_used(api, figures):
    """J01CE01: 900 DDD in midtjylland's January. National 900 / 900 = 1, midtjylland 900 / 180 = 5."""
    b = item(overview(api, **Q1), "J01CE01")
    assert by_region(b, "value") == [0, 5, 0, 0, 0], "covered and absent is zero"
    assert by_region(b, "rank") == [2, 1, 2, 2, 2]
    assert by_region(b, "ratio_to_rest") == [0, None, 0, 0, 0]
    assert by_region(b, "reason") == [None, "zero_denominator", None, None, None]
    assert by_region(b, "excess_ddd") == [-90, 720, -180, -360, -90]
    assert by_region(b, "share_of_national") == [0, 1, 0, 0, 0]
    assert by_region(b, "change_from_year_before") == [None] * 5
    # Squares of the distance to 1: 16 with weight 2, 1 with weight 8, of 10: 4.
    assert without(b, "regions") == {"atc": "J01CE01", "name": None, "national": 1, "volume": 900, "max_min_ratio": None,
                                     "max_min_ratio_reason": "zero_denominator", "cv_weighted": 2, "cv_weighted_reason": None,
                                     "change_from_year_before": None, "change_from_year_before_reason": "zero_denominator", "material": False,
                                     "reasons": ["none_in_a_region", "not_lasting"]}


def test_too_little_equal_use_and_more_returned_than_used(api, figures):
    seen = overview(api, **Q1)
    # J01DH02: 90 + 90 = 180, below 500. hovedstaden 90 / 360, nordjylland 90 / 90.
    c = item(seen, "J01DH02")
    assert by_region(c, "value") == [1, 0, 0, 0.25, 0] and c["material"] is False and c["reasons"] == ["below_minimum_volume", "none_in_a_region"]
    # J01FA01: 1 everywhere, half of 2018.
    f = item(seen, "J01FA01")
    assert by_region(f, "value") == by_region(f, "rank") == by_region(f, "ratio_to_rest") == [1] * 5
    assert by_region(f, "excess_ddd") == [0] * 5 and by_region(f, "change_from_year_before") == [-0.5] * 5
    assert (f["max_min_ratio"], f["cv_weighted"], f["change_from_year_before"]) == (1, 0, -0.5)
    assert f["material"] is False and f["reasons"] == ["below_material_ratio"]
    # J01MA02: 18 in hovedstaden (18 / 360), -9 in sjaelland (-9 / 90), together 9 (9 / 900).
    n = item(seen, "J01MA02")
    assert by_region(n, "value") == [0, 0, 0, 0.05, -0.1] and n["national"] == 0.01
    assert by_region(n, "rank") == [2, 2, 2, 1, 5]
    # Without sjaelland 18 / 810: -0.1 / 0.0222 = -4.5; without hovedstaden less than nothing.
    assert by_region(n, "ratio_to_rest") == [0, 0, 0, None, -4.5] and region(n, "hovedstaden")["reason"] == "negative_denominator"
    assert by_region(n, "share_of_national") == [0, 0, 0, 2, -1]
    assert (n["max_min_ratio"], n["max_min_ratio_reason"]) == (None, "negative_denominator")


def test_how_long_a_difference_must_last(api, figures):
    def judged(first, last, atc, **query):
        i = item(overview(api, from_month=first, to_month=last, **query), atc)
        return i["material"], i["reasons"]
    # January alone: 945 x 31 / 90 = 325.5 of J01CA04, 900 of J01CE01.
    assert judged("2019-01", "2019-01", "J01CA04") == (False, ["below_minimum_volume", "material_ratio"])
    assert judged("2019-01", "2019-01", "J01CE01") == (False, ["none_in_a_region", "window_too_short"])
    # February and March: 945 x 59 / 90 = 619.5, and both of the months that it must last.
    assert judged("2019-02", "2019-03", "J01CA04") == (True, ["material_ratio", "lasting"])
    # Version 1 of the measure asks for 1,000 DDD.
    assert judged("2019-01", "2019-03", "J01CA04", measure_version=1) == (False, ["below_minimum_volume", "material_ratio"])


@pytest.mark.parametrize("level,expected", [
    (5, {"J01CA04": 945, "J01CE01": 900, "J01DH02": 180, "J01FA01": 900, "J01MA02": 9, "J01XX": 30, "J01XX08": 20, "QJ51": 5}),
    (4, {"J01CA": 945, "J01CE": 900, "J01DH": 180, "J01FA": 900, "J01MA": 9, "J01XX": 50, "QJ51": 5}),
    (3, {"J01C": 1845, "J01D": 180, "J01F": 900, "J01M": 9, "J01X": 50, "QJ51": 5}),
    (2, {"J01": 2984, "QJ51": 5}),
    (1, {"J": 2984, "QJ": 5})])
def test_levels_and_shorter_codes_under_themselves(api, figures, level, expected):
    seen = overview(api, level=level, **Q1)
    assert {i["atc"]: i["volume"] for i in seen["items"]} == expected and codes(seen) == sorted(expected)
    if level == 3:
        # 180, 180 + 900, 180, 360, 45 of 90, 180, 180, 360, 90; 1845 / 900.
        c = item(seen, "J01C")
        assert by_region(c, "value") == [2, 6, 1, 1, 0.5] and c["national"] == 2.05 and c["max_min_ratio"] == 12


@pytest.mark.parametrize("atc,level,expected", [("J01C", 5, ["J01CA04", "J01CE01"]), ("J01C", 4, ["J01CA", "J01CE"]), ("J01XX", 5, ["J01XX", "J01XX08"]),
                                                ("J01XX08", 5, ["J01XX08"]), ("J01XX08", 1, ["J"]), ("QJ", 5, ["QJ51"]), ("C", 5, [])])
def test_prefixes(api, figures, atc, level, expected):
    seen = overview(api, atc=atc, level=level, **Q1)
    assert codes(seen) == expected and seen["atc"] == atc


ORDERS = {
    "atc": ["J01CA04", "J01CE01", "J01DH02", "J01FA01", "J01MA02", "J01XX", "J01XX08", "QJ51"],
    # 4 and 1; the others divide by nothing.
    "-max_min_ratio": ["J01CA04", "J01FA01", "J01CE01", "J01DH02", "J01MA02", "J01XX", "J01XX08", "QJ51"],
    # The region with the most: 720; 85.5; 90 - 90 x 0.2 = 72; 30 - 90 / 30 = 27; 18; 18 - 360 x 0.01 = 14.4; 4; 0.
    "-excess_ddd": ["J01CE01", "J01CA04", "J01DH02", "J01XX", "J01XX08", "J01MA02", "QJ51", "J01FA01"],
    # Of one region alone with weight w of 10: sqrt(10 / w - 1), so 3 for nordjylland and 2 for midtjylland. J01MA02:
    # sqrt((0.01 + 4 x 0.0025) / 10 - 0.0001) / 0.01 = 4.36; J01DH02: sqrt((1 + 4 / 16) / 10 - 0.04) / 0.2 = 1.46.
    "-cv_weighted": ["J01MA02", "J01XX", "J01XX08", "J01CE01", "QJ51", "J01DH02", "J01CA04", "J01FA01"],
    # 0.05 and -0.5; the others were not used in 2018.
    "-change": ["J01CA04", "J01FA01", "J01CE01", "J01DH02", "J01MA02", "J01XX", "J01XX08", "QJ51"]}


@pytest.mark.parametrize("sort", ORDERS)
def test_order(api, figures, sort):
    assert codes(overview(api, sort=sort, **Q1)) == ORDERS[sort]
    told = lines(api.get("/v1/divergence", query={"sort": sort, **Q1}, headers=CSV))
    assert [a for a, _ in itertools.groupby(l["atc"] for l in told)] == ORDERS[sort]


def test_only_what_is_material_and_only_the_rest(api, figures):
    assert codes(overview(api, material="true", **Q1)) == ["J01CA04"]
    assert codes(overview(api, material="false", **Q1)) == ORDERS["atc"][1:]
    assert {l["atc"] for l in lines(api.get("/v1/divergence", query={"material": "true", **Q1}, headers=CSV))} == {"J01CA04"}


# ---- not reported ----

def test_a_region_without_full_coverage_is_neither_ranked_nor_compared(api, figures):
    """January to April, 120 days, sjaelland without April. Compared: 120, 240, 240, 480, together 1080 thousand; DDD 210, 240,
    240, 480, together 1170. sjaelland 45 / 90 over the months it reported."""
    seen = overview(api, from_month="2019-01", to_month="2019-04")
    a = item(seen, "J01CA04")
    assert seen["not_reported"] == [{"region": "sjaelland", "months": ["2019-04"]}]
    assert by_region(a, "value") == [1.75, 1, 1, 1, 0.5] and by_region(a, "rank") == [1, 2, 2, 2, None]
    assert by_region(a, "complete") == [True] * 4 + [False] and by_region(a, "reported_months") == [4, 4, 4, 4, 3]
    assert region(a, "sjaelland") == {"region": "sjaelland", "value": 0.5, "rank": None, "ratio_to_rest": None, "excess_ddd": None, "excess_cost_ore": None,
                                      "share_of_national": None, "change_from_year_before": None, "reported_months": 3, "complete": False, "reason": "partly_reported"}
    # The rest: 960 / 960, 930 / 840, 930 / 840, 690 / 600. Expected at 13 / 12: 130, 260, 260, 520.
    assert by_region(a, "ratio_to_rest") == [1.75, 0.903226, 0.903226, 0.869565, None]
    assert by_region(a, "excess_ddd") == [80, -20, -20, -40, None]
    # Weights 1 2 2 4 of 9; ((8/12)^2 + 8 x (1/12)^2) / 9 = 1/18; sqrt(1/18) / (13/12) = 0.217571. April 2018 is not reported.
    assert without(a, "regions", "name") == {"atc": "J01CA04", "national": 1.083333333, "volume": 1170, "max_min_ratio": 1.75,
                                             "max_min_ratio_reason": None, "cv_weighted": 0.217571, "cv_weighted_reason": None,
                                             "change_from_year_before": None, "change_from_year_before_reason": "not_reported_year_before",
                                             "material": False, "reasons": ["below_material_ratio"]}
    assert caveats(seen) == ["no_indication", "hospital_region", "provisional", "incomplete_regions", "not_all_regions"]
    assert "Region Sjælland" in seen["caveats"][-1]["text"] and "Region Sjælland" in seen["caveats"][-1]["text_da"]
    assert "Region Sjælland" in seen["caveats"][3]["text"]
    assert [(d["id"], d["status"]) for d in seen["deliveries"] if d["window"]] == [(figures["2019"]["id"], "final"), (figures["april"]["id"], "provisional")]
    assert [r["compared"] for r in seen["regions"]] == [True] * 4 + [False]


def test_not_reported_is_not_zero(api, figures):
    april = {"from_month": "2019-04", "to_month": "2019-04"}
    one = api.get("/v1/divergence/J01CE01", query=april).json()["item"]
    assert by_region(one, "value") == [0, 0, 0, 0, None] and by_region(one, "reason") == ["zero_denominator"] * 4 + ["not_reported"]
    assert one["national"] == 0 and (one["max_min_ratio"], one["max_min_ratio_reason"]) == (None, "zero_denominator")
    # Nobody has delivered August: no codes, and every region is named.
    august = overview(api, from_month="2019-08", to_month="2019-08")
    assert august["items"] == [] and august["not_reported"] == [{"region": r, "months": ["2019-08"]} for r in FIVE] and august["deliveries"] == []
    nothing = api.get("/v1/divergence/J01CE01", query={"from_month": "2019-08", "to_month": "2019-08"}).json()["item"]
    assert by_region(nothing, "value") == [None] * 5 and by_region(nothing, "reason") == ["not_reported"] * 5
    assert (nothing["national"], nothing["max_min_ratio_reason"], nothing["reasons"]) == (None, "fewer_than_two_regions", ["fewer_than_two_regions"])


def test_inhabitants_are_the_latest_known_on_the_first_of_the_month(api, figures):
    """midtjylland: 60 DDD in April of 2 x 30 thousand, 124 in May of 4 x 31."""
    values = [region(item(overview(api, from_month=a, to_month=b), "J01CA04"), "midtjylland")["value"]
              for a, b in (("2019-04", "2019-04"), ("2019-05", "2019-05"), ("2019-04", "2019-05"))]
    # 62 / 124; together 122 / 184.
    assert values == [1, 0.5, 0.663043478]
    may = overview(api, from_month="2019-05", to_month="2019-05")
    assert caveats(may) == ["no_indication", "hospital_region", "population_evidence"] and "recalled 2019-04-15" in may["caveats"][2]["text"]


def test_sources_are_never_added_together(api, figures):
    deliver(api, [("2019-01", "HN1", "J01CA04", "", "31", "")], [("nordjylland", "2019-01", "2019-01")], source="other")
    seen = overview(api, source="other", from_month="2019-01", to_month="2019-01")
    a = item(seen, "J01CA04")
    assert by_region(a, "value") == [1, None, None, None, None] and by_region(a, "reason") == ["fewer_than_two_regions"] + ["not_reported"] * 4
    # One region has neither a highest and a lowest nor a rest; its rank is the first of one.
    assert (a["national"], a["max_min_ratio"], a["max_min_ratio_reason"], a["cv_weighted_reason"]) == (1, None, "fewer_than_two_regions", "fewer_than_two_regions")
    assert a["reasons"] == ["fewer_than_two_regions", "below_minimum_volume"]
    assert item(overview(api, from_month="2019-01", to_month="2019-01"), "J01CA04")["volume"] == 325.5


@pytest.mark.parametrize("query,window", [({}, ("2018-06", "2019-05")), ({"from_month": "2018-01"}, ("2018-01", "2018-12")),
                                          ({"to_month": "2019-03"}, ("2018-04", "2019-03"))])
def test_the_window_when_none_is_given(api, figures, query, window):
    """Up to May 2019, the last month that every region has reported, twelve months."""
    assert overview(api, **query)["window"] == {"from_month": window[0], "to_month": window[1], "months": 12}


# ---- regions of their time and of a date ----

def test_predecessors_are_added_up_from_the_day_of_the_merger(api, figures):
    """oestdanmark: 360 + 45 = 405 DDD of 360 + 90 = 450."""
    before = overview(api, region_basis="current", as_of="2026-12-31", **Q1)
    assert by_region(item(before, "J01CA04"), "region") == FIVE and item(before, "J01CA04") == item(overview(api, **Q1), "J01CA04")
    seen = overview(api, region_basis="current", as_of="2027-01-01", **Q1)
    a = item(seen, "J01CA04")
    assert by_region(a, "region") == FOUR and [r["region"] for r in seen["regions"]] == FOUR
    assert by_region(a, "value") == [2, 1, 1, 0.9] and by_region(a, "rank") == [1, 2, 2, 4]
    # The rest of the country 540 / 450 = 1.2; expected 472.5.
    assert region(a, "oestdanmark")["ratio_to_rest"] == 0.75 and region(a, "oestdanmark")["excess_ddd"] == -67.5
    # 2 / 0.9. Weights 1 2 2 5; (0.9025 + 4 x 0.0025 + 5 x 0.0225) / 10 = 0.1025; sqrt / 1.05 = 0.304910.
    assert a["national"] == 1.05 and a["max_min_ratio"] == 2.222222 and a["cv_weighted"] == pytest.approx(math.sqrt(0.1025) / 1.05, abs=1e-6)
    # The year before they had 360 + 90 of 450.
    assert by_region(a, "change_from_year_before") == [1, 0, 0, -0.1]
    assert [(p["region"], p["population"]) for p in seen["regions"][3]["populations"]] == [("hovedstaden", 4000), ("sjaelland", 1000)]
    # As reported the regions of the window stay, whatever the date.
    assert by_region(item(overview(api, as_of="2027-06-01", **Q1), "J01CA04"), "region") == FIVE


def test_a_merged_region_is_complete_when_all_of_it_is(api, figures):
    seen = overview(api, region_basis="current", as_of="2027-01-01", from_month="2019-01", to_month="2019-04")
    east = region(item(seen, "J01CA04"), "oestdanmark")
    assert (east["complete"], east["reported_months"], east["rank"], east["reason"]) == (False, 3, None, "partly_reported")
    assert seen["not_reported"] == [{"region": "sjaelland", "months": ["2019-04"]}], "the one that did not report is named"


def test_a_window_across_the_merger(api, figures):
    across = {"from_month": "2026-11", "to_month": "2027-01"}
    seen = overview(api, **across)
    assert [r["region"] for r in seen["regions"]] == FIVE + ["oestdanmark"] and "regions_changed" in caveats(seen)
    assert {g["region"]: len(g["months"]) for g in seen["not_reported"]} == {**dict.fromkeys(FIVE[:3], 3), "hovedstaden": 2, "sjaelland": 2, "oestdanmark": 1}
    today = overview(api, region_basis="current", as_of="2027-01-01", **across)
    assert [r["region"] for r in today["regions"]] == FOUR and "regions_changed" not in caveats(today)


# ---- as it was known ----

def test_as_it_was_known_before_a_correction_and_before_a_withdrawal(api, figures):
    source = "corrected"
    covers = [("nordjylland", "2019-01", "2019-03"), ("midtjylland", "2019-01", "2019-03")]
    rows = [r for m, days in (("01", 31), ("02", 28), ("03", 31)) for r in at_rate("2019-" + m, days, (1, 1, None, None, None), "J01CA04")]
    first = deliver(api, rows, covers, source)
    second = deliver(api, [("2019-02", "HN1", "J01CA04", "", "56", "")], [("nordjylland", "2019-02", "2019-02")], source)

    def values(who="reader", **query):
        return by_region(item(overview(api, who, source=source, **Q1, **query), "J01CA04"), "value")[:2]
    # 31 + 56 + 31 of 90.
    assert values() == [1.311111111, 1]
    assert values(as_of=first["accepted_at"]) == [1, 1]
    withdrawn = api.post(f"/v1/consumption-deliveries/{second['id']}/transitions", {"action": "withdraw", "reason": "fejl"}, "amgros")
    assert withdrawn.status in (200, 201), withdrawn.text
    assert values() == [1, 1] and values(as_of=second["accepted_at"]) == [1.311111111, 1]
    then = overview(api, source=source, as_of=second["accepted_at"], **Q1)
    assert then["as_of"] == second["accepted_at"]
    # A delivery withdrawn since is not a reader's to see: only that it was used.
    assert [(d["id"], d["label"], d["accepted_at"]) for d in then["deliveries"]] == [(first["id"], "Prøve corrected", first["accepted_at"]), (None, None, None)]
    assert [d["id"] for d in overview(api, "auditor", source=source, as_of=second["accepted_at"], **Q1)["deliveries"]] == [first["id"], second["id"]]
    long_ago = overview(api, source=source, as_of="2019-04-01", **Q1)
    assert long_ago["items"] == [] and len(long_ago["not_reported"]) == 5


def test_as_it_was_known_before_a_number_of_inhabitants_was_corrected(api, figures):
    """10 DDD in June 2008, of 10 inhabitants, then of 20: 10 x 1000 / (10 x 30) and half of that."""
    path, window = "/v1/regions/syddanmark/populations/2008-06-01", {"source": "inhabitants", "from_month": "2008-06", "to_month": "2008-06"}
    delivered = deliver(api, [("2008-06", "HS1", "J01CA04", "", "10", "")], [("syddanmark", "2008-06", "2008-06")], "inhabitants")
    settle(api, "syddanmark", "2008-06-01", 10, "recalled")
    first = api.get(path)
    second = api.put(path, {"population": 20, "source": "corrected", "evidence": "sourced"}, headers={"If-Match": first.etag})
    assert second.status == 200, second.text

    def seen(as_of=None):
        told = overview(api, as_of=as_of, **window)
        used = region(told, "syddanmark")["populations"]
        return region(item(told, "J01CA04"), "syddanmark")["value"], [(p["population"], p["evidence"], p["source"]) for p in used], caveats(told)[-1]
    assert seen() == (16.666666667, [(20, "sourced", "corrected")], "not_all_regions")
    assert seen(second.json()["changed_at"]) == seen()
    assert seen(first.json()["changed_at"]) == (33.333333333, [(10, "recalled", "test")], "population_evidence")
    # Nobody had told any number when the delivery came.
    before = overview(api, as_of=delivered["accepted_at"], **window)
    assert region(item(before, "J01CA04"), "syddanmark")["reason"] == "population_missing" and "not_all_regions" not in caveats(before)
    # A chart and a series say the same.
    series = api.get("/v1/divergence/J01CA04", query={"as_of": first.json()["changed_at"], **window}).json()["series"]
    assert region(series, "syddanmark")["months"][0]["value"] == 33.333333333


def test_as_it_was_judged_before_a_measure_had_another_version(api, figures):
    made = [add_measure(api, new_measure(name="judged_then", minimum_volume=v)).json() for v in (1, 2, 3)]

    def version(**query):
        return overview(api, measure="judged_then", from_month="2019-01", to_month="2019-01", **query)["measure"]["version"]
    assert version() == 3 and [version(as_of=m["created_at"]) for m in made] == [1, 2, 3]
    assert version(as_of="2019-04-01") == 1, "before there was any, the first"
    assert version(as_of=made[0]["created_at"], measure_version=2) == 2, "a version asked for is used"


# ---- packs and cost ----

def test_packs_per_1000(api, figures):
    """J01CA04: packs 18, 18, 18, 36, 4.5, together 94.5."""
    seen = overview(api, measure="packs_per_1000", **Q1)
    a = item(seen, "J01CA04")
    assert by_region(a, "value") == [18, 9, 9, 9, 4.5] and a["national"] == 9.45 and a["volume"] == 94.5
    assert by_region(a, "rank") == [1, 2, 2, 2, 5]
    assert by_region(a, "excess_ddd") == [85.5, -9, -9, -18, -49.5], "still in DDD"
    assert a["reasons"] == ["below_minimum_volume", "material_ratio"]
    assert a["change_from_year_before_reason"] == "not_reported_year_before", "packs were left out in 2018, which is not zero"
    april = overview(api, measure="packs_per_1000", from_month="2019-04", to_month="2019-04")
    assert by_region(item(april, "J01CA04"), "reason") == ["not_delivered"] * 4 + ["not_reported"]
    assert april["not_delivered"] == [{"region": r, "months": ["2019-04"]} for r in FIVE if r != "sjaelland"]
    assert april["not_reported"] == [{"region": "sjaelland", "months": ["2019-04"]}]
    assert "packs" in april["texts"]["not_delivered"]["en"] and "pakninger" in april["texts"]["not_delivered"]["da"]


@pytest.mark.parametrize("who", SEES_COST)
def test_cost_to_those_who_may_see_it(api, figures, who):
    """J01CA04: 36,000, 36,000, 36,000, 72,000, 9,000 øre, together 189,000; at the national 1.05 DDD x 200 øre 18,900, 37,800,
    37,800, 75,600, 18,900."""
    seen = overview(api, who, measure="cost_per_1000", **Q1)
    a = item(seen, "J01CA04")
    assert by_region(a, "value") == [36000, 18000, 18000, 18000, 9000] and a["national"] == 18900 and a["volume"] == 189000
    assert by_region(a, "excess_cost_ore") == [17100, -1800, -1800, -3600, -9900] == by_region(item(overview(api, who, **Q1), "J01CA04"), "excess_cost_ore")
    assert "cost_as_delivered" in caveats(seen)
    # April has no cost: then a sum over it would be too small.
    assert by_region(item(overview(api, who, from_month="2019-01", to_month="2019-04"), "J01CA04"), "excess_cost_ore") == [None] * 5
    told = {l["region"]: l["excess_cost_ore"] for l in lines(api.get("/v1/divergence", who, query={"atc": "J01CA04", **Q1}, headers=CSV))}
    assert told["nordjylland"] == "17100"


@pytest.mark.parametrize("who", NO_COST)
def test_to_others_a_measure_of_cost_does_not_exist(api, figures, who):
    def answer(call):
        """The same request for a measure of cost and for one that is not there: two answers that must not differ."""
        known, unknown = call("cost_per_1000"), call("costs_per_999")
        assert known.status == unknown.status and without(known.json(), "request_id", "instance") == without(unknown.json(), "request_id", "instance")
        ignored = ("x-request-id", "date")
        assert [h for h in known.headers if h[0].lower() not in ignored] == [h for h in unknown.headers if h[0].lower() not in ignored]
        return known.status, known.code
    for path, accept in (("/v1/divergence", "application/json"), ("/v1/divergence", "text/csv"), ("/v1/divergence/J01CA04", "application/json"),
                         ("/v1/divergence/J01CA04", "text/csv"), ("/v1/divergence/J01CA04", "image/svg+xml")):
        assert answer(lambda m: api.get(path, who, query={"measure": m, **Q1}, headers={"Accept": accept})) == (400, "invalid_parameter"), (path, accept)
        assert answer(lambda m: api.get(path, who, query={"measure": m, "measure_version": 1, **Q1}, headers={"Accept": accept})) == (400, "invalid_parameter")
    assert answer(lambda m: api.get(f"/v1/divergence-measures/{m}/versions/1", who)) == (404, "not_found")
    assert answer(lambda m: api.get("/v1/divergence-measures", who, query={"name": m})) == (200, None)
    assert answer(lambda m: api.get("/v1/divergence-snapshots", who, query={"measure": m, "count": "exact"})) == (200, None)
    if who != "reader":
        assert answer(lambda m: api.post("/v1/divergence-snapshots", {"title": "x", "measure": m, **Q1}, who, headers=key())) == (422, "unknown_reference")
    seen = api.get("/v1/divergence", who, query=Q1)
    assert {r["excess_cost_ore"] for i in seen.json()["items"] for r in i["regions"]} == {None}
    assert {l["excess_cost_ore"] for l in lines(api.get("/v1/divergence", who, query=Q1, headers=CSV))} == {""}
    assert "17100" not in seen.text and "cost_per_1000" not in api.get("/v1/divergence-measures", who).text


# ---- one code ----

def test_one_code_month_by_month(api, figures):
    window = {"from_month": "2019-01", "to_month": "2019-04"}
    response = api.get("/v1/divergence/J01CA04", query=window)
    seen = response.json()
    assert seen["item"] == item(overview(api, **window), "J01CA04"), "the item is the overview's"
    assert without(seen, "item", "series") == without(overview(api, **window), "items", "atc", "level")
    regions = {r["region"]: r for r in seen["series"]["regions"]}
    assert list(regions) == FIVE and regions["sjaelland"]["name"] == "Region Sjælland"
    months = ["2019-01", "2019-02", "2019-03", "2019-04"]
    assert regions["nordjylland"]["months"] == [{"month": m, "value": v, "volume": d, "status": s} for m, v, d, s in
                                                zip(months, (2, 2, 2, 1), (62, 56, 62, 30), ("final", "final", "final", "provisional"))]
    assert regions["sjaelland"]["months"][2:] == [{"month": "2019-03", "value": 0.5, "volume": 15.5, "status": "final"},
                                                  {"month": "2019-04", "value": None, "volume": None, "status": None}]
    hospitals = {h["hospital"]: h for h in seen["series"]["hospitals"]}
    assert {c: h["region"] for c, h in hospitals.items()} == HOSPITALS
    # Both against nordjylland's 31 thousand inhabitants x days, so that they add up to it: 50 / 31 + 12 / 31 = 2.
    assert [(m["value"], m["volume"]) for m in hospitals["HN1"]["months"]] == [(1.612903226, 50), (2, 56), (2, 62), (1, 30)]
    assert [(m["value"], m["volume"]) for m in hospitals["HN2"]["months"]] == [(0.387096774, 12), (0, 0), (0, 0), (0, 0)]
    assert [m["volume"] for m in hospitals["HJ1"]["months"]] == [15.5, 14, 15.5, None]


def test_a_group_one_nobody_used_and_one_nobody_knows(api, figures):
    group = api.get("/v1/divergence/J01XX", query=Q1).json()
    assert (group["item"]["atc"], group["item"]["volume"]) == ("J01XX", 50), "a group holds everything in it"
    assert [m["volume"] for m in group["series"]["regions"][0]["months"]] == [50, 0, 0]
    idle = api.get("/v1/divergence/J01CE01", query={"from_month": "2018-01", "to_month": "2018-03"})
    assert by_region(idle.json()["item"], "value") == [0] * 5 and idle.json()["item"]["max_min_ratio_reason"] == "zero_denominator"
    for accept in ("application/json", "image/svg+xml"):
        unknown = api.get("/v1/divergence/C01AA05", query=Q1, headers={"Accept": accept})
        assert (unknown.status, unknown.code) == (404, "not_found")
    assert api.get("/v1/divergence/j01", query=Q1).status == 400


# ---- CSV ----

def as_csv(value):
    return "" if value is None else {True: "true", False: "false"}[value] if isinstance(value, bool) else value if isinstance(value, str) else float(value)


def same_cell(told, value):
    return float(told) == value if isinstance(value, float) and told else told == value


FIGURES_IN_CSV = {"national": "national", "volume": "national_volume", "max_min_ratio": "max_min_ratio", "max_min_ratio_reason": "max_min_ratio_reason",
                  "cv_weighted": "cv_weighted", "cv_weighted_reason": "cv_weighted_reason", "change_from_year_before": "national_change_from_year_before",
                  "change_from_year_before_reason": "national_change_reason", "material": "material", "atc": "atc", "name": "name"}


@pytest.mark.parametrize("query", [Q1, {"from_month": "2019-01", "to_month": "2019-04", "level": 3}, {"measure": "packs_per_1000", **Q1},
                                   {"measure": "cost_per_1000", "region_basis": "current", "as_of": "2027-01-01", **Q1}])
def test_the_overview_as_csv_holds_the_same_figures(api, figures, query):
    seen = overview(api, "auditor", **query)
    told = lines(api.get("/v1/divergence", "auditor", query=query, headers=CSV))
    expected = [(i, r) for i in seen["items"] for r in i["regions"]]
    assert len(told) == len(expected) > 0
    for line, (i, r) in zip(told, expected):
        for name, value in [*r.items(), *((FIGURES_IN_CSV[n], i[n]) for n in FIGURES_IN_CSV)]:
            assert same_cell(line[name], as_csv(value)), (i["atc"], r["region"], name)
        assert line["reasons"].split() == i["reasons"]
        assert line["national_regions"].split() == [a["region"] for a in seen["regions"] if a["compared"]]
        assert (line["measure"], int(line["measure_version"]), line["unit"]) == tuple(seen["measure"][n] for n in ("name", "version", "unit"))
        assert (line["from_month"], line["to_month"]) == (seen["window"]["from_month"], seen["window"]["to_month"])


def test_one_code_as_csv_holds_the_same_months(api, figures):
    query = {"from_month": "2019-03", "to_month": "2019-04"}
    series = api.get("/v1/divergence/J01CA04", query=query).json()["series"]
    told = {(l["month"], l["region"], l["hospital"]): l for l in lines(api.get("/v1/divergence/J01CA04", query=query, headers=CSV))}
    expected = {(m["month"], s["region"], s.get("hospital", "")): (s, m) for s in series["regions"] + series["hospitals"] for m in s["months"]}
    assert set(told) == set(expected)
    for where, (s, m) in expected.items():
        assert told[where]["name"] == s["name"] and told[where]["measure"] == "ddd_per_1000_per_day"
        for name in ("value", "volume", "status"):
            assert same_cell(told[where][name], as_csv(m[name])), (where, name)
    assert told[("2019-04", "sjaelland", "")]["value"] == "" and told[("2019-04", "nordjylland", "HN2")]["value"] == "0"


# ---- the chart ----

SVG = "{http://www.w3.org/2000/svg}"


def chart(api, language, who="reader", atc="J01CA04", **query):
    response = api.get("/v1/divergence/" + atc, who, query=query, headers={"Accept": "image/svg+xml", "Accept-Language": language})
    assert response.status == 200 and response.header("Content-Type").startswith("image/svg+xml"), response.text
    drawn = ElementTree.fromstring(response.body)
    assert drawn.tag == SVG + "svg"
    assert not re.search(r"[\"\s,(-](nan|inf)\b", response.text, re.I), "every coordinate is a number"
    assert not list(drawn.iter(SVG + "script")) and "href" not in response.text.replace("xlink", ""), "it stands alone"
    return drawn


def words(drawn):
    return re.sub(r"\s+", " ", " ".join("".join(t.itertext()) for t in drawn.iter() if t.tag in (SVG + "text", SVG + "title", SVG + "desc")))


@pytest.mark.parametrize("language,said,not_said", [
    ("en", ["Line chart of 5 regions", "DDD per 1,000 inhabitants per day", "January 2019 – April 2019", "highest region / lowest 1.75",
            "compared regions together 1.08", "provisional figures", "not every month reported", "A gap in a line", "Sjælland 0.5"], ["Kurver", "indbyggere"]),
    ("da", ["Kurver for 5 regioner", "DDD pr. 1.000 indbyggere pr. dag", "januar 2019 – april 2019", "højeste region / laveste 1,75",
            "sammenlignede regioner under ét 1,08", "foreløbige tal", "ikke alle måneder indberettet", "Et hul i en kurve", "Sjælland 0,5"],
     ["Line chart", "inhabitants"])])
def test_a_chart_for_a_meeting_paper(api, figures, language, said, not_said):
    drawn = chart(api, language, from_month="2019-01", to_month="2019-04")
    assert drawn.get("role") == "img" and drawn.get("lang") == language and len(drawn.get("viewBox").split()) == 4
    title, description = drawn[0], drawn[1]
    assert (title.tag, description.tag) == (SVG + "title", SVG + "desc")
    assert drawn.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
    assert title.text == 'J01CA04 amoxicillin <&> "rød"', "a name is text, never mark-up"
    text = words(drawn)
    for phrase in said:
        assert phrase in text, (phrase, text)
    for phrase in not_said:
        assert phrase not in text, phrase
    for name in ("Nordjylland", "Midtjylland", "Syddanmark", "Hovedstaden", "Sjælland"):
        assert name in description.text and any(name in "".join(t.itertext()) for t in drawn.iter(SVG + "text")), name


def test_charts_of_the_merged_of_cost_and_of_nothing(api, figures):
    merged = words(chart(api, "en", region_basis="current", as_of="2027-01-01", **Q1))
    assert "Østdanmark 0.9" in merged and "Line chart of 4 regions" in merged and "Predecessors are added up" in merged
    # 18,900 øre per 1,000 inhabitants.
    assert "hele landet 189" in words(chart(api, "da", "auditor", measure="cost_per_1000", **Q1))
    nothing = words(chart(api, "en", from_month="2019-08", to_month="2019-09"))
    assert "no region has reported every month" in nothing and "Nordjylland not known" in nothing
    chart(api, "da", atc="J01MA02", from_month="2019-01", to_month="2019-01")
    chart(api, "da", atc="J", from_month="2010-01", to_month="2019-12")


# ---- questions that cannot be answered ----

@pytest.mark.parametrize("query,pointer", [
    ({"from_month": "2019-03", "to_month": "2019-02"}, "query/to_month"), ({"from_month": "2009-01", "to_month": "2019-01"}, "query/to_month"),
    ({"from_month": "2019-13"}, "query/from_month"), ({"level": 6}, "query/level"), ({"level": 0}, "query/level"), ({"atc": "j01"}, "query/atc"),
    ({"sort": "excess_ddd"}, "query/sort"), ({"material": "maybe"}, "query/material"), ({"region_basis": "today"}, "query/region_basis"),
    ({"as_of": "2019-02-30"}, "query/as_of"), ({"measure": "no_such_measure"}, "query/measure"), ({"measure_version": 99}, "query/measure"),
    ({"source": "A B"}, "query/source")])
def test_questions_that_are_refused(api, figures, query, pointer):
    for accept in ("application/json", "text/csv"):
        response = api.get("/v1/divergence", query=query, headers={"Accept": accept})
        assert (response.status, response.code) == (400, "invalid_parameter"), response.text
        assert [e["pointer"] for e in response.json()["errors"]] == [pointer]
    if pointer.split("/")[1] not in ("level", "atc", "sort", "material"):
        one = api.get("/v1/divergence/J01CA04", query=query)
        assert (one.status, one.code) == (400, "invalid_parameter")


def test_a_window_of_120_months_is_answered(api, figures):
    assert overview(api, from_month="2009-02", to_month="2019-01")["window"]["months"] == 120


# ---- measures ----

def new_measure(**changed):
    return {"name": "m" + uuid.uuid4().hex[:12], "basis": "ddd", "per": "1000_inhabitants_per_day", "definition": "A test.", "definition_da": "En prøve.",
            "minimum_volume": 0.5, "material_ratio": 2, "sustained_months": 1, **changed}


def add_measure(api, body, who="forum_secretariat", **words):
    return api.post("/v1/divergence-measures", body, who, **{"headers": key(), **words})


def test_a_new_version_is_added_and_what_is_there_never_changes(api, figures):
    first = add_measure(api, new_measure(material_ratio=2))
    name = first.json()["name"]
    path = first.header("Location")
    assert first.status == 201 and path == f"/v1/divergence-measures/{name}/versions/1" and first.etag
    assert without(first.json(), "created_at") == {**new_measure(name=name), "version": 1, "unit": "DDD per 1,000 inhabitants per day",
                                                   "unit_da": "DDD pr. 1.000 indbyggere pr. dag", "created_by": "test-forum_secretariat"}
    second = add_measure(api, new_measure(name=name, material_ratio=5), "admin")
    assert (second.json()["version"], second.json()["material_ratio"]) == (2, 5)
    read = api.get(path)
    assert read.json() == first.json() and read.etag == first.etag
    assert api.get(path, headers={"If-None-Match": read.etag}).status == 304
    assert api.all("/v1/divergence-measures", query={"name": name}) == [first.json(), second.json()]
    assert api.all("/v1/divergence-measures", query={"name": name, "limit": 1}) == [first.json(), second.json()]
    for method in ("PUT", "PATCH", "DELETE"):
        assert api.call(method, path, "admin", new_measure(name=name), hold=False).status == 405
    # The overview cites the newest, or the one asked for: J01CA04 is at 4.
    assert (overview(api, measure=name, **Q1)["measure"]["version"], item(overview(api, measure=name, **Q1), "J01CA04")["material"]) == (2, False)
    old = overview(api, measure=name, measure_version=1, **Q1)
    assert (old["measure"]["version"], item(old, "J01CA04")["material"]) == (1, True)


def test_measures_that_are_refused(api, figures):
    name = add_measure(api, new_measure()).json()["name"]
    for changed in ({"basis": "packs"}, {"per": "1000_inhabitants"}):
        differs = add_measure(api, new_measure(name=name, **changed))
        assert (differs.status, differs.code) == (409, "divergence_measure_differs")
    for changed, code, pointer in (({"minimum_volume": 0.00001}, "too_many_decimals", "/minimum_volume"), ({"material_ratio": 1.00005}, "too_many_decimals", "/material_ratio"),
                                   ({"material_ratio": 1}, "validation_failed", "/material_ratio"), ({"minimum_volume": 1e30}, "validation_failed", "/minimum_volume"),
                                   ({"minimum_volume": -1}, "validation_failed", "/minimum_volume"), ({"sustained_months": 25}, "validation_failed", "/sustained_months"),
                                   ({"name": "Bad Name"}, "validation_failed", "/name"), ({"definition": ""}, "validation_failed", "/definition")):
        refused = add_measure(api, new_measure(name=name) | changed)
        assert (refused.status, refused.code) == (422, code), refused.text
        assert [e["pointer"] for e in refused.json()["errors"]] == [pointer], refused.text
    person = add_measure(api, new_measure(definition="for 010203-1234"))
    assert person.status == 422 and "cpr_number_not_allowed" in person.text
    assert [m["version"] for m in api.all("/v1/divergence-measures", query={"name": name})] == [1]


def test_two_versions_at_once_get_different_numbers(api):
    body = new_measure()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: add_measure(api, body), range(8)))
    assert [a.status for a in answers] == [201] * 8, [a.text for a in answers]
    assert sorted(a.json()["version"] for a in answers) == list(range(1, 9))


def test_a_measure_sent_again_with_its_key_is_added_once(api):
    body, k = new_measure(), key()
    first, again = add_measure(api, body, headers=k), add_measure(api, body, headers=k)
    assert (first.status, again.status) == (201, 201) and first.body == again.body and again.header("Idempotent-Replayed") == "true"
    reused = add_measure(api, new_measure(), headers=k)
    assert (reused.status, reused.code) == (422, "idempotency_key_reused")
    assert len(api.all("/v1/divergence-measures", query={"name": body["name"]})) == 1


def test_a_new_measure_of_cost_is_hidden_too(api):
    made = add_measure(api, new_measure(basis="cost_ore", per="1000_inhabitants"))
    assert made.status == 201
    for who in SEES_COST:
        assert api.get(made.header("Location"), who).status == 200
    for who in NO_COST:
        assert api.get(made.header("Location"), who).status == 404
        assert made.json()["name"] not in {m["name"] for m in api.all("/v1/divergence-measures", who)}


# ---- snapshots ----

def freeze(api, who="forum_secretariat", headers=None, **body):
    return api.post("/v1/divergence-snapshots", {"title": "Møde 5. marts, punkt 4", **body}, who, headers=headers or key())


def overview_bytes(response):
    """The bytes of the overview as they stand in the answer."""
    start = response.text.index('"overview":') + len('"overview":')
    _, end = json.JSONDecoder().raw_decode(response.text, start)
    return response.text[start:end].encode()


@pytest.fixture(scope="module")
def frozen(api, figures):
    """A snapshot, and how it was answered, of a source of its own."""
    deliver(api, [("2019-01", "HN1", "J01CA04", "", "62", "12400"), ("2019-01", "HM1", "J01CA04", "", "62", "12400")],
            [("nordjylland", "2019-01", "2019-01"), ("midtjylland", "2019-01", "2019-01")], "frozen")
    made = freeze(api, source="frozen", from_month="2019-01", to_month="2019-01")
    assert made.status == 201, made.text
    return made


def test_a_snapshot_is_the_overview_of_its_moment(api, frozen):
    made = frozen.json()
    assert frozen.header("Location") == "/v1/divergence-snapshots/" + made["id"]
    assert without(made, "id", "as_of", "sha256", "created_at", "overview") == {
        "title": "Møde 5. marts, punkt 4", "measure": "ddd_per_1000_per_day", "measure_version": 2, "source": "frozen", "from_month": "2019-01",
        "to_month": "2019-01", "region_basis": "as_reported", "atc": None, "level": 5, "material": None, "items": 1, "created_by": "test-forum_secretariat"}
    # 62 / 31 and 62 / 62.
    assert by_region(item(made["overview"], "J01CA04"), "value")[:2] == [2, 1]
    then = overview(api, source="frozen", as_of=made["as_of"], from_month="2019-01", to_month="2019-01")
    assert then == made["overview"], "what was known then can be asked for again"
    assert {r["excess_cost_ore"] for i in made["overview"]["items"] for r in i["regions"]} == {None}, "everybody will read it: no cost"
    assert len(made["overview"]["deliveries"]) == 1 and made["overview"]["measure"]["version"] == 2
    assert made["overview"]["regions"][0]["populations"][0]["population"] == 1000


def test_its_digest_is_that_of_its_bytes(api, frozen):
    made = frozen.json()
    assert hashlib.sha256(overview_bytes(frozen)).hexdigest() == made["sha256"]
    for who in SEES_COST + NO_COST:
        read = api.get(frozen.header("Location"), who)
        assert read.body == frozen.body and hashlib.sha256(overview_bytes(read)).hexdigest() == made["sha256"]
        assert read.etag == f'"{made["sha256"]}"'


def test_nothing_that_comes_later_changes_it(api, frozen):
    path, made = frozen.header("Location"), frozen.json()
    now = {"source": "frozen", "from_month": "2019-01", "to_month": "2019-01"}
    before = overview(api, **now)
    deliver(api, [("2019-01", "HN1", "J01CA04", "", "31", "")], [("nordjylland", "2019-01", "2019-01")], "frozen")
    settle(api, "midtjylland", "2018-12-31", 2000)
    assert overview(api, **now)["items"] != before["items"]
    read = api.get(path)
    assert read.body == frozen.body
    assert api.get(path, headers={"If-None-Match": read.etag}).status == 304
    for method in ("PUT", "PATCH", "DELETE"):
        assert api.call(method, path, "admin", {"title": "x"}, hold=False).status == 405
    again = freeze(api, **now)
    assert again.json()["sha256"] != made["sha256"] and again.json()["id"] != made["id"]


def test_snapshots_are_listed_newest_first(api, frozen):
    made = [freeze(api, who, atc="J01CA04", level=4, material=False, sort="-change", **Q1).json() for who in ("region_coordinator:sjaelland", "admin")]
    assert (made[0]["atc"], made[0]["level"], made[0]["material"], made[0]["items"]) == ("J01CA04", 4, False, 0)
    listed = api.all("/v1/divergence-snapshots", query={"limit": 1})
    assert [s["id"] for s in listed][:2] == [made[1]["id"], made[0]["id"]] and frozen.json()["id"] in {s["id"] for s in listed}
    assert listed[0] == without(made[1], "overview")
    counted = api.get("/v1/divergence-snapshots", query={"count": "exact", "limit": 1}).json()
    assert counted["total"] == len(listed) and len(counted["items"]) == 1


def test_a_hundred_snapshots_a_day_are_enough_for_one(api, own_database, figures):
    someone, other = (api.keys.token("forum_secretariat", subject=s) for s in ("quota-one", "quota-other"))
    own_database.sql("""INSERT INTO medkoord.divergence_snapshot (title, measure, measure_version, basis, source, from_month, to_month, region_basis, as_of, level,
                       items, overview, sha256, created_at, created_by)
                   SELECT 'quota', 'ddd_per_1000_per_day', 1, 'ddd', 'quota', '2021-01-01', '2021-01-01', 'as_reported', now(), 5, 0, '{}',
                       encode(sha256('{}'), 'hex'), now() - interval '1 day' * (n / 98), 'quota-one' FROM generate_series(0, 195) n""")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: freeze(api, who=someone, **Q1), range(8)))
    assert sorted(a.status for a in answers) == [201] * 2 + [429] * 6
    refused = [a for a in answers if a.status == 429][0]
    assert refused.code == "too_many_snapshots" and refused.header("Retry-After") == "3600"
    assert freeze(api, who=other, **Q1).status == 201


def test_a_snapshot_of_cost_is_for_those_who_may_see_cost(api, figures):
    made = freeze(api, measure="cost_per_1000", title="Udgifter", **Q1)
    assert made.status == 201 and by_region(item(made.json()["overview"], "J01CA04"), "excess_cost_ore") == [17100, -1800, -1800, -3600, -9900]
    for who in SEES_COST:
        assert api.get(made.header("Location"), who).body == made.body
        assert made.json()["id"] in {s["id"] for s in api.all("/v1/divergence-snapshots", who)}
    for who in NO_COST:
        hidden, absent = api.get(made.header("Location"), who), api.get(f"/v1/divergence-snapshots/{uuid.uuid4()}", who)
        assert (hidden.status, hidden.code) == (absent.status, absent.code) == (404, "not_found")
        listed = api.all("/v1/divergence-snapshots", who)
        assert made.json()["id"] not in {s["id"] for s in listed}
        assert api.get("/v1/divergence-snapshots", who, query={"count": "exact"}).json()["total"] == len(listed)


@pytest.mark.parametrize("body,pointer", [({"title": ""}, "/title"), ({"measure": "no_such_measure"}, "/measure"), ({"measure_version": 99}, "/measure"),
                                          ({"from_month": "2019-03", "to_month": "2019-02"}, "/to_month"), ({"level": 6}, "/level"),
                                          ({"from_month": "2009-01", "to_month": "2019-01"}, "/to_month"), ({"title": "for 010203-1234"}, "/title"),
                                          ({"as_of": "2019-02-30"}, "/as_of"), ({"as_of": "2099-01-01"}, "/as_of"),
                                          ({"as_of": "2099-01-01T00:00:00Z"}, "/as_of")])
def test_snapshots_that_are_refused(api, figures, body, pointer):
    response = freeze(api, **body)
    assert response.status == 422, response.text
    assert [e["pointer"] for e in response.json()["errors"]] == [pointer]


def test_a_snapshot_sent_again_with_its_key_is_taken_once(api, figures):
    k = key()
    first, again = freeze(api, headers=k, **Q1), freeze(api, headers=k, **Q1)
    assert (first.status, again.status) == (201, 201) and first.body == again.body and again.header("Idempotent-Replayed") == "true"
    assert hashlib.sha256(overview_bytes(again)).hexdigest() == again.json()["sha256"]
    reused = freeze(api, headers=k, level=2, **Q1)
    assert (reused.status, reused.code) == (422, "idempotency_key_reused")


@contextlib.contextmanager
def locked(database, table):
    """Nobody else gets at the table meanwhile."""
    psql = subprocess.Popen(["psql", "-XAtq", "-d", database.url("postgres")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        psql.stdin.write(f"BEGIN; LOCK TABLE {table}; SELECT 'locked';\n")
        psql.stdin.flush()
        assert psql.stdout.readline() == "locked\n"
        yield
    finally:
        psql.communicate("ROLLBACK;\n", timeout=20)


@pytest.mark.parametrize("table,call", [("divergence_snapshot", lambda api, k: freeze(api, headers=k, **Q1)),
                                        ("divergence_measure", lambda api, k: add_measure(api, new_measure(name="locked_measure"), headers=k))])
def test_the_same_request_while_the_first_is_running(api, figures, own_database, table, call):
    k = key()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with locked(own_database, "medkoord." + table):
            first = pool.submit(call, api, k)
            wait_until(lambda: own_database.sql(f"SELECT 1 FROM pg_locks WHERE relation = 'medkoord.{table}'::regclass AND NOT granted"), what="the first request")
            second = call(api, k)
        assert (second.status, second.code) == (409, "request_in_progress") and second.header("Retry-After")
        assert first.result().status == 201
    assert call(api, k).body == first.result().body


# ---- a second computation: the same figures from the uploaded rows, in fractions ----

RANDOM_MONTHS = [f"{y}-{m:02}" for y in (2010, 2011, 2012) for m in range(1, 13)][:28]
RANDOM_CODES = ["J01CA01", "J01CA02", "J01CA04", "J01CE02", "J01CF05", "J01CR02", "J01DC02", "J01DD04", "J01DH02", "J01FA09", "J01MA02", "J01MA12",
                "J01XA01", "J01XD01", "J01XX", "J01X", "J02AC01", "J02", "A07AA09", "A07AA12", "P01AB01", "QJ01CA04", "QJ51", "L01XC03"]
# Used in the same proportion to inhabitants everywhere: all of them share the first rank.
EQUAL = "V03AB14"


def number(text):
    return fractions.Fraction(text)


def group_of(atc, level):
    return atc[:(1, 3, 4, 5, 7)[level - 1] + atc.startswith("Q")]


def run_of(first, last):
    """The months from one to another, as text."""
    at, end = (int(first[:4]) * 12 + int(first[5:]) - 1), (int(last[:4]) * 12 + int(last[5:]) - 1)
    return [f"{m // 12:04}-{m % 12 + 1:02}" for m in range(at, end + 1)]


def year_before(month):
    return f"{int(month[:4]) - 1}{month[4:]}"


def days_of(month):
    first = datetime.date(int(month[:4]), int(month[5:]), 1)
    return ((first + datetime.timedelta(31)).replace(day=1) - first).days


def ratio(numerator, denominator):
    return None if denominator is None or numerator is None or denominator <= 0 else numerator / denominator


def ratio_reason(denominator):
    return "zero_denominator" if denominator == 0 else "negative_denominator" if denominator < 0 else None


class SecondComputation:
    """Overviews by the book. deliveries: those in force, the later over the earlier, each {coverage, status, rows}, its coverage
    a set of (region, month), its rows (region, month, hospital, atc, packs, ddd, cost)."""

    def __init__(self, deliveries, populations, merged, measure, prefix, level, with_cost):
        self.populations, self.measure, self.with_cost = populations, measure, with_cost
        self.prefix, self.level = prefix, level
        self.members = {"oestdanmark": ["hovedstaden", "sjaelland"]} if merged else {}
        self.shown = FOUR if merged else FIVE
        self.force = {cell: n for n, d in enumerate(deliveries) for cell in d["coverage"]}
        self.used = collections.defaultdict(lambda: {"ddd": number(0), "packs": number(0), "cost_ore": number(0)})
        self.with_rows, self.has = set(), {"packs": set(), "cost_ore": set()}
        for n, d in enumerate(deliveries):
            for where, month, _, atc, packs, ddd, cost in d["rows"]:
                if self.force[(where, month)] != n:
                    continue
                self.with_rows.add((where, month))
                for name, value in (("packs", packs), ("cost_ore", cost)):
                    if value != "":
                        self.has[name].add((where, month))
                if atc.startswith(prefix):
                    sums = self.used[(where, month, group_of(atc, level))]
                    for name, value in (("ddd", ddd), ("packs", packs), ("cost_ore", cost)):
                        sums[name] += number(value or 0)

    def is_reported(self, where, month, basis):
        cell = (where, month)
        return cell in self.force and (basis == "ddd" or cell in self.has[basis] or cell not in self.with_rows)

    def population(self, where, month):
        known = [n for on, n in sorted(self.populations[where]) if on <= month + "-01"]
        return known[-1] if known else None

    def regions(self, months):
        """What each shown region reported, and its exposure over that; None when its inhabitants are not known."""
        found = {}
        for shown in self.shown:
            members, exposure, whole, missing, left_out = self.members.get(shown, [shown]), number(0), 0, False, False
            for month in months:
                left_out |= any((m, month) in self.force and not self.is_reported(m, month, self.measure["basis"]) for m in members)
                reported = [m for m in members if self.is_reported(m, month, self.measure["basis"])]
                whole += len(reported) == len(members)
                for member in reported:
                    inhabitants = self.population(member, month)
                    missing |= inhabitants is None
                    per_day = self.measure["per"] == "1000_inhabitants_per_day"
                    exposure += number(inhabitants or 0) * (days_of(month) if per_day else number(f"1/{len(months)}"))
            found[shown] = {"reported": whole, "complete": whole == len(months), "missing": missing, "left_out": left_out, "exposure": None if missing else exposure,
                            "compared": whole == len(months) and not missing}
        return found

    def sums(self, months):
        """{group: {shown region: {ddd, packs, cost_ore}}}"""
        found = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
        of_member = {m: shown for shown in self.shown for m in self.members.get(shown, [shown])}
        for (where, month, group), sums in self.used.items():
            if month in months:
                for name, value in sums.items():
                    found[group][of_member[where]][name] += value
        return found

    def differs(self, rates):
        return len(rates) >= 2 and max(rates) > 0 and max(rates) >= number(str(self.measure["material_ratio"])) * min(rates)

    def overview(self, first, last):
        months, basis, m = run_of(first, last), self.measure["basis"], self.measure
        before = [year_before(x) for x in months]
        now, then, used, used_then = self.regions(months), self.regions(before), self.sums(months), self.sums(before)
        compared = [s for s in self.shown if now[s]["compared"]]
        both = [s for s in compared if then[s]["compared"]]
        late = months[-m["sustained_months"]:]
        lately = [(self.regions([x]), self.sums([x])) for x in late]
        cost_complete = all(self.is_reported(member, x, "cost_ore") for s in compared for member in self.members.get(s, [s]) for x in months)
        items = {}
        for group, sums in used.items():
            volume = {s: sums[s][basis] for s in self.shown}
            rate = {s: ratio(volume[s] * 1000, now[s]["exposure"]) if now[s]["reported"] else None for s in self.shown}
            total, exposure = sum(volume[s] for s in compared), sum(now[s]["exposure"] for s in compared)
            total_ddd, total_cost = sum(sums[s]["ddd"] for s in compared), sum(sums[s]["cost_ore"] for s in compared)
            rates = sorted((rate[s] for s in compared), reverse=True)
            national = ratio(total * 1000, exposure) if compared else None
            enough = total >= number(str(m["minimum_volume"])) if compared else None
            lasts = len(late) == m["sustained_months"] and all(
                self.differs([of[group][s][basis] * 1000 / area[s]["exposure"] for s in compared]) for area, of in lately)
            material = bool(enough and self.differs(rates) and lasts)
            reasons = ["fewer_than_two_regions"] if len(compared) < 2 else []
            reasons += ["below_minimum_volume"] if enough is False else []
            if len(compared) >= 2:
                reasons.append("below_material_ratio" if not self.differs(rates) else "material_ratio" if rates[-1] > 0 else "none_in_a_region")
            if enough and self.differs(rates):
                reasons.append("lasting" if lasts else "window_too_short" if len(months) < m["sustained_months"] else "not_lasting")
            spread = None
            if len(compared) >= 2 and national > 0:
                spread = math.sqrt(sum(now[s]["exposure"] * (rate[s] - national) ** 2 for s in compared) / exposure) / float(national)
            change_reason = "not_reported_year_before" if not both else ratio_reason(sum(used_then[group][s][basis] for s in both))
            change = None
            if change_reason is None:
                ours = sum(volume[s] for s in both) / sum(now[s]["exposure"] for s in both)
                change = ours / (sum(used_then[group][s][basis] for s in both) / sum(then[s]["exposure"] for s in both)) - 1
            lines = []
            for s in self.shown:
                is_in, rest = s in compared, total - volume[s]
                old = used_then[group][s][basis]
                line = {"region": s, "value": rate[s], "rank": 1 + sum(r > rate[s] for r in rates) if is_in else None,
                        "ratio_to_rest": ratio(rate[s], rest * 1000 / (exposure - now[s]["exposure"])) if is_in and len(compared) > 1 else None,
                        "excess_ddd": sums[s]["ddd"] - now[s]["exposure"] * total_ddd / exposure if is_in else None,
                        "excess_cost_ore": sums[s]["cost_ore"] - now[s]["exposure"] * total_cost / exposure
                        if is_in and self.with_cost and cost_complete else None,
                        "share_of_national": ratio(volume[s], total) if is_in else None,
                        "change_from_year_before": rate[s] / (old * 1000 / then[s]["exposure"]) - 1 if s in both and old > 0 else None,
                        "reported_months": now[s]["reported"], "complete": now[s]["complete"],
                        "reason": "not_reported" if not now[s]["reported"] and not now[s]["left_out"] else
                        "population_missing" if now[s]["missing"] else "not_delivered" if now[s]["left_out"] and not now[s]["complete"] else
                        "partly_reported" if not now[s]["complete"] else "fewer_than_two_regions" if len(compared) < 2 else ratio_reason(rest)}
                lines.append(line)
            few = "fewer_than_two_regions" if len(compared) < 2 else None
            items[group] = {"atc": group, "regions": lines, "national": national, "volume": total if compared else None,
                            "max_min_ratio": None if few else ratio(rates[0], rates[-1]), "max_min_ratio_reason": few or ratio_reason(rates[-1]),
                            "cv_weighted": spread, "cv_weighted_reason": few or ratio_reason(national), "change_from_year_before": change,
                            "change_from_year_before_reason": change_reason, "material": material, "reasons": reasons}
        return items


DECIMALS = {"value": 9, "national": 9, "volume": 4, "excess_ddd": 4, "excess_cost_ore": 0}


def must_equal(seen, expected, where):
    """The server's figures are these, rounded."""
    for name, right in expected.items():
        told, at = seen[name], (*where, name)
        if name == "regions":
            assert len(told) == len(right), at
            for a, b in zip(told, right):
                must_equal(a, b, (*where, b["region"]))
        elif isinstance(right, (fractions.Fraction, float)) and told is not None:
            # Half of the last decimal shown, and what double precision may lose; the spread is a root of a difference.
            room = 0.5 * 10 ** -DECIMALS.get(name, 6) + 1e-11 * abs(float(right)) + (5e-7 if name == "cv_weighted" else 1e-12)
            assert abs(told - float(right)) <= room, (at, told, float(right))
        else:
            assert told == right, (at, told, right)


class RandomFigures:
    """Five deliveries over each other, with gaps, corrections, reversals, left out packs and cost, a hospital that moves, changing
    numbers of inhabitants, and one delivery that is withdrawn in the end."""
    SOURCE = "random"

    def __init__(self, api, seed):
        self.draw = random.Random(seed)
        self.populations = {r: [("2018-01-01", 1)] for r in FIVE}
        self.hospitals = {}
        for n, where in enumerate(FIVE):
            # sjaelland's first number comes a month later: until then there is no rate.
            for on in ("2010-01-01" if where != "sjaelland" else "2010-02-01", "2011-01-01", "2011-06-15", "2012-01-01"):
                self.populations[where].append((on, self.draw.randint(300, 2000) * 1000))
                settle(api, where, *self.populations[where][-1])
            for code in (f"R{n}A", f"R{n}B"):
                self.hospitals[code] = [("2008-01-01", where)]
        self.hospitals["MOVES"] = [("2008-01-01", "nordjylland"), ("2011-07-01", "midtjylland")]
        for code, periods in self.hospitals.items():
            made = api.post("/v1/hospitals", {"code": code, "name": code, "region": periods[0][1], "valid_from": periods[0][0]}, headers=key())
            assert made.status == 201, made.text
            for since, where in periods[1:]:
                moved = api.patch("/v1/hospitals/" + code, {"region": where, "from": since}, headers={"If-Match": made.etag})
                assert moved.status == 200, moved.text
        covers = [[(r, "2010-01", "2011-12") for r in FIVE],
                  [(r, "2012-01", "2012-03") for r in FIVE if r != "sjaelland"] + [("sjaelland", "2012-03", "2012-04")],
                  [("midtjylland", "2011-03", "2011-08"), ("hovedstaden", "2011-05", "2011-06")],
                  [("syddanmark", "2011-06", "2012-02")],
                  [("nordjylland", "2011-01", "2011-12")]]
        self.deliveries = []
        for n, coverage in enumerate(covers):
            rows = self.rows(coverage, with_packs=n != 2, with_cost=n != 3)
            status = "provisional" if n == 1 else "final"
            made = deliver(api, [r[1:] for r in rows], coverage, self.SOURCE, status)
            self.deliveries.append({"coverage": {(r, m) for r, a, b in coverage for m in run_of(a, b)}, "rows": rows, "status": status,
                                    "id": made["id"], "accepted_at": made["accepted_at"]})
        gone = api.post(f"/v1/consumption-deliveries/{made['id']}/transitions", {"action": "withdraw", "reason": "prøve"}, "amgros")
        assert gone.status in (200, 201), gone.text

    def region_of(self, hospital, month):
        return [where for since, where in self.hospitals[hospital] if since <= month + "-01"][-1]

    def rows(self, coverage, with_packs, with_cost):
        draw, found = self.draw, []
        for where, first, last in coverage:
            for month in run_of(first, last):
                inhabitants = [n for on, n in sorted(self.populations[where]) if on <= month + "-01"]
                there = [h for h in self.hospitals if self.region_of(h, month) == where]
                if inhabitants:
                    # 0.0037 DDD per 1,000 inhabitants per day.
                    found.append((where, month, there[0], EQUAL, "", self.decimal(37 * days_of(month) * inhabitants[-1] // 1000), ""))
                if draw.random() < 0.04:
                    continue  # a region-month with next to nothing in it
                for hospital in there:
                    for n, atc in enumerate(RANDOM_CODES):
                        if draw.random() < 0.15 + 0.5 / (1 + n % 5):
                            ddd = self.decimal(draw.randint(-20_000, 4_000_000) * draw.choice((1, 1, 1, 5)))
                            packs = self.decimal(draw.randint(-10_000, 900_000)) if with_packs and draw.random() < 0.8 else ""
                            cost = str(draw.randint(-5_000, 9_000_000)) if with_cost and draw.random() < 0.8 else ""
                            found.append((where, month, hospital, atc, packs, ddd, cost))
        return found

    @staticmethod
    def decimal(e4):
        """Ten-thousandths as a decimal number."""
        return f"{'-' if e4 < 0 else ''}{abs(e4) // 10_000}.{abs(e4) % 10_000:04}"

    def known(self, upto):
        """The deliveries in force when the one with this number had been accepted; None: now."""
        return self.deliveries[:-1] if upto is None else self.deliveries[:upto + 1]


@pytest.fixture(scope="module")
def randomly(api, figures):
    return RandomFigures(api, 20240517)


@pytest.fixture(scope="module")
def measures(api, figures):
    """Measures by name, in the version that is asked for; two of them have low thresholds."""
    low = [add_measure(api, new_measure(name=n, basis=b, per=p, minimum_volume=v, material_ratio=r, sustained_months=s)).json() for n, b, p, v, r, s in (
        ("random_packs_per_day", "packs", "1000_inhabitants_per_day", 300, 1.25, 2), ("random_ddd_per_1000", "ddd", "1000_inhabitants", 5000.5, 1.5, 4))]
    first = [m for m in api.all("/v1/divergence-measures", "auditor") if m["name"] in ("ddd_per_1000_per_day", "packs_per_1000", "cost_per_1000") and m["version"] == 1]
    return low + first


def test_the_figures_are_those_of_a_second_computation(api, randomly, measures):
    draw, met, compared = random.Random(7), collections.Counter(), 0
    for n in range(60):
        measure = measures[n % len(measures)]
        first, last = (("2011-01", "2011-12"), sorted(draw.sample(RANDOM_MONTHS, 2)), [draw.choice(RANDOM_MONTHS)] * 2,
                       draw.choice((("2010-01", "2010-02"), ("2011-05", "2011-06"), ("2012-02", "2012-04"), ("2012-04", "2012-04"))))[n % 4]
        level, prefix = draw.choice((1, 2, 3, 4, 5, 5)), draw.choice(("", "", "J", "J01C", "J01X", "QJ"))
        merged = n % 3 == 1
        upto = draw.choice((None, 0, 1, 2, 3, 4)) if not merged else None
        who = "auditor" if measure["basis"] == "cost_ore" else draw.choice(("auditor", "reader"))
        query = {"source": randomly.SOURCE, "measure": measure["name"], "measure_version": measure["version"], "from_month": first, "to_month": last,
                 "level": level, "region_basis": "current" if merged else "as_reported", "atc": prefix or None,
                 "as_of": "2027-06-01" if merged else None if upto is None else randomly.deliveries[upto]["accepted_at"]}
        seen = overview(api, who, **query)
        expected = SecondComputation(randomly.known(upto), randomly.populations, merged, measure, prefix, level, who == "auditor").overview(first, last)
        assert codes(seen) == sorted(expected), query
        for i in seen["items"]:
            must_equal(i, expected[i["atc"]], (n, measure["name"], first, last, level, i["atc"]))
            met.update(i["reasons"] + [r["reason"] for r in i["regions"]] + [i["max_min_ratio_reason"], i["change_from_year_before_reason"]])
            compared += 1
    # The sample has met what it is about.
    assert compared > 300
    assert set() == {"material_ratio", "lasting", "not_lasting", "below_minimum_volume", "below_material_ratio", "none_in_a_region", "window_too_short",
            "partly_reported", "not_reported", "not_delivered", "population_missing", "fewer_than_two_regions", "not_reported_year_before", "zero_denominator"} - set(met)


def test_regions_that_use_the_same_share_a_rank(api, randomly):
    for first, last in (("2010-02", "2010-02"), ("2010-03", "2011-02"), ("2011-01", "2011-12")):
        i = item(overview(api, source=randomly.SOURCE, from_month=first, to_month=last, atc=EQUAL), EQUAL)
        assert by_region(i, "value") == [0.0037] * 5 and by_region(i, "rank") == [1] * 5
        assert i["max_min_ratio"] == 1 and i["cv_weighted"] == 0 and by_region(i, "excess_ddd") == [0] * 5


@pytest.mark.parametrize("atc", ["J01CA04", "J01X", "QJ51"])
def test_the_months_are_those_of_a_second_computation(api, randomly, measures, atc):
    for measure in measures:
        first, last = "2011-05", "2012-04"
        seen = api.get("/v1/divergence/" + atc, "auditor", query={"source": randomly.SOURCE, "measure": measure["name"], "measure_version": measure["version"],
                                                                  "from_month": first, "to_month": last}).json()
        book = SecondComputation(randomly.known(None), randomly.populations, False, measure, atc, 5, True)
        volumes, name = collections.Counter(), measure["basis"]
        for n, d in enumerate(randomly.known(None)):
            for where, month, hospital, code, packs, ddd, cost in d["rows"]:
                if book.force[(where, month)] == n and code.startswith(atc):
                    value = number({"packs": packs, "ddd": ddd, "cost_ore": cost}[name] or 0)
                    volumes[(where, None, month)] += value
                    volumes[(where, hospital, month)] += value
        status = {cell: randomly.known(None)[n]["status"] for cell, n in book.force.items()}
        assert {s["region"] for s in seen["series"]["regions"]} == set(FIVE)
        for s in seen["series"]["regions"] + seen["series"]["hospitals"]:
            for m in s["months"]:
                cell, at = (s["region"], m["month"]), (measure["name"], s["region"], s.get("hospital"), m["month"])
                if not book.is_reported(*cell, name):
                    assert (m["value"], m["volume"], m["status"]) == (None, None, None), at
                    continue
                volume, exposure = volumes[(s["region"], s.get("hospital"), m["month"])], book.regions([m["month"]])[s["region"]]["exposure"]
                assert m["status"] == status[cell], at
                must_equal(m, {"value": volume * 1000 / exposure, "volume": volume + number(0)}, at)
        moved = {s["region"]: [m["month"] for m in s["months"]] for s in seen["series"]["hospitals"] if s["hospital"] == "MOVES"}
        assert moved == {"nordjylland": ["2011-05", "2011-06"], "midtjylland": run_of("2011-07", "2012-04")}, "each month where it belonged"


def test_a_hospital_moved_after_its_figures_came_has_no_untrue_zero(api, figures):
    window = {"source": "moving", "from_month": "2019-01", "to_month": "2019-03"}
    made = api.post("/v1/hospitals", {"code": "HMOVE", "name": "Flytter", "region": "nordjylland", "valid_from": "2008-01-01"}, headers=key())
    assert made.status == 201, made.text
    deliver(api, [(f"2019-0{m}", "HMOVE", "J01CA04", "", str(m), "") for m in (1, 2)],
            [("nordjylland", "2019-01", "2019-03"), ("midtjylland", "2019-01", "2019-03")], "moving")
    moved = api.patch("/v1/hospitals/HMOVE", {"region": "midtjylland", "from": "2019-02-01"}, headers={"If-Match": made.etag})
    assert moved.status == 200, moved.text
    series = api.get("/v1/divergence/J01CA04", query=window).json()["series"]
    told = {h["region"]: [(m["month"], m["volume"]) for m in h["months"]] for h in series["hospitals"] if h["hospital"] == "HMOVE"}
    # February's 2 DDD were counted in nordjylland. In March it used none, in midtjylland.
    assert told == {"nordjylland": [("2019-01", 1), ("2019-02", 2)], "midtjylland": [("2019-03", 0)]}
