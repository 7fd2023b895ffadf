"""Rosters through HTTP: bodies and their rules, people and what is stored about them, appointments, the authority that follows
from seats held today, and the merger of 2027-01-01. A cluster of its own, whose clock says when it is.
SPDX-License-Identifier: MPL-2.0
"""
import concurrent.futures
import types
import uuid

import pytest

from medkoord_api import appoint, fresh_cluster, key, letters, person, says, seated, served
from own import api, clock, cluster  # noqa: F401

TODAY = "2026-06-15"
NOW = TODAY + "T12:00:00+02:00"
BEFORE, AFTER = "2026-12-31", "2027-01-01"
FIVE = ["nordjylland", "midtjylland", "syddanmark", "hovedstaden", "sjaelland"]
FOUR = ["nordjylland", "midtjylland", "syddanmark", "oestdanmark"]
EACH_REGION = {"forum": ["drug_committee_chair", "clinical_pharmacologist", "coordinator"], "steering-group": ["member"],
               "working-group": ["member", "younger_researcher"], "health-directors": ["director"]}


@pytest.fixture
def unmoved(keys, contract):
    """On a cluster whose clock is the machine's: many writers at once and a moved clock do not go together on a busy machine."""
    with fresh_cluster() as cluster, served(cluster, keys, contract) as client:
        client.day = TODAY
        yield client


def end(api, appointment, who="admin", **body):
    return api.post(f"/v1/appointments/{appointment}/transitions", {"action": "end", "reason": "Udtrådt", **body}, who, headers=key())


def roster(api, body, as_of=None):
    response = api.get(f"/v1/bodies/{body}/roster", query={"as_of": as_of} if as_of else None)
    assert response.status == 200, response.text
    return response.json()


def seat(api, body, role, region=None, as_of=None):
    return next(s for s in roster(api, body, as_of)["seats"] if (s["role"], s["region"]) == (role, region))


def findings(api, body, as_of=None, **like):
    return [f for f in roster(api, body, as_of)["findings"] if like.items() <= f.items()]


def count(cluster):
    return cluster.sql("SELECT (SELECT sum(version) FROM medkoord.appointment), (SELECT sum(version) FROM medkoord.person), "
                       "(SELECT sum(version) FROM medkoord.person_contact)")


# ---- bodies and rules ----

def test_all_bodies_of_both_texts_are_there_with_their_rules_and_nobody_in_them(api):
    bodies = {b["slug"]: b for b in api.all("/v1/bodies", query={"as_of": BEFORE, "limit": 3})}
    assert list(bodies) == sorted(["forum", "steering-group", "working-group", "health-directors", *("drug-committee-" + r for r in FIVE)])
    assert [r["role"] for r in bodies["forum"]["rules"]] == [
        "chair", "drug_committee_chair", "clinical_pharmacologist", "hospital_pharmacist", "danske_regioner", "amgros", "coordinator", "secretariat"]
    assert bodies["forum"]["meetings_a_year"] == 4 and bodies["steering-group"]["meetings_a_year"] is None
    assert bodies["drug-committee-sjaelland"]["region"] == "sjaelland" and bodies["drug-committee-sjaelland"]["valid_to"] == AFTER
    assert {r["role"]: r["appointed_by"] for r in bodies["working-group"]["rules"]} == {
        "chair": "health_directors", "member": "region", "younger_researcher": "region", "secretariat": "danske_regioner"}
    later = [b["slug"] for b in api.all("/v1/bodies", query={"as_of": AFTER, "kind": "drug_committee"})]
    assert later == sorted("drug-committee-" + r for r in FOUR)
    says(api.get("/v1/bodies/no-such-body"), 404, "not_found")


def test_a_committee_is_called_what_its_region_calls_it(api):
    path = "/v1/bodies/drug-committee-midtjylland"
    read = api.get(path)
    changed = api.patch(path, {"name": "Det Regionale Lægemiddelråd"}, headers={"If-Match": read.etag})
    assert changed.status == 200 and changed.json()["name"] == "Det Regionale Lægemiddelråd" and changed.etag != read.etag
    says(api.patch(path, {"name": "X"}, headers={"If-Match": read.etag}), 412, "precondition_failed")
    says(api.patch(path, {"name": "X"}, "forum_secretariat", headers={"If-Match": "*"}), 403, "forbidden")
    assert api.get(path).json()["name"] == "Det Regionale Lægemiddelråd"


# ---- rosters ----

def test_an_empty_roster_names_every_seat_and_who_must_appoint(api):
    answer = roster(api, "forum", "2018-01-01")
    assert list(answer) == ["body", "as_of", "seats", "findings"] and (answer["body"], answer["as_of"]) == ("forum", "2018-01-01")
    assert list(answer["seats"][0]) == ["role", "region", "member", "required", "status", "appointed_by", "appointments"]
    assert [(s["role"], s["region"]) for s in answer["seats"]] == [
        ("chair", None), *(("drug_committee_chair", r) for r in FIVE), *(("clinical_pharmacologist", r) for r in FIVE), ("hospital_pharmacist", None),
        ("danske_regioner", None), ("amgros", None), *(("coordinator", r) for r in FIVE), ("secretariat", None)]
    assert {s["status"] for s in answer["seats"]} == {"vacant"}
    assert [s["role"] for s in answer["seats"] if not s["member"]] == ["coordinator"] * 5 + ["secretariat"]
    assert len(answer["findings"]) == len(answer["seats"])
    assert answer["findings"][1] == {
        "code": "seat_vacant", "severity": "deviation", "role": "drug_committee_chair", "region": "nordjylland", "persons": [],
        "must_appoint": "nordjylland",
        "detail": "Vacant: chair of the regional drug committee, Region Nordjylland. To be appointed by Region Nordjylland.",
        "detail_da": "Ubesat: formand for den regionale lægemiddelkomité, Region Nordjylland. Udpeges af Region Nordjylland."}
    assert roster(api, "forum", "2017-03-30") == {"body": "forum", "as_of": "2017-03-30", "seats": [], "findings": []}
    optional = [s for s in roster(api, "working-group", "2026-01-01")["seats"] if not s["required"]]
    assert [s["role"] for s in optional] == ["younger_researcher"] * 5 and not findings(api, "working-group", role="younger_researcher")
    says(api.get("/v1/bodies/no-such-body/roster"), 404, "not_found")


