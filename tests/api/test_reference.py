"""Reference data through HTTP: regions and the merger of 2027-01-01, populations, hospitals, ATC codes.
The database is shared with the other tests, so each test keeps to its own codes, dates and prefixes.
SPDX-License-Identifier: MPL-2.0
"""
import concurrent.futures
import datetime
import urllib.parse
import zoneinfo

import pytest

from medkoord_api import key, says

BEFORE, AFTER = "2026-12-31", "2027-01-01"
FIVE = ["nordjylland", "midtjylland", "syddanmark", "hovedstaden", "sjaelland"]
FOUR = ["nordjylland", "midtjylland", "syddanmark", "oestdanmark"]
EVERYBODY = ["reader", "amgros", "forum_secretariat", "region_coordinator:nordjylland", "auditor", "admin"]
NOT_ADMIN = EVERYBODY[:-1]
# Every spelling that people use, of a date that exists.
CPR_NUMBERS = ["0101801234", "010180-1234", "010180 1234", "01.01.80-1234", "cpr010180–1234", "2902961234"]
NO_CPR_NUMBERS = ["3101131234567", "3213801234", "0113801234", "3002801234", "12345678", "010180-123"]


def today():
    return datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Copenhagen")).date().isoformat()


def made_only_once(answers):
    """Of several that create the same thing at once: one did, and the others were told that it is there."""
    assert sorted(a.status for a in answers) == [201] + [428] * (len(answers) - 1)


def at_once(call, times=8):
    with concurrent.futures.ThreadPoolExecutor(times) as pool:
        return list(pool.map(call, range(times)))


# ---- regions ----

def slugs(api, **query):
    return [r["slug"] for r in api.all("/v1/regions", query=query)]


@pytest.mark.parametrize("as_of,expected", [("0001-01-01", []), ("2006-12-31", []), ("2007-01-01", FIVE), (BEFORE, FIVE), (AFTER, FOUR),
                                            ("9999-12-31", FOUR)])
def test_regions_in_force_on_a_date(api, as_of, expected):
    assert slugs(api, as_of=as_of) == expected


def test_a_page_of_regions_keeps_to_its_date(api):
    first = api.get("/v1/regions", query={"as_of": BEFORE, "limit": 2}).json()
    assert [r["slug"] for r in first["items"]] == FIVE[:2] and "as_of=" + BEFORE in first["next"]
    assert slugs(api, as_of=BEFORE, limit=2) == FIVE and slugs(api, as_of=AFTER, limit=2) == FOUR
    assert api.get("/v1/regions", query={"as_of": BEFORE, "limit": 5}).json()["next"] is None
    says(api.get(first["next"].replace(BEFORE, AFTER)), 400, "invalid_cursor")


def test_regions_without_a_date_are_those_of_today_in_denmark(api):
    assert slugs(api) == slugs(api, as_of=today())
    for slug in FIVE + ["oestdanmark"]:
        assert api.get(f"/v1/regions/{slug}").json() == api.get(f"/v1/regions/{slug}", query={"as_of": today()}).json()


def test_what_a_region_was_and_becomes(api):
    assert api.get("/v1/regions/sjaelland", query={"as_of": BEFORE}).json() == {
        "slug": "sjaelland", "name": "Region Sjælland", "code": "1085", "valid_from": "2007-01-01", "valid_to": "2027-01-01",
        "successor": "oestdanmark", "predecessors": [], "current": "sjaelland"}
    assert api.get("/v1/regions/oestdanmark", query={"as_of": BEFORE}).json() == {
        "slug": "oestdanmark", "name": "Region Østdanmark", "code": None, "valid_from": "2027-01-01", "valid_to": None,
        "successor": None, "predecessors": ["hovedstaden", "sjaelland"], "current": "oestdanmark"}
    assert [api.get(f"/v1/regions/{slug}").json()["code"] for slug in FIVE] == ["1081", "1082", "1083", "1084", "1085"]


@pytest.mark.parametrize("slug,before,after", [("hovedstaden", "hovedstaden", "oestdanmark"), ("sjaelland", "sjaelland", "oestdanmark"),
                                               ("nordjylland", "nordjylland", "nordjylland")])
def test_who_stands_for_a_region_on_both_sides_of_the_merger(api, slug, before, after):
    path = f"/v1/regions/{slug}"
    old, new = api.get(path, query={"as_of": BEFORE}), api.get(path, query={"as_of": AFTER})
    assert (old.json()["current"], new.json()["current"]) == (before, after)
    assert (old.etag == new.etag) == (before == after), "another answer has another tag"
    same = api.get(path, query={"as_of": AFTER}, headers={"If-None-Match": new.etag})
    assert (same.status, same.body, same.etag) == (304, b"", new.etag)
    assert api.get(path, query={"as_of": AFTER}, headers={"If-None-Match": old.etag}).status == (304 if before == after else 200)