def test_a_roster_says_who_sits_and_who_appointed_them(api):
    someone = seated(api, "forum", "amgros", start="2019-03-01", name="Person Amgros")
    assert seat(api, "forum", "amgros", as_of="2019-02-28")["status"] == "vacant"
    found = seat(api, "forum", "amgros", as_of="2019-03-01")
    assert found == {"role": "amgros", "region": None, "member": True, "required": True, "status": "filled", "appointed_by": "amgros", "appointments": [
        {"id": someone.appointment, "person": someone.id, "name": "Person Amgros", "region": None, "appointed_by": "amgros", "from": "2019-03-01",
         "to": None}]}
    assert not findings(api, "forum", role="amgros")
    first = api.get("/v1/bodies/forum/roster", query={"as_of": "2019-03-01"})
    assert api.get("/v1/bodies/forum/roster", query={"as_of": "2019-03-01"}, headers={"If-None-Match": first.etag}).status == 304
    assert end(api, someone.appointment, on="2020-01-01").status == 200
    assert api.get("/v1/bodies/forum/roster", query={"as_of": "2019-03-01"}, headers={"If-None-Match": first.etag}).status == 200
    assert seat(api, "forum", "amgros", as_of="2019-12-31")["appointments"][0]["to"] == "2020-01-01", "the past stays as it was"
    assert seat(api, "forum", "amgros", as_of="2020-01-01")["appointments"] == []


def test_findings_hold_people_against_the_terms_of_reference(api, cluster):
    chair = seated(api, "steering-group", "chair", name="Person Formand", start="2026-01-01")
    assert findings(api, "steering-group", code="holder_not_qualified") == [{
        "code": "holder_not_qualified", "severity": "deviation", "role": "chair", "region": None, "persons": [{"id": chair.id, "name": "Person Formand"}],
        "must_appoint": "health_directors", "detail": "Person Formand (chair) is not a regional health director.",
        "detail_da": "Person Formand (formand) er ikke regionssundhedsdirektør."}]
    director = appoint(api, chair, "health-directors", "director", "syddanmark", start="2026-01-01").json()
    assert not findings(api, "steering-group", code="holder_not_qualified")
    assert end(api, director["id"]).status == 200
    assert findings(api, "steering-group", code="holder_not_qualified") and not findings(api, "steering-group", "2026-06-14", code="holder_not_qualified")
    # chair in the forum of a committee that somebody else chairs
    other = seated(api, "forum", "drug_committee_chair", "nordjylland")
    committee = appoint(api, other, "drug-committee-midtjylland", "chair", "midtjylland").json()
    assert findings(api, "forum", code="holder_not_qualified", region="nordjylland"), "of another region's committee"
    mine = appoint(api, other, "drug-committee-nordjylland", "chair", "nordjylland").json()
    assert not findings(api, "forum", code="holder_not_qualified", region="nordjylland")
    # the secretariat is run by one region, preferably the chair's
    seats = [seated(api, "forum", role, region, name=f"Person {role}") for role, region in
             (("chair", "nordjylland"), ("secretariat", "nordjylland"), ("secretariat", "syddanmark"))]
    assert findings(api, "forum", code="seat_in_other_region") == [{
        "code": "seat_in_other_region", "severity": "remark", "role": "secretariat", "region": "syddanmark",
        "persons": [{"id": seats[2].id, "name": "Person secretariat"}], "must_appoint": "regions_jointly",
        "detail": "The secretariat is in Region Syddanmark, the chair comes from Region Nordjylland.",
        "detail_da": "Sekretariat ligger i Region Syddanmark, formand kommer fra Region Nordjylland."}]
    assert [f["severity"] for f in findings(api, "forum", code="seat_in_several_regions")] == ["deviation"]
    end(api, seats[2].appointment)
    assert not findings(api, "forum", code="seat_in_several_regions") and not findings(api, "forum", code="seat_in_other_region")
    # two chairs, which no request can make: a rule that once allowed it
    cluster.sql("UPDATE medkoord.appointment SET alone = false WHERE id = '%s'" % seats[0].appointment)
    cluster.sql("UPDATE medkoord.seat_rule SET alone = false WHERE kind = 'forum' AND role = 'chair'")
    second = seated(api, "forum", "chair", "nordjylland", name="Person to")
    cluster.sql("UPDATE medkoord.seat_rule SET alone = true WHERE kind = 'forum' AND role = 'chair'")
    assert seat(api, "forum", "chair")["status"] == "overfilled" and len(seat(api, "forum", "chair")["appointments"]) == 2
    found = findings(api, "forum", code="seat_overfilled")[0]
    assert {p["name"] for p in found["persons"]} == {"Person chair", "Person to"} and found["severity"] == "deviation"
    for appointment in [second.appointment, chair.appointment, other.appointment, mine["id"], committee["id"], *(s.appointment for s in seats[:2])]:
        assert end(api, appointment).status == 200
    assert not findings(api, "forum", code="seat_overfilled")


# ---- appointments ----

def test_an_appointment_is_recorded_read_listed_and_ended(api):
    someone = person(api)
    k = key()
    body = {"person": someone.id, "body": "working-group", "role": "member", "region": "nordjylland", "appointed_by": "nordjylland", "from": "2025-01-01"}
    made = api.post("/v1/appointments", body, headers=k)
    assert made.status == 201 and made.header("Location") == "/v1/appointments/" + made.json()["id"]
    again = api.post("/v1/appointments", body, headers=k)
    assert again.body == made.body and again.header("Idempotent-Replayed") == "true"
    path = made.header("Location")
    got = api.get(path, "admin")
    assert got.body == made.body and got.etag == made.etag
    assert got.json() == {**got.json(), **body, "name": someone.name, "to": None, "ends_with": None, "end_reason": None, "actions": ["end"],
                          "created_by": "test-admin"}
    assert got.json()["history"] == [{"action": "appoint", "to": None, "reason": None, "at": got.json()["history"][0]["at"], "by": "test-admin"}]
    others = api.get(path)
    assert (others.json()["actions"], others.json()["created_by"]) == ([], None), "others have none, and see nobody's subject"
    assert others.etag != made.etag and api.get(path, headers={"If-None-Match": made.etag}).status == 200
    assert api.get(path, "auditor").json()["created_by"] == "test-admin"
    ended = end(api, made.json()["id"], on="2026-03-01", reason="Ny stilling: æøå")
    assert (ended.json()["to"], ended.json()["end_reason"], ended.json()["actions"]) == ("2026-03-01", "Ny stilling: æøå", [])
    says(end(api, made.json()["id"]), 409, "transition_not_allowed")
    says(end(api, uuid.uuid4()), 404, "not_found")
    says(api.get("/v1/appointments/" + str(uuid.uuid4())), 404, "not_found")
    follower = seated(api, "working-group", "member", "nordjylland", start="2026-03-01")
    again = appoint(api, someone, "working-group", "member", "nordjylland", start="2024-03-01", to="2025-01-01", end_reason="Første periode")
    assert again.status == 201 and again.json()["end_reason"] == "Første periode", "recorded afterwards"

    def listed(**query):
        return [a["id"] for a in api.all("/v1/appointments", query={"body": "working-group", "limit": 1, **query})]
    everything = [again.json()["id"], follower.appointment, made.json()["id"]]
    assert [i for i in listed() if i in everything] == everything, "the latest recorded first; nothing is ever taken out"
    assert listed(person=someone.id) == [everything[0], everything[2]]
    assert listed(as_of="2026-02-28", person=someone.id) == [everything[2]] and listed(as_of="2026-03-01", person=someone.id) == []
    for path in ("/v1/appointments", "/v1/people"):
        says(api.get(path, query={"body": "no-such-body"}), 400, "invalid_parameter", "query/body")
    end(api, follower.appointment)


def test_every_end_is_kept_and_the_past_is_for_the_operator_to_correct(api):
    secretary = seated(api, "steering-group", "secretariat", start="2024-03-01")
    someone = seated(api, "steering-group", "member", "nordjylland", start="2024-03-01", who=secretary.token)
    path = "/v1/appointments/" + someone.appointment

    def history(who=secretary.token):
        return [(h["action"], h["to"], h["reason"], h["by"]) for h in api.get(path, who).json()["history"]]
    recorded = ("appoint", None, None, secretary.subject)
    assert history() == [recorded] and history("reader") == [("appoint", None, None, None)]
    for day in ("2024-03-01", "2026-06-14"):
        says(end(api, someone.appointment, secretary.token, on=day), 403, "no_authority", "/on")
    assert seat(api, "steering-group", "member", "nordjylland", as_of="2025-01-01")["status"] == "filled" and history() == [recorded]
    ahead = end(api, someone.appointment, secretary.token, on="2026-12-01", reason="Orlov")
    assert ahead.status == 200
    today = end(api, someone.appointment, secretary.token, reason="Ny stilling")
    assert today.json()["history"] == api.get(path, secretary.token).json()["history"] and today.etag != ahead.etag
    ends = [recorded, ("end", "2026-12-01", "Orlov", secretary.subject), ("end", TODAY, "Ny stilling", secretary.subject)]
    assert history() == ends and today.json()["end_reason"] == "Ny stilling"
    assert [tuple(h[k] for k in ("action", "to", "reason", "by")) for h in next(
        a["history"] for a in api.get(f"/v1/people/{someone.id}/export", "admin").json()["appointments"])] == ends
    # what the operator corrects; and what has not begun before today is undone by whoever recorded it
    other = seated(api, "steering-group", "member", "nordjylland", who=secretary.token)
    assert end(api, other.appointment, secretary.token, on=TODAY).status == 200
    later = seated(api, "steering-group", "member", "nordjylland", start="2026-09-01", who=secretary.token)
    assert end(api, later.appointment, secretary.token, on="2026-09-01").status == 200
    assert end(api, secretary.appointment, on="2026-03-01", reason="Fejl").status == 200
    assert seat(api, "steering-group", "secretariat", as_of="2026-03-01")["status"] == "vacant"


def test_an_appointment_made_in_error_is_taken_back(api):
    someone = seated(api, "working-group", "chair", start=TODAY)
    ahead = end(api, someone.appointment, on="2026-09-01")
    assert ahead.json()["to"] == "2026-09-01" and ahead.json()["actions"] == ["end"], "it can still end earlier"
    says(end(api, someone.appointment, on="2026-10-01"), 422, "validation_failed", "/on")
    assert seat(api, "working-group", "chair")["status"] == "filled"
    assert end(api, someone.appointment, on=TODAY).status == 200
    assert seat(api, "working-group", "chair")["status"] == "vacant"
    assert seated(api, "working-group", "chair", start=TODAY)