def test_everybody_reads_regions_and_nobody_writes_them(api):
    answers = [api.get("/v1/regions/syddanmark", who) for who in EVERYBODY]
    assert {a.status for a in answers} == {200} and len({a.body for a in answers}) == 1
    for method in ("PUT", "PATCH", "DELETE", "POST"):
        response = api.call(method, "/v1/regions/syddanmark", "admin", hold=False)
        assert response.status == 405 and set(response.header("Allow").split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("as_of", ["2026-13-01", "2026-02-29", "2026-1-1", "20260101", "today", "infinity", "0000-01-01", "2026-01-01T00:00:00Z", ""])
def test_a_date_that_is_none_is_named(api, as_of):
    for path in ("/v1/regions", "/v1/regions/nordjylland", "/v1/hospitals"):
        says(api.get(path, query={"as_of": as_of}), 400, "invalid_parameter", "bad_format query/as_of")


def test_bad_parameters_are_all_named_at_once(api):
    response = api.get("/v1/regions?as_of=2026-02-29&as_of=2026-01-01&limit=0&cursor=%C3%A6&foo=1&bar=%ff")
    says(response, 400, "invalid_parameter", "bad_format query/as_of", "duplicate_parameter query/as_of", "out_of_range query/limit",
         "bad_pattern query/cursor", "unknown_parameter query/foo", "unknown_parameter query/bar")


def test_a_region_is_named_by_its_slug(api):
    says(api.get("/v1/regions/atlantis"), 404, "not_found")
    for slug in ("Nordjylland", "sj%C3%A6lland", "1081", "a" * 32):
        response = api.get("/v1/regions/" + slug)
        assert (response.status, response.code) == (400, "invalid_parameter")
        assert {e["pointer"] for e in response.json()["errors"]} == {"path/region"}


# ---- populations ----

FIGURE = {"population": 590439, "source": "Danmarks Statistik, FOLK1A", "evidence": "sourced"}


def population(region, date):
    return f"/v1/regions/{region}/populations/{date}"


def put(api, path, etag=None, who="admin", **changes):
    return api.put(path, {**FIGURE, **changes}, who, headers={"If-Match": etag})


def test_a_population_is_put_read_and_replaced(api):
    path = population("nordjylland", "2009-01-01")
    says(api.get(path), 404, "not_found")
    made = put(api, path)
    assert made.status == 201 and made.header("Location") == path
    body = made.json()
    assert body == {"region": "nordjylland", "date": "2009-01-01", **FIGURE, "changed_at": body["changed_at"]}
    got = api.get(path)
    assert got.status == 200 and got.body == made.body and got.etag == made.etag
    assert api.get(path, headers={"If-None-Match": got.etag}).status == 304

    new = put(api, path, got.etag, population=590440, source="Skønnet: æøå ÆØÅ “§ 3” €", evidence="recalled")
    assert new.status == 200 and new.header("Location") is None and new.etag not in (None, got.etag)
    assert new.json()["population"] == 590440 and new.json()["source"] == "Skønnet: æøå ÆØÅ “§ 3” €"
    assert new.json()["changed_at"] > body["changed_at"]
    fresh = api.get(path, headers={"If-None-Match": got.etag})
    assert fresh.status == 200 and fresh.body == new.body and fresh.etag == new.etag


def test_a_population_is_replaced_only_by_one_who_has_read_it(api):
    path = population("nordjylland", "2009-02-01")
    first = put(api, path)
    second = put(api, path, first.etag, population=2)
    says(put(api, path, population=3), 428, "precondition_required")
    says(put(api, path, first.etag, population=3), 412, "precondition_failed")
    says(put(api, path, "W/" + second.etag, population=3), 412, "precondition_failed")
    says(put(api, path, "1", population=3), 400, "invalid_parameter", "bad_pattern header/If-Match")
    says(put(api, path, '"1", "2"', population=3), 400, "invalid_parameter", "too_many_items header/If-Match")
    assert api.get(path).body == second.body
    assert put(api, path, "*", population=4).status == 200
    assert api.get(path).json()["population"] == 4


def test_what_is_not_there_cannot_be_matched(api):
    path = population("nordjylland", "2009-03-01")
    for etag in ('"1"', "*"):
        says(put(api, path, etag), 412, "precondition_failed")
    assert api.get(path).status == 404


def test_eight_who_put_the_same_new_figure_make_it_once(api):
    made_only_once(at_once(lambda i: put(api, population("nordjylland", "2009-04-01"), population=100 + i)))
    path = population("nordjylland", "2009-05-01")
    etag = put(api, path).etag
    answers = at_once(lambda i: put(api, path, etag, population=100 + i))
    assert sorted(a.status for a in answers) == [200] + [412] * 7
    assert [a.body for a in answers if a.status == 200] == [api.get(path).body]


@pytest.mark.parametrize("region,date,exists", [
    ("nordjylland", "2006-12-31", False), ("nordjylland", "2007-01-01", True), ("hovedstaden", BEFORE, True), ("hovedstaden", AFTER, False),
    ("sjaelland", BEFORE, True), ("sjaelland", AFTER, False), ("oestdanmark", BEFORE, False), ("oestdanmark", AFTER, True),
    ("oestdanmark", "9999-12-31", True)])
def test_a_region_has_a_population_only_while_it_exists(api, region, date, exists):
    response = put(api, population(region, date))
    if exists:
        assert response.status == 201, response.text
    else:
        says(response, 422, "region_not_in_force")
        danish = api.put(population(region, date), FIGURE, headers={"Accept-Language": "da"})
        assert danish.json()["title"] == "Regionen findes ikke på den dato"
    assert api.get(population(region, date)).status == (200 if exists else 404)


def test_the_path_of_a_population_is_checked(api):
    says(put(api, population("atlantis", "2009-01-01")), 404, "not_found")
    says(api.get(population("atlantis", "2009-01-01")), 404, "not_found")
    says(api.get(population("nordjylland", "1999-01-01")), 404, "not_found")
    for date in ("2009-02-29", "2009", "20090101", "infinity", "2009-01-01%20", "0000-01-01"):
        for response in (api.get(population("nordjylland", date)), put(api, population("nordjylland", date))):
            says(response, 400, "invalid_parameter", "bad_format path/date")


@pytest.mark.parametrize("changes,errors", [
    ({"population": 0}, ["out_of_range /population"]), ({"population": -1}, ["out_of_range /population"]),
    ({"population": 100_000_001}, ["out_of_range /population"]), ({"population": 2**63 - 1}, ["out_of_range /population"]),
    ({"population": 1.5}, ["wrong_type /population"]), ({"population": "1"}, ["wrong_type /population"]),
    ({"population": True}, ["wrong_type /population"]), ({"population": None}, ["wrong_type /population"]),
    ({"source": ""}, ["too_short /source"]), ({"source": "å" * 501}, ["too_long /source"]), ({"source": "a\u0001"}, ["control_character /source"]),
    ({"evidence": "guessed"}, ["not_in_enum /evidence"]), ({"evidence": "Sourced"}, ["not_in_enum /evidence"]),
    ({"changed_by": "me"}, ["unknown_property /changed_by"]),
    ({"population": 0, "source": "", "evidence": "x", "a/b~c": 1},
     ["out_of_range /population", "too_short /source", "not_in_enum /evidence", "unknown_property /a~1b~0c"])])
def test_a_bad_figure_is_refused_with_every_fault(api, changes, errors):
    path = population("nordjylland", "2010-01-01")
    says(put(api, path, **changes), 422, "validation_failed", *errors)
    assert api.get(path).status == 404


def test_a_figure_needs_all_its_parts(api):
    path = population("nordjylland", "2010-01-01")
    says(api.put(path, {}), 422, "validation_failed", "required /population", "required /source", "required /evidence")
    says(api.put(path, None), 400, "invalid_body")
    longest = put(api, population("nordjylland", "2010-02-01"), source="å" * 500, population=100_000_000)
    assert longest.status == 201 and longest.json()["source"] == "å" * 500


@pytest.mark.parametrize("number", CPR_NUMBERS)
def test_a_cpr_number_is_refused_and_not_repeated(api, number):
    path = population("nordjylland", "2010-03-01")
    response = put(api, path, source=f"oplyst af {number} pr. telefon", population=0)
    assert (response.status, response.code) == (422, "cpr_number_not_allowed")
    assert "cpr_number_not_allowed /source" in [f"{e['code']} {e['pointer']}" for e in response.json()["errors"]]
    assert number not in response.text and number not in api.server.log.read_text()
    assert api.get(path).status == 404


def test_other_numbers_are_no_cpr_numbers(api):
    path = population("nordjylland", "2010-04-01")
    assert put(api, path).status == 201
    for number in NO_CPR_NUMBERS:
        response = put(api, path, "*", source=f"sag {number}")
        assert response.status == 200 and response.json()["source"] == f"sag {number}"


def test_a_rehearsal_that_is_not_offered_is_refused(api):
    path = population("nordjylland", "2010-05-01")
    says(api.put(path, FIGURE, headers={"Prefer": "tx=rollback"}), 400, "invalid_parameter", "not_applicable header/Prefer")
    assert api.get(path).status == 404


@pytest.fixture(scope="module")
def figures(api):
    """Three figures of three regions in 2012, whose list is by region and then by date."""
    listed = [(region, f"2012-0{month}-01") for region in ("midtjylland", "syddanmark", "sjaelland") for month in (1, 2, 3)]
    for region, date in reversed(listed):
        assert put(api, population(region, date)).status == 201
    return listed


def test_populations_are_listed_by_region_and_date(api, figures):
    def listed(**query):
        return [(p["region"], p["date"]) for p in api.all("/v1/populations", query=query)]

    year = {"from": "2012-01-01", "to": "2012-12-31"}
    assert listed(**year) == figures
    for limit in (1, 2, 4, 9, 500):
        assert listed(**year, limit=limit) == figures
    assert listed(**year, region="syddanmark") == figures[3:6]
    assert listed(**{"from": "2012-02-01", "to": "2012-02-01"}) == figures[1::3], "both ends are included"
    assert listed(**{"from": "2012-02-02", "to": "2012-02-29"}) == listed(**{"from": "2012-12-31", "to": "2012-01-01"}) == []
    assert listed(**year, region="oestdanmark") == []
    one = api.get("/v1/populations", query={**year, "limit": 1}).json()["items"][0]
    assert one == api.get(population(*figures[0])).json()


def test_populations_are_counted_when_asked(api, figures):
    query = {"from": "2012-01-01", "to": "2012-12-31", "count": "exact", "limit": 4}
    page = api.get("/v1/populations", query=query).json()
    assert page["total"] == 9 and len(page["items"]) == 4
    second = api.get(page["next"]).json()
    assert second["total"] == 9 and len(second["items"]) == 4
    assert api.get("/v1/populations", query={**query, "from": "2012-12-01"}).json() == {"items": [], "next": None, "total": 0}
    says(api.get("/v1/populations", query={**query, "count": "about"}), 400, "invalid_parameter", "not_in_enum query/count")
    says(api.get(page["next"].replace("from=2012-01-01", "from=2012-01-02")), 400, "invalid_cursor")


def test_a_filter_by_a_region_that_does_not_exist_is_a_mistake(api):
    for path in ("/v1/populations", "/v1/hospitals"):
        says(api.get(path, query={"region": "atlantis"}), 400, "invalid_parameter", "invalid_parameter query/region")
        says(api.get(path, query={"region": "Østdanmark"}), 400, "invalid_parameter", "bad_pattern query/region")


# ---- hospitals: creating ----

def create(api, code, region="hovedstaden", valid_from="2015-01-01", name="Prøvehospitalet", who="admin", headers=None, **more):
    body = {"code": code, "name": name, "region": region, "valid_from": valid_from, **more}
    return api.post("/v1/hospitals", {k: v for k, v in body.items() if v is not None}, who, headers=key() if headers is None else headers)


def address(code):
    return "/v1/hospitals/" + urllib.parse.quote(code, safe="")


def read(api, code, as_of=None, who="admin"):
    response = api.get(address(code), who, query={"as_of": as_of} if as_of else None)
    assert response.status == 200, response.text
    return response.json()


def change(api, hospital, who="admin", etag="*", **changes):
    return api.patch(address(hospital), changes, who, headers={"If-Match": etag})


def move(api, hospital, **body):
    headers = body.pop("headers", None) or key()
    who = body.pop("who", "admin")
    return api.post(address(hospital) + "/transitions", body, who, headers=headers)


def test_a_hospital_is_created_and_read(api):
    made = create(api, "REF1", name="Rigshospitalet, Blegdamsvej")
    assert made.status == 201 and made.header("Location") == "/v1/hospitals/REF1"
    body = made.json()
    assert body == {"code": "REF1", "name": "Rigshospitalet, Blegdamsvej", "region": "hovedstaden" if today() < AFTER else "oestdanmark",
                    "status": "open", "closed_on": None, "actions": ["close"], "changed_at": body["changed_at"],
                    "regions": [{"region": "hovedstaden", "valid_from": "2015-01-01", "valid_to": None}]}
    got = api.get("/v1/hospitals/REF1", "admin")
    assert got.body == made.body and got.etag == made.etag
    assert api.get("/v1/hospitals/REF1", "admin", headers={"If-None-Match": got.etag}).status == 304


def test_a_hospital_is_the_same_for_others_but_for_what_they_may_do(api):
    made = create(api, "REF2")
    for who in NOT_ADMIN:
        seen = api.get("/v1/hospitals/REF2", who)
        assert seen.json() == {**made.json(), "actions": []}
        assert seen.etag != made.etag, "another answer has another tag"
    assert api.get("/v1/hospitals/REF2", "reader", headers={"If-None-Match": made.etag}).status == 200


def test_only_admin_changes_hospitals(api):
    before = create(api, "REF3")
    for who in NOT_ADMIN:
        says(create(api, "REF3X", who=who), 403, "forbidden")
        says(change(api, "REF3", who, name="Andet navn"), 403, "forbidden")
        says(move(api, "REF3", who=who, action="close"), 403, "forbidden")
    assert api.get("/v1/hospitals/REF3", "admin").body == before.body
    says(api.get("/v1/hospitals/REF3X"), 404, "not_found")


def test_a_hospital_is_never_deleted_or_put(api):
    for method in ("PUT", "DELETE", "POST"):
        response = api.call(method, "/v1/hospitals/REF1", "admin", hold=False)
        assert response.status == 405 and set(response.header("Allow").split(", ")) == {"GET", "HEAD", "PATCH"}


def test_danish_letters_in_codes_and_addresses(api):
    made = create(api, "ÆØÅæøå-9", "syddanmark", name="Ærø Sygehus")
    assert made.status == 201, made.text
    assert made.header("Location") == "/v1/hospitals/%C3%86%C3%98%C3%85%C3%A6%C3%B8%C3%A5-9"
    for path in (made.header("Location"), made.header("Location").lower().replace("/V1", "/v1")):
        assert api.get(path, "admin").body == made.body
    assert create(api, "æøåÆØÅ-9", "syddanmark").status == 201, "upper and lower case differ"
    renamed = api.patch(made.header("Location"), {"name": "Ærø Øhospital"}, headers={"If-Match": made.etag})
    assert renamed.status == 200 and renamed.json()["name"] == "Ærø Øhospital"
    assert move(api, "ÆØÅæøå-9", action="close", on="2020-01-01").json()["closed_on"] == "2020-01-01"


@pytest.mark.parametrize("code", ["", "A B", "A/B", "A" * 17, "É", "A\u030a", "A\n", "A_B", "A.B", "ＡＢ"])
def test_what_is_no_code_is_refused(api, code):
    refused = create(api, code)
    assert (refused.status, refused.code) == (422, "validation_failed")
    assert {e["pointer"] for e in refused.json()["errors"]} == {"/code"}
    if code and "/" not in code:
        asked = api.get(address(code))
        assert (asked.status, asked.code) == (400, "invalid_parameter")
        assert {e["pointer"] for e in asked.json()["errors"]} == {"path/hospital"}


def test_a_slash_in_a_segment_does_not_become_another_path(api):
    assert api.get("/v1/hospitals/REF1%2Ftransitions", hold=False).status in (400, 404)
    assert api.get("/v1/hospitals/REF1%00", hold=False).status == 400


def test_sixteen_letters_are_a_code_whatever_their_bytes(api):
    made = create(api, "Å" * 16)
    assert made.status == 201 and api.get(made.header("Location")).json()["code"] == "Å" * 16


def test_a_code_is_given_once(api):
    assert create(api, "REF4", name="Den første").status == 201
    says(create(api, "REF4", "nordjylland", name="Den anden"), 409, "already_exists")
    assert create(api, "ref4", "nordjylland").status == 201
    assert read(api, "REF4")["name"] == "Den første"
    answers = at_once(lambda i: create(api, "REF5", name=f"Nummer {i}"))
    assert sorted(a.status for a in answers) == [201] + [409] * 7
    assert {a.code for a in answers if a.status == 409} == {"already_exists"}


def test_a_hospital_without_a_day_begins_today(api):
    made = create(api, "REF6", "nordjylland", valid_from=None)
    assert made.json()["regions"] == [{"region": "nordjylland", "valid_from": today(), "valid_to": None}]


def test_a_hospital_begins_in_a_region_that_exists(api):
    says(create(api, "REF7", "atlantis"), 422, "unknown_reference", "unknown_reference /region")
    says(create(api, "REF7", "oestdanmark", BEFORE), 422, "region_not_in_force", "region_not_in_force /region")
    says(create(api, "REF7", "sjaelland", AFTER), 422, "region_not_in_force", "region_not_in_force /region")
    says(create(api, "REF7", "sjaelland", "2006-12-31"), 422, "region_not_in_force", "region_not_in_force /region")
    says(api.get("/v1/hospitals/REF7"), 404, "not_found")
    assert create(api, "REF7", "oestdanmark", AFTER).status == 201
    assert read(api, "REF7", BEFORE)["region"] is None and read(api, "REF7", AFTER)["region"] == "oestdanmark"


def test_a_new_hospital_is_told_all_its_faults(api):
    response = api.post("/v1/hospitals", {"name": "", "region": "Øst", "valid_from": "2015-02-29", "region_no": 1}, headers=key())
    says(response, 422, "validation_failed", "required /code", "too_short /name", "bad_pattern /region", "bad_format /valid_from",
         "unknown_property /region_no")
    says(create(api, "REF8", name="x" * 201), 422, "validation_failed", "too_long /name")
    assert create(api, "REF8", name="ø" * 200).status == 201


@pytest.mark.parametrize("number", CPR_NUMBERS)
def test_a_cpr_number_is_no_name_of_a_hospital(api, number):
    refused = create(api, "REF9", name=f"Klinik {number}")
    says(refused, 422, "cpr_number_not_allowed", "cpr_number_not_allowed /name")
    assert number not in refused.text and number not in api.server.log.read_text()
    says(api.get("/v1/hospitals/REF9"), 404, "not_found")
    create(api, "REF10")
    says(change(api, "REF10", name=f"Klinik {number}"), 422, "cpr_number_not_allowed", "cpr_number_not_allowed /name")
    assert read(api, "REF10")["name"] == "Prøvehospitalet"


@pytest.mark.parametrize("code", ["0101801234", "010180-1234", "x-010180-1234"])
def test_a_cpr_number_is_no_code_of_a_hospital(api, code):
    says(create(api, code), 422, "cpr_number_not_allowed", "cpr_number_not_allowed /code")
    says(api.get(address(code)), 404, "not_found")


# ---- hospitals: idempotency keys ----

def test_a_key_answers_as_at_first_whatever_has_happened_since(api):
    k = key()
    first = create(api, "KEY1", headers=k)
    assert change(api, "KEY1", name="Omdøbt").status == 200
    again = create(api, "KEY1", headers=k)
    assert again.status == 201 and again.body == first.body and again.header("Idempotent-Replayed") == "true"
    assert again.header("Location") == "/v1/hospitals/KEY1" and again.etag == first.etag
    assert read(api, "KEY1")["name"] == "Omdøbt"


def test_a_key_of_a_transition_closes_once(api):
    create(api, "KEY2")
    k = key()
    closed = move(api, "KEY2", action="close", on="2020-01-01", headers=k)
    assert closed.status == 200 and move(api, "KEY2", action="reopen", on="2021-01-01").status == 200
    again = move(api, "KEY2", action="close", on="2020-01-01", headers=k)
    assert again.status == 200 and again.body == closed.body and again.header("Idempotent-Replayed") == "true"
    assert read(api, "KEY2")["status"] == "open"
    says(move(api, "KEY2", action="close", on="2022-01-01", headers=k), 422, "idempotency_key_reused")


def test_a_key_is_for_one_hospital_and_one_operation(api):
    create(api, "KEY3"), create(api, "KEY4")
    k = key()
    assert move(api, "KEY3", action="close", on="2020-01-01", headers=k).status == 200
    says(move(api, "KEY4", action="close", on="2020-01-01", headers=k), 422, "idempotency_key_reused")
    assert read(api, "KEY4")["closed_on"] is None
    says(create(api, "KEY5", headers=k), 422, "idempotency_key_reused")
    says(api.get("/v1/hospitals/KEY5"), 404, "not_found")


def test_a_refused_transition_leaves_its_key_free(api):
    create(api, "KEY6")
    k = key()
    says(move(api, "KEY6", action="reopen", headers=k), 409, "transition_not_allowed")
    assert move(api, "KEY6", action="close", headers=k).status == 200


def test_eight_who_close_with_one_key_close_once(api, cluster):
    create(api, "KEY7")
    k = key()
    answers = at_once(lambda i: move(api, "KEY7", action="close", on="2020-01-01", headers=k))
    assert {a.status for a in answers} <= {200, 409} and {a.code for a in answers} <= {None, "request_in_progress"}
    assert len({a.body for a in answers if a.status == 200}) == 1
    assert cluster.sql("SELECT count(*) FROM medkoord.hospital_transition t JOIN medkoord.hospital h USING (hospital_no) "
                       "WHERE h.code = 'KEY7'") == [["1"]]


@pytest.mark.parametrize("bad", ["a b", "x" * 256, "æ"])
def test_a_bad_key_is_named(api, bad):
    refused = create(api, "KEY8", headers={"Idempotency-Key": bad.encode()})
    assert (refused.status, refused.code) == (400, "invalid_parameter")
    assert {e["pointer"] for e in refused.json()["errors"]} == {"header/Idempotency-Key"}
    assert create(api, "KEY9" + str(len(bad)), headers={}).status == 201, "the key is the caller's choice"


# ---- hospitals: renaming and moving ----

def periods(hospital):
    return [(p["region"], p["valid_from"], p["valid_to"]) for p in hospital["regions"]]


def test_a_hospital_is_renamed_under_its_entity_tag(api):
    made = create(api, "MOVE1")
    says(api.patch("/v1/hospitals/MOVE1", {"name": "Nyt navn"}), 428, "precondition_required")
    new = change(api, "MOVE1", etag=made.etag, name="Nyt navn")
    assert new.status == 200 and new.etag != made.etag
    assert new.json() == {**made.json(), "name": "Nyt navn", "changed_at": new.json()["changed_at"]}
    says(change(api, "MOVE1", etag=made.etag, name="For sent"), 412, "precondition_failed")
    says(change(api, "MOVE1", etag="W/" + new.etag, name="Svagt"), 412, "precondition_failed")
    assert api.get("/v1/hospitals/MOVE1", "admin").body == new.body
    assert api.get("/v1/hospitals/MOVE1", "admin", headers={"If-None-Match": made.etag}).status == 200


def test_a_tag_read_as_of_another_date_is_of_the_same_version(api):
    create(api, "MOVE2", "sjaelland")
    early, late = (api.get("/v1/hospitals/MOVE2", query={"as_of": day}) for day in (BEFORE, AFTER))
    assert early.etag != late.etag
    changed = change(api, "MOVE2", etag=early.etag, name="Læst pr. en anden dato")
    assert changed.status == 200
    says(change(api, "MOVE2", etag=late.etag, name="Forældet"), 412, "precondition_failed")


@pytest.mark.parametrize("changes,errors", [
    ({}, ["too_few_properties "]), ({"name": None}, ["wrong_type /name"]), ({"name": ""}, ["too_short /name"]),
    ({"code": "X"}, ["unknown_property /code"]), ({"closed_on": "2020-01-01"}, ["unknown_property /closed_on"]),
    ({"from": "2020-01-01"}, ["validation_failed /region"]), ({"name": "X", "from": "2020-01-01"}, ["validation_failed /region"]),
    ({"region": "nordjylland", "from": "2020-02-30"}, ["bad_format /from"])])
def test_a_bad_change_is_refused(api, changes, errors):
    create(api, "MOVE3")
    before = read(api, "MOVE3")
    says(change(api, "MOVE3", **changes), 422, "validation_failed", *errors)
    assert read(api, "MOVE3") == before


def test_a_change_is_a_merge_patch(api):
    create(api, "MOVE4")
    response = api.patch("/v1/hospitals/MOVE4", {"name": "X"}, headers={"If-Match": "*", "Content-Type": "application/json"})
    assert (response.status, response.code) == (415, "unsupported_media_type")
    says(change(api, "NIX", name="X"), 404, "not_found")


def test_a_hospital_moves_from_a_day_on(api):
    create(api, "MOVE5", "nordjylland")
    moved = change(api, "MOVE5", region="midtjylland", **{"from": "2020-03-01"})
    assert moved.status == 200
    assert periods(moved.json()) == [("nordjylland", "2015-01-01", "2020-03-01"), ("midtjylland", "2020-03-01", None)]
    assert [read(api, "MOVE5", day)["region"] for day in ("2014-12-31", "2015-01-01", "2020-02-29", "2020-03-01")] == [
        None, "nordjylland", "nordjylland", "midtjylland"]
    corrected = change(api, "MOVE5", region="syddanmark", **{"from": "2020-03-01"})
    assert periods(corrected.json())[1:] == [("syddanmark", "2020-03-01", None)]
    stays = change(api, "MOVE5", region="syddanmark", **{"from": "2021-01-01"})
    assert periods(stays.json()) == periods(corrected.json()), "where it is already, nothing moves"
    today_too = change(api, "MOVE5", region="nordjylland", name="Flyttet i dag")
    assert periods(today_too.json())[-1] == ("nordjylland", today(), None) and today_too.json()["name"] == "Flyttet i dag"


@pytest.mark.parametrize("region,day,status,code", [
    ("midtjylland", "2014-12-31", 409, "hospital_moved_later"), ("atlantis", "2020-01-01", 422, "unknown_reference"),
    ("oestdanmark", BEFORE, 422, "region_not_in_force"), ("hovedstaden", AFTER, 422, "region_not_in_force")])
def test_a_move_that_cannot_be_leaves_the_name_alone_too(api, region, day, status, code):
    create(api, "MOVE6", "nordjylland")
    before = api.get("/v1/hospitals/MOVE6", "admin")
    pointer = "/from" if code == "hospital_moved_later" else "/region"
    says(change(api, "MOVE6", name="Halvt", region=region, **{"from": day}), status, code, f"{code} {pointer}")
    after = api.get("/v1/hospitals/MOVE6", "admin")
    assert after.body == before.body and after.etag == before.etag


def test_the_merger_moves_hospitals_by_itself(api):
    create(api, "MOVE7", "sjaelland", "2008-03-01")
    assert [read(api, "MOVE7", day)["region"] for day in (BEFORE, AFTER)] == ["sjaelland", "oestdanmark"]
    assert periods(read(api, "MOVE7", AFTER)) == [("sjaelland", "2008-03-01", None)], "its history stays as it was"

    def is_listed(region, day):
        return "MOVE7" in [h["code"] for h in api.all("/v1/hospitals", query={"region": region, "as_of": day})]

    assert is_listed("sjaelland", BEFORE) and not is_listed("oestdanmark", BEFORE)
    assert is_listed("oestdanmark", AFTER) and not is_listed("sjaelland", AFTER)
    moved = change(api, "MOVE7", region="oestdanmark", **{"from": AFTER})
    assert periods(moved.json()) == [("sjaelland", "2008-03-01", AFTER), ("oestdanmark", AFTER, None)]
    assert [read(api, "MOVE7", day)["region"] for day in (BEFORE, AFTER)] == ["sjaelland", "oestdanmark"]


# ---- hospitals: closing and reopening ----

def test_a_hospital_closes_and_reopens(api):
    made = create(api, "SHUT1")
    closed = move(api, "SHUT1", action="close", on="2022-06-01")
    assert closed.status == 200
    assert [closed.json()[name] for name in ("status", "closed_on", "actions")] == ["closed", "2022-06-01", ["reopen"]]
    assert api.get("/v1/hospitals/SHUT1", "admin").etag == closed.etag != made.etag
    says(change(api, "SHUT1", etag=made.etag, name="Læst før lukning"), 412, "precondition_failed")
    assert [read(api, "SHUT1", day)["status"] for day in ("2022-05-31", "2022-06-01")] == ["open", "closed"]
    assert read(api, "SHUT1", who="reader")["actions"] == []

    twice = move(api, "SHUT1", action="close", on="2023-01-01")
    says(twice, 409, "transition_not_allowed")
    assert "reopen" in twice.json()["detail"]
    says(move(api, "SHUT1", action="reopen", on="2022-05-31"), 422, "validation_failed", "validation_failed /on")

    opened = move(api, "SHUT1", action="reopen", on="2023-01-01")
    assert [opened.json()[name] for name in ("status", "closed_on", "actions")] == ["open", None, ["close"]]
    assert [read(api, "SHUT1", day)["status"] for day in ("2022-05-31", "2022-06-01", "2022-12-31", "2023-01-01")] == [
        "open", "closed", "closed", "open"]
    again = move(api, "SHUT1", action="reopen", on="2023-02-01")
    says(again, 409, "transition_not_allowed")
    assert "close" in again.json()["detail"]
    says(move(api, "SHUT1", action="close", on="2022-12-31"), 422, "validation_failed", "validation_failed /on")


def test_a_closing_that_lies_ahead_is_called_off(api):
    create(api, "SHUT2")
    ahead = (datetime.date.fromisoformat(today()) + datetime.timedelta(days=30)).isoformat()
    planned = move(api, "SHUT2", action="close", on=ahead)
    assert [planned.json()[name] for name in ("status", "closed_on", "actions")] == ["open", ahead, ["reopen"]]
    assert read(api, "SHUT2", ahead)["status"] == "closed"
    off = move(api, "SHUT2", action="reopen", on=ahead)
    assert off.json()["closed_on"] is None and read(api, "SHUT2", ahead)["status"] == "open"


def test_closing_without_a_day_is_today(api):
    create(api, "SHUT3")
    assert move(api, "SHUT3", action="close").json()["closed_on"] == today()
    assert read(api, "SHUT3", today())["status"] == "closed"


def test_a_bad_transition_is_refused(api):
    create(api, "SHUT4")
    says(move(api, "SHUT4", action="explode"), 422, "validation_failed", "not_in_enum /action")
    says(move(api, "SHUT4", on="2020-01-01"), 422, "validation_failed", "required /action")
    says(move(api, "SHUT4", action="close", on="2020-13-01"), 422, "validation_failed", "bad_format /on")
    says(move(api, "SHUT4", action="close", on="2014-12-31"), 422, "validation_failed", "validation_failed /on")
    says(move(api, "NIX", action="close"), 404, "not_found")
    assert read(api, "SHUT4")["actions"] == ["close"]


def test_two_who_close_at_once_do_it_once(api):
    create(api, "SHUT5")
    answers = at_once(lambda i: move(api, "SHUT5", action="close", on="2020-01-01"))
    assert sorted(a.status for a in answers) == [200] + [409] * 7
    assert {a.code for a in answers if a.status == 409} == {"transition_not_allowed"}


# ---- hospitals: lists ----

@pytest.fixture(scope="module")
def early(api):
    """Hospitals that alone are there early in 2008, of two regions, one closed; the byte order of their codes is that of the list."""
    codes = {"Lb": "midtjylland", "LÆ": "syddanmark", "La": "syddanmark", "LA": "syddanmark", "L-1": "midtjylland"}
    for code, region in codes.items():
        assert create(api, code, region, "2008-01-01").status == 201
    assert move(api, "La", action="close", on="2008-02-01").status == 200
    return codes


def test_hospitals_are_listed_by_code_as_of_a_date(api, early):
    def listed(**query):
        return [h["code"] for h in api.all("/v1/hospitals", query={"as_of": "2008-02-01", **query})]

    everything = ["L-1", "LA", "La", "Lb", "LÆ"]
    assert listed() == ["L-1", "LA", "Lb", "LÆ"]
    for limit in (1, 2, 5):
        assert listed(include_closed="true", limit=limit) == everything
    assert listed(as_of="2008-01-31") == everything and listed(as_of="2007-12-31", include_closed="true") == []
    assert listed(region="syddanmark") == ["LA", "LÆ"] and listed(region="syddanmark", include_closed="true") == ["LA", "La", "LÆ"]
    assert listed(region="midtjylland", include_closed="false") == ["L-1", "Lb"]
    assert listed(region="nordjylland") == listed(region="oestdanmark") == []


def test_an_item_of_the_list_is_the_hospital(api, early):
    query = {"as_of": "2008-02-01", "include_closed": "true", "count": "exact", "limit": 3}
    for who in ("reader", "admin"):
        page = api.get("/v1/hospitals", who, query=query).json()
        assert page["total"] == 5
        assert page["items"] == [read(api, code, "2008-02-01", who) for code in ("L-1", "LA", "La")]
        assert api.get(page["next"], who).json()["total"] == 5
    assert api.get("/v1/hospitals", query={**query, "as_of": "2007-12-31"}).json() == {"items": [], "next": None, "total": 0}


def test_the_lists_parameters_are_checked(api):
    says(api.get("/v1/hospitals?include_closed=yes&as_of=x"), 400, "invalid_parameter", "wrong_type query/include_closed", "bad_format query/as_of")


# ---- ATC codes ----

def atc(code):
    return "/v1/atc-codes/" + code


def name(api, code, text, etag=None, who="amgros", source="WHO"):
    return api.put(atc(code), {"name": text, "name_source": source}, who, headers={"If-Match": etag})


def test_an_atc_code_is_named_read_and_renamed(api):
    says(api.get(atc("V03AB23")), 404, "not_found")
    made = name(api, "V03AB23", "acetylcysteine")
    assert made.status == 201 and made.header("Location") == "/v1/atc-codes/V03AB23"
    assert made.json() == {"atc": "V03AB23", "level": 5, "name": "acetylcysteine", "name_source": "WHO",
                           "first_seen_at": made.json()["first_seen_at"]}
    got = api.get(atc("V03AB23"))
    assert got.body == made.body and got.etag == made.etag
    assert api.get(atc("V03AB23"), headers={"If-None-Match": got.etag}).status == 304

    new = name(api, "V03AB23", "acetylcystein", made.etag, "admin", "Lægemiddelstyrelsen")
    assert new.status == 200 and new.header("Location") is None and new.etag != made.etag
    assert new.json() == {**made.json(), "name": "acetylcystein", "name_source": "Lægemiddelstyrelsen"}
    assert api.get(atc("V03AB23"), headers={"If-None-Match": got.etag}).body == new.body
    says(name(api, "V03AB23", "x"), 428, "precondition_required")
    says(name(api, "V03AB23", "x", made.etag), 412, "precondition_failed")
    assert api.get(atc("V03AB23")).etag == new.etag
    assert name(api, "V03AB23", "acetylcystein", "*").status == 200


def test_a_code_that_is_not_here_cannot_be_matched(api):
    for etag in ('"1"', "*"):
        says(name(api, "V03AB24", "digitalis antitoxin", etag), 412, "precondition_failed")
    says(api.get(atc("V03AB24")), 404, "not_found")
    made_only_once(at_once(lambda i: name(api, "V03AB24", f"navn {i}")))


def test_only_amgros_and_admin_name_codes(api):
    for who in EVERYBODY:
        if who not in ("amgros", "admin"):
            says(name(api, "V03AB25", "flumazenil", who=who), 403, "forbidden")
    says(api.get(atc("V03AB25")), 404, "not_found")
    assert name(api, "V03AB25", "flumazenil", who="admin").status == 201
    assert len({api.get(atc("V03AB25"), who).body for who in EVERYBODY}) == 1


@pytest.mark.parametrize("code,level", [("V", 1), ("V04", 2), ("V04C", 3), ("V04CF", 4), ("V04CF01", 5),
                                        ("QV", 1), ("QV04", 2), ("QV04C", 3), ("QV04CF", 4), ("QV04CF01", 5)])
def test_the_level_of_a_code_is_seen_from_its_form(api, code, level):
    assert name(api, code, "tuberculin " + code).json()["level"] == level


@pytest.mark.parametrize("code", ["v04", "V0", "V04CF0", "V04CF011", "QQV04", "V04%20", "V%C3%86A", "V04CF01%0A", "4V", "V-4"])
def test_what_is_no_atc_code_is_refused(api, code):
    for response in (api.get(atc(code)), name(api, code, "x")):
        assert (response.status, response.code) == (400, "invalid_parameter")
        assert {e["pointer"] for e in response.json()["errors"]} == {"path/atc"}


def test_a_name_needs_its_source(api):
    says(api.put(atc("V03AB26"), {"name": "methionine"}), 422, "validation_failed", "required /name_source")
    says(api.put(atc("V03AB26"), {"name": None, "name_source": ""}), 422, "validation_failed", "wrong_type /name", "too_short /name_source")
    says(name(api, "V03AB26", "x" * 201), 422, "validation_failed", "too_long /name")
    says(name(api, "V03AB26", "x\u007f"), 422, "validation_failed", "control_character /name")
    says(api.get(atc("V03AB26")), 404, "not_found")
    assert name(api, "V03AB26", "Ø" * 200, source="Å" * 500).json()["name"] == "Ø" * 200


@pytest.mark.parametrize("number", CPR_NUMBERS)
def test_a_cpr_number_is_no_name_of_a_code(api, number):
    refused = api.put(atc("V03AB27"), {"name": number, "name_source": f"ringet af {number}"})
    says(refused, 422, "cpr_number_not_allowed", "cpr_number_not_allowed /name", "cpr_number_not_allowed /name_source")
    searched = api.get("/v1/atc-codes", query={"q": number})
    says(searched, 422, "cpr_number_not_allowed", "cpr_number_not_allowed query/q")
    log = api.server.log.read_text()
    for text in (refused.text, searched.text, log):
        assert number not in text and urllib.parse.quote_plus(number) not in text
    says(api.get(atc("V03AB27")), 404, "not_found")


def test_a_code_that_a_delivery_brought_has_no_name_until_somebody_gives_it_one(api, cluster):
    cluster.sql("INSERT INTO medkoord.atc_code (atc) VALUES ('V03AB28')")
    seen = api.get(atc("V03AB28"))
    assert (seen.json()["name"], seen.json()["name_source"], seen.json()["level"]) == (None, None, 5)
    assert seen.json() in api.all("/v1/atc-codes", query={"prefix": "V03AB28"})
    says(name(api, "V03AB28", "x"), 428, "precondition_required")
    named = name(api, "V03AB28", "4-dimethylaminophenol", seen.etag)
    assert named.status == 200 and named.json()["first_seen_at"] == seen.json()["first_seen_at"]


@pytest.fixture(scope="module")
def register(api, cluster):
    """Codes of an anatomical group that no other test uses, with English and Danish names, and one without."""
    names = {"S": "SENSORY ORGANS", "S01": "ØJENMIDLER", "S01A": "Antibakterielle øjenmidler", "S01AA": "antibiotics", "S01AA01": "chloramphenicol",
             "S01AA13": "fusidic acid", "S01AE01": "ofloxacin", "S02AA": "100 % _antiinfectives_", "QS01AA01": "Chloramphenicol, vet."}
    for code, text in names.items():
        assert name(api, code, text).status == 201
    cluster.sql("INSERT INTO medkoord.atc_code (atc) VALUES ('S01AA30')")
    return sorted([*names, "S01AA30"])


def found(api, register, **query):
    """The codes of the register that a search finds."""
    return [a["atc"] for a in api.all("/v1/atc-codes", query=query) if a["atc"] in register]


def test_codes_are_searched_by_prefix(api, register):
    assert found(api, register) == register
    assert found(api, register, prefix="S") == [a for a in register if a != "QS01AA01"]
    assert found(api, register, prefix="S01A") == ["S01A", "S01AA", "S01AA01", "S01AA13", "S01AA30", "S01AE01"]
    assert found(api, register, prefix="S01AA01") == ["S01AA01"] and found(api, register, prefix="QS") == ["QS01AA01"]
    assert found(api, register, prefix="S01AA011") == found(api, register, prefix="S03") == []
    for prefix in ("s01", "S01%", "", "S01AA0123"):
        response = api.get("/v1/atc-codes", query={"prefix": prefix})
        assert response.status == 400 and {e["pointer"] for e in response.json()["errors"]} == {"query/prefix"}


@pytest.mark.parametrize("q,expected", [
    ("chloramphenicol", ["QS01AA01", "S01AA01"]), ("CHLORAMPHENICOL", ["QS01AA01", "S01AA01"]), ("amphenicol,", ["QS01AA01"]),
    ("øjenmidler", ["S01", "S01A"]), ("ØJENMIDLER", ["S01", "S01A"]), ("Øje", ["S01", "S01A"]), ("sensory", ["S"]), ("fusidic acid", ["S01AA13"]),
    ("%", ["S02AA"]), ("_", ["S02AA"]), ("100 %", ["S02AA"]), ("\\", []), ("' OR 1=1 --", []), ("oje", []), ("S01", [])])
def test_codes_are_searched_by_english_and_danish_names(api, register, q, expected):
    assert found(api, register, q=q) == expected


def test_searches_go_together(api, register):
    assert found(api, register, prefix="S", level=5) == ["S01AA01", "S01AA13", "S01AA30", "S01AE01"]
    assert found(api, register, prefix="S", level=1) == ["S"] and found(api, register, prefix="S01", level=4) == ["S01AA"]
    assert found(api, register, prefix="S", level=5, q="ACI") == ["S01AA13", "S01AE01"]
    for level in ("0", "6", "x", "1.0"):
        response = api.get("/v1/atc-codes", query={"level": level})
        assert response.status == 400 and {e["pointer"] for e in response.json()["errors"]} == {"query/level"}
    says(api.get("/v1/atc-codes", query={"q": ""}), 400, "invalid_parameter", "too_short query/q")
    says(api.get("/v1/atc-codes", query={"q": "ø" * 101}), 400, "invalid_parameter", "too_long query/q")


def test_codes_are_paged_and_counted(api, register):
    for limit in (1, 3, 500):
        assert found(api, register, prefix="S", limit=limit) == [a for a in register if a != "QS01AA01"]
    query = {"prefix": "S01", "q": "ø", "count": "exact", "limit": 1}
    page = api.get("/v1/atc-codes", query=query).json()
    assert page["total"] == 2 and [a["atc"] for a in page["items"]] == ["S01"]
    second = api.get(page["next"]).json()
    assert second["total"] == 2 and [a["atc"] for a in second["items"]] == ["S01A"] and second["next"] is None
    assert page["items"][0] == api.get(atc("S01")).json()
    other = api.get(page["next"].replace("prefix=S01", "prefix=S02"))
    says(other, 400, "invalid_cursor")