def test_bad_input_has_its_own_code_and_changes_nothing(api, cluster):
    holder = seated(api, "steering-group", "member", "syddanmark", start="2025-01-01", to="2026-12-01")
    someone = person(api)
    before = count(cluster)

    def refused(*words, body="steering-group", role="member", region="syddanmark", who="admin", **more):
        says(appoint(api, more.pop("someone", someone), body, role, region, who=who, **more), *words)
    refused(409, "seat_taken", start="2026-11-30")
    refused(409, "seat_taken", start="2024-06-01", to="2025-01-02")
    refused(409, "person_seated_already", someone=holder, start="2026-02-01")
    refused(422, "appointment_ends_before_start", "/to", start="2027-02-01", to="2027-01-31")
    refused(422, "appointment_ends_before_start", "/to", start="2027-02-01", to="2027-02-01")
    refused(422, "appointment_outside_region", "/from", region="oestdanmark", start=BEFORE)
    refused(422, "appointment_outside_region", "/from", region="sjaelland", start=AFTER)
    refused(422, "appointment_outside_region", "/to", region="sjaelland", to="2027-01-02")
    refused(422, "appointment_outside_region", "/from", body="forum", role="chair", region="sjaelland", start=AFTER, by="regions_jointly")
    refused(422, "appointer_not_entitled", "/appointed_by", start="2027-02-01", by="nordjylland")
    refused(422, "appointer_not_entitled", "/appointed_by", start="2027-02-01", by="regions_jointly")
    refused(422, "no_such_seat", "/role", role="no_such_seat", by="syddanmark")
    refused(422, "no_such_seat", "/role", start="2024-02-21")
    for committee, at, dates in (("sjaelland", "/from", {"start": AFTER}), ("oestdanmark", "/from", {"start": BEFORE}),
                                 ("hovedstaden", "/to", {"start": "2026-01-01", "to": "2027-06-30"})):
        for role in ("chair", "member"):
            refused(422, "appointment_outside_region", at, body="drug-committee-" + committee, role=role, region=committee, **dates)
            refused(422, "appointment_outside_region", at, body="drug-committee-" + committee, role=role, region=None, by=committee, **dates)
    refused(422, "validation_failed", "/region", region=None, by="syddanmark", start="2027-02-01")
    refused(422, "validation_failed", "/end_reason", start="2027-02-01", to="2027-03-01", end_reason=None)
    refused(422, "validation_failed", "/to", start="2027-02-01", end_reason="Periodens udløb")
    for role in ("chair", "secretariat"):
        refused(422, "validation_failed", "/region", body="forum", role=role, region=None, by="regions_jointly")
    refused(422, "validation_failed", "/region", body="drug-committee-sjaelland", role="chair", region="nordjylland")
    refused(422, "unknown_reference", "/region", region="atlantis", start="2027-02-01")
    refused(422, "unknown_reference", "/person", someone=types.SimpleNamespace(id=str(uuid.uuid4())), start="2027-02-01")
    says(api.post("/v1/appointments", {"person": someone.id, "body": "no-such-body", "role": "chair", "appointed_by": "amgros", "from": TODAY}),
         422, "unknown_reference", "/body")
    refused(403, "no_authority", who="reader", start="2027-02-01")
    says(end(api, holder.appointment, on="2024-12-31"), 422, "appointment_ends_before_start", "/on")
    says(end(api, holder.appointment, "forum_secretariat"), 403, "no_authority")
    hovedstaden = seated(api, "steering-group", "member", "hovedstaden", start="2026-01-01")
    says(end(api, hovedstaden.appointment, on="2027-01-02"), 422, "appointment_outside_region", "/on")
    assert end(api, hovedstaden.appointment).status == 200
    assert int(count(cluster)[0][0]) - int(before[0][0]) == 2, "only that one and its end"
    danish = api.post("/v1/appointments", {"person": someone.id, "body": "steering-group", "role": "member", "region": "syddanmark",
                                           "appointed_by": "syddanmark", "from": "2026-01-01"}, headers={"Accept-Language": "da"})
    assert danish.json()["title"] == "Pladsen er optaget i den tid"
    end(api, holder.appointment)


@pytest.mark.parametrize("subject", ["deadbe01-0195-4123-8abc-aaaaaaaaaaaa", "abcdefab-abcd-4bcd-8abc-ab0101012345"])
def test_a_uuid_for_a_subject_is_no_civil_registration_number(api, subject):
    assert api.post("/v1/people", {"name": "Person", "subject": subject}, headers=key()).status == 201
    says(api.post("/v1/people", {"name": "Person", "subject": "u-010195-4123"}, headers=key()), 422, "cpr_number_not_allowed", "/subject")


def test_of_two_who_appoint_to_one_seat_at_once_one_succeeds(unmoved):
    api = unmoved
    people = [person(api) for _ in range(6)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda p: appoint(api, p, "steering-group", "member", "midtjylland"), people))
    assert sorted(a.status for a in answers) == [201] + [409] * 5
    assert {a.code for a in answers if a.status == 409} == {"seat_taken"}
    winner = next(a for a in answers if a.status == 201).json()
    assert [a["id"] for a in seat(api, "steering-group", "member", "midtjylland")["appointments"]] == [winner["id"]]
    end(api, winner["id"])
    twin = people[0]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: appoint(api, twin, "drug-committee-syddanmark", "member", "syddanmark"), range(4)))
    assert sorted(a.status for a in answers) == [201] + [409] * 3
    assert {a.code for a in answers if a.status == 409} == {"person_seated_already"}


# ---- authority ----

def me(api, who):
    response = api.get("/v1/me", who)
    assert response.status == 200 and response.header("Cache-Control") == "no-store" and response.etag is None
    return response.json()


def may(api, who):
    return {m["body"]: (m["may"], m["appoint_for"]) for m in me(api, who)["may"]}


def test_me_says_who_i_am_my_seats_and_what_they_allow(api):
    nobody = me(api, "region_coordinator:nordjylland")
    assert nobody == {"subject": "test-region_coordinator-nordjylland", "roles": ["region_coordinator"], "region": "nordjylland", "person": None,
                      "seats": [], "may": []}, "a token's role gives no seat"
    someone = seated(api, "forum", "coordinator", "syddanmark", name="Person Tovholder")
    mine = me(api, someone.token)
    assert mine["person"] == {"id": someone.id, "name": "Person Tovholder"}
    assert mine["seats"] == [{"appointment": someone.appointment, "body": "forum", "role": "coordinator", "title": "coordinator",
                              "title_da": "tovholder", "region": "syddanmark", "from": TODAY, "to": None}]
    assert may(api, someone.token) == {"forum": (["keep_people", "read_draft"], ["syddanmark"]), "steering-group": ([], ["syddanmark"]),
                                          "working-group": ([], ["syddanmark"]), "drug-committee-syddanmark": ([], ["syddanmark"])}
    assert may(api, "admin")["drug-committee-sjaelland"] == (["appoint", "keep_people"], ["sjaelland"])
    assert {b for b, (what, _) in may(api, "admin").items() if what == ["appoint", "keep_people"]} == {b["slug"] for b in api.all("/v1/bodies")} | {
        "drug-committee-oestdanmark"}
    assert may(api, "admin")["forum"] == (["appoint", "keep_people"], sorted(["amgros", "danske_regioner", "regions_jointly", "oestdanmark", *FIVE]))
    end(api, someone.appointment)


def test_an_appointment_that_begins_or_ends_is_felt_with_the_next_request(api):
    """The same token, the same server, no restart."""
    someone, other = person(api), person(api)
    new = {"name": "Person", "subject": None}
    says(api.post("/v1/people", new, someone.token, headers=key()), 403, "no_authority")
    appointment = appoint(api, someone, "forum", "secretariat", "syddanmark", start=TODAY).json()["id"]
    assert may(api, someone.token)["forum"] == (["appoint", "keep_people", "meet", "minute", "read_draft"],
                                                   sorted(["regions_jointly", "oestdanmark", *FIVE]))
    assert api.post("/v1/people", new, someone.token, headers=key()).status == 201
    made = appoint(api, other, "forum", "chair", "syddanmark", who=someone.token)
    assert made.status == 201 and made.json()["created_by"] == someone.subject
    # No seat helps itself to another, nor to the voice of an appointer.
    says(appoint(api, someone, "forum", "hospital_pharmacist", who=someone.token), 403, "no_authority", "/person")
    for role, region in (("amgros", None), ("danske_regioner", None), ("coordinator", "syddanmark")):
        says(appoint(api, person(api), "forum", role, region, who=someone.token), 403, "no_authority", "/appointed_by")
    says(appoint(api, other, "steering-group", "secretariat", who=someone.token), 403, "no_authority", "/appointed_by")
    assert end(api, appointment).status == 200
    assert me(api, someone.token)["seats"] == [] == me(api, someone.token)["may"]
    says(api.post("/v1/people", new, someone.token, headers=key()), 403, "no_authority")
    says(end(api, made.json()["id"], someone.token), 403, "no_authority")
    assert api.get("/v1/appointments/" + made.json()["id"], someone.token).json()["created_by"] == someone.subject, "one's own is seen"
    says(appoint(api, person(api), "forum", "hospital_pharmacist", who=someone.token), 403, "no_authority")
    tomorrow = appoint(api, someone, "forum", "secretariat", "syddanmark", start="2026-06-16").json()["id"]
    assert me(api, someone.token)["may"] == [], "not before its first day"
    end(api, tomorrow, on="2026-06-16"), end(api, made.json()["id"])


def test_seats_speak_for_their_own_appointer_only(api):
    coordinator = seated(api, "forum", "coordinator", "nordjylland").token
    director = seated(api, "health-directors", "director", "nordjylland").token
    danske = seated(api, "forum", "danske_regioner").token
    amgros = seated(api, "forum", "amgros").token
    member = seated(api, "steering-group", "member", "nordjylland").token
    committee = seated(api, "drug-committee-nordjylland", "chair", "nordjylland").token

    def allowed(who, body, role, region=None):
        response = appoint(api, person(api), body, role, region, who=who)
        assert response.status == 201 or response.code == "no_authority", response.text
        if response.status == 201:
            assert end(api, response.json()["id"], who).status == 200
        return response.status == 201
    seats = [("forum", "clinical_pharmacologist", "nordjylland"), ("forum", "clinical_pharmacologist", "midtjylland"), ("forum", "hospital_pharmacist"),
             ("health-directors", "director", "hovedstaden"), ("steering-group", "chair"), ("steering-group", "secretariat"),
             ("drug-committee-nordjylland", "member", "nordjylland"), ("drug-committee-midtjylland", "member", "midtjylland")]
    table = {name: "".join("x" if allowed(token, *s) else "." for s in seats) for name, token in
             (("coordinator", coordinator), ("director", director), ("danske", danske), ("amgros", amgros), ("member", member), ("committee", committee),
              ("reader", "reader"), ("admin", "admin"))}
    assert table == {"coordinator": "x.....x.", "director": "x...x.x.", "danske": ".....x..", "amgros": "........", "member": "........",
                     "committee": "......x.", "reader": "........", "admin": "xxxxxxxx"}


# ---- people ----

CONTACT = {"organisation": "Hospital Æ", "title": "Overlæge", "email": "marker-7f3a@example.org", "phone": "+45 99 00 11 22"}


def test_what_has_not_changed_is_not_sent_again(api):
    someone = seated(api, "drug-committee-midtjylland", "member", "midtjylland")
    person_path = f"/v1/people/{someone.id}"
    assert api.put(person_path + "/contact", CONTACT, someone.token).status == 201
    for path in ("/v1/bodies/drug-committee-midtjylland", person_path, person_path + "/contact", f"/v1/appointments/{someone.appointment}"):
        first = api.get(path, someone.token)
        again = api.get(path, someone.token, headers={"If-None-Match": first.etag})
        assert (again.status, again.body) == (304, b""), path
    end(api, someone.appointment)


def test_contact_details_are_for_those_who_work_with_the_person(api):
    chair = seated(api, "drug-committee-sjaelland", "chair", "sjaelland")
    member, other = seated(api, "drug-committee-sjaelland", "member", "sjaelland"), seated(api, "working-group", "member", "midtjylland")
    path = f"/v1/people/{member.id}"
    says(api.get(path + "/contact", "admin"), 404, "not_found")
    says(api.put(path + "/contact", CONTACT, other.token), 403, "no_authority")
    says(api.put(path + "/contact", CONTACT, headers={"If-Match": "*"}), 412, "precondition_failed")
    made = api.put(path + "/contact", CONTACT, member.token)
    assert made.status == 201 and made.json() == {**CONTACT, "changed_at": made.json()["changed_at"]} and made.header("Location") == path + "/contact"
    for who, sees in ((member.token, True), (chair.token, True), ("admin", True), ("auditor", True), (other.token, False), ("reader", False),
                      ("forum_secretariat", False)):
        contact = api.get(path + "/contact", who)
        assert contact.status == (200 if sees else 404), who
        assert (api.get(path, who).json()["contact"] is not None) == sees
    assert api.get(path, member.token).json()["subject"] == member.subject and api.get(path, "reader").json()["subject"] is None
    says(api.put(path + "/contact", CONTACT), 428, "precondition_required")
    says(api.put(path + "/contact", CONTACT, headers={"If-Match": '"0"'}), 412, "precondition_failed")
    changed = api.put(path + "/contact", {"email": "marker-7f3b@example.org"}, headers={"If-Match": made.etag})
    assert changed.status == 200 and changed.json()["phone"] is None
    says(api.put(f"/v1/people/{uuid.uuid4()}/contact", CONTACT), 404, "not_found")
    says(api.put(path + "/contact", {"phone": "010180-1234"}, headers={"If-Match": "*"}), 422, "cpr_number_not_allowed", "/phone")
    end(api, member.appointment)
    assert api.get(path, chair.token).json()["contact"] is not None, "who may appoint keeps the register"
    end(api, other.appointment)


def test_erased_contact_details_are_nowhere_and_the_history_stays(api, cluster):
    someone = seated(api, "drug-committee-syddanmark", "member", "syddanmark", name="Person S", start="2026-01-01")
    path = f"/v1/people/{someone.id}/contact"
    marker = "marker-" + letters()

    def found():
        return [t for (t,) in cluster.sql("SELECT relname FROM pg_class WHERE relnamespace = 'medkoord'::regnamespace AND relkind = 'r'")
                if cluster.sql(f"SELECT 1 FROM medkoord.{t} x WHERE x::text LIKE '%{marker}%'")]
    made = api.put(path, {**CONTACT, "email": marker + "@example.org", "organisation": marker}, headers=key())
    assert found() == ["person_contact"]
    before = roster(api, "drug-committee-syddanmark", "2026-05-01")
    says(api.call("DELETE", path, "reader", headers={"If-Match": made.etag}), 403, "no_authority")
    says(api.call("DELETE", path), 428, "precondition_required")
    says(api.call("DELETE", path, headers={"If-Match": '"0"'}), 412, "precondition_failed")
    gone = api.call("DELETE", path, someone.token, headers={"If-Match": made.etag})
    assert (gone.status, gone.body) == (204, b"")
    assert found() == []
    says(api.call("DELETE", path, headers={"If-Match": made.etag}), 404, "not_found")
    says(api.get(path, "admin"), 404, "not_found")
    assert roster(api, "drug-committee-syddanmark", "2026-05-01") == before and "Person S" in str(before)
    assert marker not in api.server.log.read_text()
    # what is written afterwards is nothing that anybody has read before
    anew = api.put(path, {"email": "new@example.org"}, someone.token)
    assert anew.status == 201 and anew.header("Location") == path and anew.etag != made.etag
    read = api.get(path, someone.token, headers={"If-None-Match": made.etag})
    assert read.status == 200 and read.json()["email"] == "new@example.org"
    whole = api.get(f"/v1/people/{someone.id}", someone.token)
    says(api.put(path, CONTACT, someone.token, headers={"If-Match": made.etag}), 412, "precondition_failed")
    says(api.call("DELETE", path, someone.token, headers={"If-Match": made.etag}), 412, "precondition_failed")
    assert api.call("DELETE", path, someone.token, headers={"If-Match": anew.etag}).status == 204
    last = api.put(path, {"email": "last@example.org"}, someone.token)
    assert last.status == 201 and last.etag not in (made.etag, anew.etag)
    assert api.get(f"/v1/people/{someone.id}", someone.token, headers={"If-None-Match": whole.etag}).json()["contact"]["email"] == "last@example.org"


def test_everything_stored_about_a_person_is_exported_to_those_entitled(api):
    someone = seated(api, "forum", "secretariat", "midtjylland")
    path = f"/v1/people/{someone.id}"
    assert api.put(path + "/contact", CONTACT).status == 201
    assert api.post("/v1/people", {"name": "Person"}, someone.token, headers=key()).status == 201
    other = person(api)
    assert api.put(f"/v1/people/{other.id}/contact", CONTACT, someone.token).status == 201
    end(api, someone.appointment, reason="Orlov")
    again = appoint(api, someone, "drug-committee-hovedstaden", "member", "hovedstaden").json()
    for who in (someone.token, "admin", "auditor"):
        answer = api.get(path + "/export", who)
        assert answer.status == 200 and answer.header("Cache-Control") == "no-store"
        export = answer.json()
        assert (export["id"], export["name"], export["subject"]) == (someone.id, someone.name, someone.subject)
        by = "test-admin" if who in ("admin", "auditor") else None
        assert {export["changed_by"], export["contact"]["changed_by"], *(a[k] for a in export["appointments"] for k in ("created_by", "changed_by"))} == {by}
        assert export["contact"].items() >= CONTACT.items()
        assert [(a["id"], a["body"], a["end_reason"], a["to"], a["ends_with"]) for a in export["appointments"]] == [
            (someone.appointment, "forum", "Orlov", TODAY, None), (again["id"], "drug-committee-hovedstaden", None, AFTER, "body")]
        assert export["traces"] == [{"table": t, "column": c, "rows": n} for t, c, n in (
            ("appointment", "subject", 2), ("idempotency_key", "subject", 1), ("person", "changed_by", 1), ("person", "subject", 1),
            ("person_contact", "changed_by", 1))], "for whomever the same"
    for who in ("reader", "forum_secretariat", "amgros"):
        says(api.get(path + "/export", who), 403, "no_authority")
    says(api.get(f"/v1/people/{uuid.uuid4()}/export", "admin"), 404, "not_found")


def test_people_are_listed_renamed_and_kept_from_taking_seats_over(api):
    someone = seated(api, "forum", "coordinator", "hovedstaden", name="Zz Ærlig")
    victim = seated(api, "forum", "hospital_pharmacist", name="zz apoteker", start="2026-01-01")
    path = f"/v1/people/{victim.id}"
    assert [p["name"] for p in api.all("/v1/people", query={"q": "ZZ", "limit": 1})] == ["Zz Ærlig", "zz apoteker"]
    for letters_of_it in ("zz æ", "ZZ Æ", "zz ærlig", "ÆRLIG", "Ærlig"):
        assert [p["name"] for p in api.all("/v1/people", query={"q": letters_of_it})] == ["Zz Ærlig"], letters_of_it
    assert [p["name"] for p in api.all("/v1/people", query={"body": "forum", "q": "zz"})] == ["Zz Ærlig", "zz apoteker"]
    assert [p["name"] for p in api.all("/v1/people", query={"body": "forum", "region": "hovedstaden"})] == ["Zz Ærlig"]
    assert api.all("/v1/people", query={"body": "working-group", "q": "zz"}) == []
    assert api.get("/v1/people", query={"region": "atlantis"}).code == "invalid_parameter"
    says(api.get("/v1/people", query={"q": "010180-1234"}), 422, "cpr_number_not_allowed", "query/q")
    says(api.get(f"/v1/people/{uuid.uuid4()}"), 404, "not_found")

    def change(body, who, etag="*", of=path):
        return api.patch(of, body, who, headers={"If-Match": etag})
    says(change({"name": "X"}, "reader"), 403, "no_authority")
    says(change({"subject": None}, victim.token), 403, "no_authority", "/subject")
    says(change({"subject": "mine"}, someone.token), 403, "no_authority", "/subject")
    assert api.get(path, "admin").json()["subject"] == victim.subject
    renamed = change({"name": "Zz Apoteker"}, victim.token, api.get(path, victim.token).etag)
    assert renamed.status == 200 and renamed.json()["name"] == "Zz Apoteker"
    assert seat(api, "forum", "hospital_pharmacist", as_of="2026-02-01")["appointments"][0]["name"] == "Zz Apoteker"
    says(change({"name": "Y"}, "admin", victim.etag), 412, "precondition_failed")
    says(change({"name": "Y"}, "admin", of=f"/v1/people/{uuid.uuid4()}"), 404, "not_found")
    says(change({"subject": someone.subject}, "admin"), 409, "already_exists")
    says(api.post("/v1/people", {"name": "Y", "subject": victim.subject}, headers=key()), 409, "already_exists")
    assert me(api, victim.token)["seats"]
    assert change({"subject": None}, "admin").status == 200
    assert me(api, victim.token)["person"] is None and me(api, victim.token)["seats"] == []
    says(api.post("/v1/people", {"name": "Person 010180-1234"}, headers=key()), 422, "cpr_number_not_allowed", "/name")
    end(api, victim.appointment), end(api, someone.appointment)


BLANK = (" ", "  \n", "\t", "\u00a0", "\u2003\u200b")
BROKEN = ("Person\nto", "Person\r", "\tPerson", "Person\u0085", "Per\u2028son")


def test_what_is_to_be_one_line_is_one_and_says_something(api, cluster):
    someone = seated(api, "working-group", "secretariat")
    path = f"/v1/people/{someone.id}"
    before = count(cluster)

    def refused(response, *pointers):
        assert (response.status, response.code) == (422, "validation_failed"), response.text
        assert {e["pointer"] for e in response.json()["errors"]} == set(pointers), response.text
    for text in BLANK + BROKEN:
        refused(api.post("/v1/people", {"name": text}, headers=key()), "/name")
        refused(api.post("/v1/people", {"name": "X", "subject": text}, headers=key()), "/subject")
        refused(api.patch(path, {"name": text, "subject": text}, "admin", headers={"If-Match": "*"}), "/name", "/subject")
        refused(api.patch("/v1/bodies/forum", {"name": text}, "admin", headers={"If-Match": "*"}), "/name")
        refused(api.put(path + "/contact", {"organisation": text, "title": text}), "/organisation", "/title")
        refused(end(api, someone.appointment, reason=text), "/reason")
        refused(appoint(api, person(api), "working-group", "secretariat", to="2027-01-01", end_reason=text), "/end_reason")
    for email in ("a@b\tc", "a@b\n", "a b@c", "a@b@c", "aa@", "@bb", "a@b\u00a0c", "a@\u2003", "a\u0085@b"):
        refused(api.put(path + "/contact", {"email": email}), "/email")
    for phone in ("   ", "---", "12\n34"):
        refused(api.put(path + "/contact", {"phone": phone}), "/phone")
    assert count(cluster)[0][0] == before[0][0] and api.get(path + "/contact", "admin").status == 404
    says(api.post("/v1/people", {"name": "Person 010180-1234"}, headers=key()), 422, "cpr_number_not_allowed", "/name")
    danish = api.post("/v1/people", {"name": " "}, headers={"Accept-Language": "da", **key()})
    assert danish.json()["errors"] == [{"pointer": "/name", "code": "validation_failed", "detail": "er tom"}]
    for name in ("Zz Åse  Æ. Ørsted-Nielsen, dr.med.", " Zz", "Zz Søs\u00a0Å", "Zz e\u0301"):
        made = api.post("/v1/people", {"name": name}, headers=key())
        assert made.status == 201 and made.json()["name"] == name
    end(api, someone.appointment)


# ---- the merger; last, because the clock goes on ----

def test_the_merger(api, clock, cluster):
    """Seats, appointments, findings and authority on both sides of the night; first as of the dates, then when they come."""
    for a in api.all("/v1/appointments", query={"as_of": TODAY, "limit": 500}):
        end(api, a["id"])
    assert {s["status"] for b in EACH_REGION for s in roster(api, b)["seats"]} == {"vacant"}
    coordinator = {r: seated(api, "forum", "coordinator", r, name="Tovholder " + r) for r in FIVE}
    director = {r: seated(api, "health-directors", "director", r, name="Direktør " + r) for r in ("hovedstaden", "nordjylland")}
    chair = appoint(api, director["hovedstaden"], "steering-group", "chair", "hovedstaden").json()
    committee = seated(api, "drug-committee-sjaelland", "chair", "sjaelland", name="Formand sjaelland")

    for body, roles in EACH_REGION.items():
        for role in roles:
            for as_of, regions in ((BEFORE, FIVE), (AFTER, FOUR)):
                assert [s["region"] for s in roster(api, body, as_of)["seats"] if s["role"] == role] == regions

    def rosters_hold():
        for r in FIVE:
            assert seat(api, "forum", "coordinator", r, BEFORE)["appointments"][0]["name"] == "Tovholder " + r
        assert seat(api, "forum", "coordinator", "sjaelland", BEFORE)["appointments"][0]["to"] == AFTER
        assert seat(api, "forum", "coordinator", "nordjylland", AFTER)["appointments"][0]["to"] is None
        assert seat(api, "forum", "coordinator", "oestdanmark", AFTER)["status"] == "vacant"
        assert findings(api, "forum", AFTER, code="appointment_ended_with_region") == [{
            "code": "appointment_ended_with_region", "severity": "deviation", "role": "coordinator", "region": "oestdanmark",
            "persons": [{"id": coordinator[r].id, "name": "Tovholder " + r} for r in ("hovedstaden", "sjaelland")], "must_appoint": "oestdanmark",
            "detail": "The appointment of Tovholder hovedstaden, Tovholder sjaelland (coordinator, Region Hovedstaden, Region Sjælland) ended on 2027-01-01 "
                      "with the region. Region Østdanmark must appoint.",
            "detail_da": "Udpegningen af Tovholder hovedstaden, Tovholder sjaelland (tovholder, Region Hovedstaden, Region Sjælland) ophørte den 01-01-2027 "
                         "sammen med regionen. Region Østdanmark skal udpege."}]
        assert [f["must_appoint"] for f in findings(api, "forum", AFTER, code="seat_vacant", role="coordinator")] == ["oestdanmark"]
        assert not findings(api, "forum", BEFORE, code="appointment_ended_with_region")
        ended = findings(api, "drug-committee-oestdanmark", AFTER, code="appointment_ended_with_region")
        assert [(f["role"], f["region"], f["persons"][0]["name"], f["must_appoint"]) for f in ended] == [("chair", None, "Formand sjaelland", "oestdanmark")]
        assert roster(api, "drug-committee-sjaelland", AFTER)["seats"] == [] and seat(api, "drug-committee-sjaelland", "chair", as_of=BEFORE)["status"] == "filled"
        # A chair stays, although the region that the chair comes from is gone; but is no director any more.
        assert seat(api, "steering-group", "chair", as_of=AFTER)["appointments"][0] | {"to": None} == {
            "id": chair["id"], "person": director["hovedstaden"].id, "name": "Direktør hovedstaden", "region": "hovedstaden",
            "appointed_by": "health_directors", "from": TODAY, "to": None}
        assert not findings(api, "steering-group", BEFORE, code="holder_not_qualified") and findings(api, "steering-group", AFTER, code="holder_not_qualified")
    rosters_hold()

    # The last minute: five regions, and each predecessor speaks for its successor.
    clock.set_to(BEFORE + "T23:58:00+01:00")
    assert roster(api, "forum")["as_of"] == BEFORE
    token = coordinator["hovedstaden"].token
    assert may(api, token)["forum"] == (["keep_people", "read_draft"], ["hovedstaden", "oestdanmark"])
    assert may(api, token)["drug-committee-oestdanmark"] == ([], ["oestdanmark"]) and may(api, token)["drug-committee-hovedstaden"] == ([], ["hovedstaden"])
    assert may(api, coordinator["nordjylland"].token)["forum"] == (["keep_people", "read_draft"], ["nordjylland"])
    says(appoint(api, person(api), "forum", "clinical_pharmacologist", "oestdanmark", start=AFTER, who=coordinator["nordjylland"].token),
         403, "no_authority", "/appointed_by")
    successor = person(api, "Farmakolog oestdanmark", who=token)
    ahead = appoint(api, successor, "forum", "clinical_pharmacologist", "oestdanmark", start=AFTER, who=token)
    assert ahead.status == 201, ahead.text
    assert me(api, successor.token)["seats"] == []
    assert api.get("/v1/appointments/" + coordinator["sjaelland"].appointment).json() | {"changed_at": 0, "created_at": 0, "history": 0} == {
        "id": coordinator["sjaelland"].appointment, "person": coordinator["sjaelland"].id, "name": "Tovholder sjaelland", "body": "forum",
        "role": "coordinator", "region": "sjaelland", "appointed_by": "sjaelland", "from": TODAY, "to": AFTER, "ends_with": "region",
        "end_reason": None, "actions": [], "created_by": None, "changed_at": 0, "created_at": 0, "history": 0}
    assert me(api, committee.token)["seats"] and me(api, director["hovedstaden"].token)["seats"]
    written = count(cluster)

    # The first minute: the same tokens, the same server.
    clock.set_to(AFTER + "T00:01:00+01:00")
    assert roster(api, "forum")["as_of"] == AFTER
    assert me(api, token)["seats"] == [] == me(api, token)["may"], "gone with the region"
    says(api.post("/v1/people", {"name": "X"}, token, headers=key()), 403, "no_authority")
    says(end(api, ahead.json()["id"], token), 403, "no_authority")
    assert me(api, committee.token)["seats"] == []
    assert [s["body"] for s in me(api, director["hovedstaden"].token)["seats"]] == ["steering-group"], "no director any more, still in the chair"
    assert [s["region"] for s in me(api, coordinator["nordjylland"].token)["seats"]] == ["nordjylland"]
    assert [s["role"] for s in me(api, successor.token)["seats"]] == ["clinical_pharmacologist"]
    assert count(cluster) == written, "nothing had to be written for it"
    says(end(api, coordinator["sjaelland"].appointment), 409, "transition_not_allowed")
    rosters_hold()

    # Østdanmark appoints, and what was found is mended.
    assert appoint(api, coordinator["hovedstaden"], "forum", "coordinator", "oestdanmark", start=AFTER).status == 201
    assert not findings(api, "forum", role="coordinator") and may(api, token)["forum"] == (["keep_people", "read_draft"], ["oestdanmark"])
    history = [(a["region"], a["from"], a["to"], a["ends_with"]) for a in api.all("/v1/appointments", query={"person": coordinator["hovedstaden"].id})]
    assert history == [("oestdanmark", AFTER, None, None), ("hovedstaden", TODAY, AFTER, "region")]

    # Years later the seat is vacant again: not for the region's sake.
    term = seated(api, "drug-committee-oestdanmark", "chair", "oestdanmark", start=AFTER, to="2029-01-01")
    assert seat(api, "drug-committee-oestdanmark", "chair", as_of="2029-01-02")["status"] == "vacant" and term
    assert [f["code"] for f in findings(api, "drug-committee-oestdanmark", "2029-01-02")] == ["seat_vacant"]
