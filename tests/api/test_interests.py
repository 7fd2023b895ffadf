"""Interests through HTTP: declaring, ending and who sees them; matters and whom they concern; recusals, decided and waived.
A cluster of its own, whose forum and working group these tests have seated.
SPDX-License-Identifier: MPL-2.0
"""
import concurrent.futures
import datetime
import types
import uuid

import pytest

from medkoord_api import key, letters, person, says, seated
from own import api, cluster  # noqa: F401

CVR = "90000004"
NOT_THERE = str(uuid.UUID(int=0))
CPR_NUMBER = "010180-1234"


def day(days=0):
    return (datetime.date.today() + datetime.timedelta(days)).isoformat()


@pytest.fixture(scope="module")
def people(api):
    """The forum with its chair, secretariat and three members; the working group with its chair and a member; and one without a seat."""
    cast = types.SimpleNamespace(**{name: person(api, f"Person {name.title()}") for name in
                                    ("chair", "secretary", "member", "other", "third", "wchair", "wmember", "nobody")})
    seated(api, "forum", "chair", "nordjylland", someone=cast.chair)
    seated(api, "forum", "secretariat", "nordjylland", someone=cast.secretary)
    seated(api, "forum", "clinical_pharmacologist", "nordjylland", someone=cast.member)
    seated(api, "forum", "clinical_pharmacologist", "midtjylland", someone=cast.other)
    seated(api, "forum", "clinical_pharmacologist", "syddanmark", someone=cast.third)
    seated(api, "working-group", "chair", someone=cast.wchair)
    seated(api, "working-group", "member", "nordjylland", someone=cast.wmember)
    return cast


def named(name=None):
    return f"{name or 'Firma'} {letters(12)} A/S"


def tie(party, kind="company", **more):
    return {"kind": kind, "party": party, "tie": "Honorar for foredrag", "from": "2026-01-01", **more}


def declare(api, who, party, kind="company", **more):
    made = api.post("/v1/interests", tie(party, kind, **more), who, headers=key())
    assert made.status == 201, made.text
    return made.json()


def matter(api, who, *parties, body="forum", **more):
    made = api.post("/v1/matters", {"body": body, "kind": "case", "reference": "TF-" + letters(12), "title": "En sag",
                                    "parties": list(parties), **more}, who, headers=key())
    assert made.status == 201, made.text
    return types.SimpleNamespace(**made.json(), path="/v1/matters/" + made.json()["id"], etag=made.etag)


def company(name, **more):
    return {"kind": "company", "name": name, **more}


def decide(api, who, of, what, someone, reason="Fordi"):
    return api.post(f"{of.path}/{what}", {"person": someone.id if hasattr(someone, "id") else someone, "reason": reason}, who, headers=key())


def out(api, who, of, **query):
    """Who is recused, of those that the caller sees; in brackets who is not, but for a waiver."""
    rows = api.all(f"{of.path}/recusals", who, query=query)
    return sorted(r["name"].split()[1] if r["recused"] else f"({r['name'].split()[1]})" for r in rows)


# ---- declaring and ending ----

def test_an_interest_is_declared_read_and_ended(api, people):
    body = tie("Eksempel  Pharma A/S", identifier=CVR, to=day(400))
    once = key()
    made = api.post("/v1/interests", body, people.third.token, headers=once)
    assert made.status == 201
    path, interest = made.header("Location"), made.json()
    assert path == "/v1/interests/" + interest["id"]
    by = people.third.subject
    assert interest == {"id": interest["id"], "person": people.third.id, "name": people.third.name, **body, "end_reason": None, "actions": ["end"],
                        "history": [{"action": "declare", "to": day(400), "reason": None, "at": interest["history"][0]["at"], "by": by}],
                        "changed_at": interest["changed_at"]}
    again = api.post("/v1/interests", body, people.third.token, headers=once)
    assert (again.status, again.body, again.header("Idempotent-Replayed")) == (201, made.body, "true")
    got = api.get(path, people.third.token)
    assert (got.status, got.body, got.etag) == (200, made.body, made.etag)
    assert api.get(path, people.third.token, headers={"If-None-Match": got.etag}).status == 304
    assert api.get(path, "auditor").json() == {**interest, "actions": []} and api.get(path, "auditor").etag != got.etag

    for name in ("Person Omdøbt", people.third.name):
        assert api.patch(f"/v1/people/{people.third.id}", {"name": name}, headers={"If-Match": "*"}).status == 200
        renamed = api.get(path, people.third.token, headers={"If-None-Match": got.etag})
        assert (renamed.status, renamed.json()["name"]) == (200, name), "another name is another answer"

    def end(who=people.third.token, **more):
        return api.post(path + "/transitions", {"action": "end", "reason": "Aftalen er ophørt", **more}, who, headers=key())
    says(end(on="2026-01-01"), 422, "interest_ends_before_start", "interest_ends_before_start /on")
    says(end(on=day(401)), 422, "validation_failed", "validation_failed /on")
    for who in (people.third.token, people.chair.token):
        says(end(who, on=day(-2)), 422, "validation_failed", "validation_failed /on")
    says(end(reason=" \u2003\n"), 422, "validation_failed", "validation_failed /reason")
    says(end(people.secretary.token), 403, "no_authority")
    for who in ("auditor", "admin"):
        says(end(who), 403, "no_authority")
    ahead = end(on=day(30))
    assert ahead.status == 200 and (ahead.json()["to"], ahead.json()["actions"]) == (day(30), ["end"]) and ahead.etag != made.etag
    ended = end(people.chair.token, reason="Ophørt i dag").json()
    assert (ended["actions"], ended["end_reason"]) == ([], "Ophørt i dag")
    assert [(h["action"], h["reason"], h["by"]) for h in ended["history"]] == [
        ("declare", None, by), ("end", "Aftalen er ophørt", by), ("end", "Ophørt i dag", people.chair.subject)]
    says(end(), 409, "transition_not_allowed")

    path = "/v1/interests/" + declare(api, people.third.token, named(), **{"from": day(30)})["id"]
    says(end(), 422, "interest_ends_before_start", "interest_ends_before_start /on")
    withdrawn = end(on=day(30), reason="Blev ikke til noget").json()
    assert (withdrawn["from"], withdrawn["to"], withdrawn["actions"]) == (day(30), day(30), []), "what has not begun never came to be"
    says(end(on=day(30)), 409, "transition_not_allowed")
    for method in ("DELETE", "PUT", "PATCH"):
        assert api.call(method, path, "admin", hold=False).status == 405


@pytest.mark.parametrize("changes,code,errors", [
    ({"to": "2026-01-01"}, "interest_ends_before_start", ["interest_ends_before_start /to"]),
    ({"identifier": "90000005"}, "cvr_number_not_valid", ["cvr_number_not_valid /identifier"]),
    ({"identifier": "DK90000004"}, "cvr_number_not_valid", ["cvr_number_not_valid /identifier"]),
    ({"identifier": "90000005", "to": "2025-01-01"}, "cvr_number_not_valid", ["cvr_number_not_valid /identifier", "interest_ends_before_start /to"]),
    ({"kind": "drug", "identifier": "X9"}, "atc_code_not_valid", ["atc_code_not_valid /identifier"]),
    ({"party": "   "}, "validation_failed", ["validation_failed /party"]), ({"tie": "\u2003"}, "validation_failed", ["validation_failed /tie"]),
    ({"person": NOT_THERE}, "unknown_reference", ["unknown_reference /person"]),
    ({"kind": "project", "identifier": " "}, "validation_failed", ["validation_failed /identifier"]),
    ({"kind": "family", "party": "", "tie": "x" * 501, "from": "2026-02-30", "identifier": ""}, "validation_failed",
     ["not_in_enum /kind", "too_short /party", "too_long /tie", "bad_format /from", "too_short /identifier"])])
def test_a_bad_declaration_is_refused_and_nothing_kept(api, people, changes, code, errors):
    before = api.get("/v1/interests", "auditor", query={"count": "exact"}).json()["total"]
    response = api.post("/v1/interests", {**tie("X"), **changes}, people.third.token, headers=key())
    assert (response.status, response.code) == (422, code), response.text
    assert sorted(f"{e['code']} {e['pointer']}" for e in response.json()["errors"]) == sorted(errors)
    assert api.get("/v1/interests", "auditor", query={"count": "exact"}).json()["total"] == before


def test_problems_are_told_in_danish(api, people):
    response = api.post("/v1/interests", {**tie("X"), "identifier": "90000005"}, people.third.token, headers={**key(), "Accept-Language": "da"})
    assert response.json()["title"] == "Ikke et CVR-nummer"


def test_the_same_tie_is_declared_once(api, people):
    party = named()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: api.post("/v1/interests", tie(party), people.third.token, headers=key()), range(8)))
    assert sorted(a.status for a in answers) == [201] + [409] * 7
    assert {a.code for a in answers if a.status == 409} == {"interest_declared_already"}
    says(api.post("/v1/interests", tie("  " + party.upper().replace(" ", "  ")), people.third.token, headers=key()), 409, "interest_declared_already")
    declare(api, people.third.token, party, tie="Aktier")
    declare(api, people.third.token, party, **{"from": "2025-01-01", "to": "2026-01-01"})


def test_a_person_has_so_many_interests_and_no_more(api, people):
    someone = person(api, "Person Many")
    made = [declare(api, someone.token, f"Firma {n}") for n in range(500)]
    says(api.post("/v1/interests", tie("Firma 500"), someone.token, headers=key()), 409, "too_many_interests")
    assert api.post(f"/v1/interests/{made[7]['id']}/transitions", {"action": "end", "reason": "x"}, someone.token, headers=key()).status == 200
    declare(api, someone.token, "Firma 500")


def test_interests_are_recorded_by_the_person_and_the_chair(api, people):
    assert declare(api, people.chair.token, named(), person=people.other.id)["person"] == people.other.id
    for who in (people.secretary.token, people.member.token, people.wchair.token, people.nobody.token, "admin", "auditor"):
        says(api.post("/v1/interests", tie("X", person=people.other.id), who, headers=key()), 403, "no_authority")
    says(api.post("/v1/interests", tie("X"), "auditor", headers=key()), 422, "unknown_reference", "unknown_reference /person")
    assert declare(api, people.nobody.token, named())["person"] == people.nobody.id


def test_texts_hold_no_cpr_number(api, people):
    for changes in ({"party": CPR_NUMBER}, {"tie": f"ægtefælle {CPR_NUMBER}"}, {"identifier": CPR_NUMBER}):
        says(api.post("/v1/interests", {**tie("X"), **changes}, people.third.token, headers=key()), 422, "cpr_number_not_allowed",
             f"cpr_number_not_allowed /{next(iter(changes))}")
    good = {"body": "forum", "kind": "case", "reference": "R", "title": "T", "parties": []}
    for pointer, changes in (("/reference", {"reference": "0101801234"}), ("/title", {"title": CPR_NUMBER}),
                             ("/parties/0/name", {"parties": [{"kind": "project", "name": CPR_NUMBER}]}),
                             ("/parties/0/identifier", {"parties": [{"kind": "project", "identifier": CPR_NUMBER}]})):
        says(api.post("/v1/matters", {**good, **changes}, people.chair.token, headers=key()), 422, "cpr_number_not_allowed",
             "cpr_number_not_allowed " + pointer)
    case, interest = matter(api, people.secretary.token), declare(api, people.third.token, named())
    says(decide(api, people.chair.token, case, "recusals", people.other, CPR_NUMBER), 422, "cpr_number_not_allowed", "cpr_number_not_allowed /reason")
    says(decide(api, people.chair.token, case, "waivers", people.other, CPR_NUMBER), 422, "cpr_number_not_allowed", "cpr_number_not_allowed /reason")
    says(api.post(f"/v1/interests/{interest['id']}/transitions", {"action": "end", "reason": CPR_NUMBER}, people.third.token, headers=key()), 422,
         "cpr_number_not_allowed", "cpr_number_not_allowed /reason")


# ---- who sees what ----

def test_interests_exist_only_for_those_who_may_see_them(api, people):
    interest = declare(api, people.member.token, named())
    path, mine = "/v1/interests/" + interest["id"], {"person": people.member.id, "count": "exact"}
    for who in (people.member.token, people.chair.token, people.secretary.token, "auditor", "admin"):
        assert api.get(path, who).status == 200
        page = api.get("/v1/interests", who, query=mine).json()
        assert interest["id"] in [i["id"] for i in page["items"]] and page["total"] == len(page["items"])
        assert interest["id"] in [i["id"] for i in api.all("/v1/interests", who)]
    for who in (people.other.token, people.wchair.token, people.wmember.token, people.nobody.token, "reader", "amgros", "forum_secretariat",
                "region_coordinator:nordjylland"):
        hidden, absent = api.get(path, who), api.get("/v1/interests/" + NOT_THERE, who)
        says(hidden, 404, "not_found")
        assert {k: v for k, v in hidden.json().items() if k not in ("instance", "request_id")} == \
            {k: v for k, v in absent.json().items() if k not in ("instance", "request_id")}
        assert api.get("/v1/interests", who, query=mine).json() == {"items": [], "next": None, "total": 0}
        assert interest["id"] not in [i["id"] for i in api.all("/v1/interests", who)]
        says(api.post(path + "/transitions", {"action": "end", "reason": "x"}, who, headers=key()), 404, "not_found")


def test_whoever_seats_somebody_learns_nothing_of_them(api, people):
    """The chair of a committee may appoint anybody to it, and end that on the same day."""
    chair = seated(api, "drug-committee-nordjylland", "chair", "nordjylland", name="Person Committee")
    victim = person(api, "Person Victim")
    interest = declare(api, victim.token, named())
    path, mine = "/v1/interests/" + interest["id"], {"person": victim.id}

    def seats(who):
        made = api.post("/v1/appointments", {"person": victim.id, "body": "drug-committee-nordjylland", "role": "member", "appointed_by": "nordjylland",
                                             "from": day()}, who, headers=key())
        assert made.status == 201, made.text
        return lambda: api.post(made.header("Location") + "/transitions", {"action": "end", "on": day(), "reason": "x"}, who, headers=key())
    end = seats(chair.token)
    case = matter(api, chair.token, company(interest["party"]), body="drug-committee-nordjylland")
    says(api.get(path, chair.token), 404, "not_found")
    assert api.all("/v1/interests", chair.token, query=mine) == []
    says(api.post(path + "/transitions", {"action": "end", "reason": "x"}, chair.token, headers=key()), 404, "not_found")
    says(api.post("/v1/interests", tie("X", person=victim.id), chair.token, headers=key()), 403, "no_authority")
    row = api.get(f"{case.path}/recusals/{victim.id}", chair.token).json()
    assert (row["recused"], row["grounds"]) == (True, [])
    assert end().status == 200
    end = seats("admin")
    assert [i["id"] for i in api.all("/v1/interests", chair.token, query=mine)] == [interest["id"]]
    assert api.get(f"{case.path}/recusals/{victim.id}", chair.token).json()["grounds"][0]["interest"] == interest["id"]
    assert end().status == 200


def test_the_list_is_paged_and_filtered(api, people):
    someone = seated(api, "forum", "amgros", name="Person Paged")
    made = [declare(api, someone.token, named(), kind, **{"from": start}) for kind, start in
            (("company", "2026-01-01"), ("drug", "2026-02-01"), ("company", "2026-03-01"), ("project", "2026-01-01"))]
    newest_first = [i["id"] for i in reversed(made)]
    for who in (someone.token, people.chair.token, "auditor"):
        for limit in (1, 3, 50):
            assert [i["id"] for i in api.all("/v1/interests", who, query={"person": someone.id, "limit": limit})] == newest_first
        assert [i["id"] for i in api.all("/v1/interests", who, query={"person": someone.id, "kind": "company"})] == [newest_first[1], newest_first[3]]
        page = api.get("/v1/interests", who, query={"person": someone.id, "on": "2026-02-28", "count": "exact", "limit": 1}).json()
        assert (page["items"][0]["id"], page["total"]) == (newest_first[0], 3) and page["next"]
    assert [i["id"] for i in api.all("/v1/interests", someone.token, query={"limit": 2})] == newest_first
    assert api.all("/v1/interests", "auditor", query={"person": NOT_THERE}) == []
    assert newest_first == [i["id"] for i in api.all("/v1/interests", "auditor", query={"limit": 4}) if i["person"] == someone.id]


def test_a_seat_that_ends_takes_the_sight_along_with_the_next_request(api, people):
    secretary = seated(api, "forum", "secretariat", "nordjylland", name="Person Passing")
    interest = declare(api, people.member.token, named())
    case = matter(api, secretary.token, company(interest["party"]))
    assert api.get("/v1/interests/" + interest["id"], secretary.token).status == 200 and "Member" in out(api, secretary.token, case)
    ended = api.post(f"/v1/appointments/{secretary.appointment}/transitions", {"action": "end", "reason": "Orlov"}, "admin", headers=key())
    assert ended.status == 200
    says(api.get("/v1/interests/" + interest["id"], secretary.token), 404, "not_found")
    says(api.get(case.path, secretary.token), 404, "not_found")
    says(api.get(case.path + "/recusals", secretary.token), 404, "not_found")
    says(api.post("/v1/matters", {"body": "forum", "kind": "case", "reference": "R2", "title": "T"}, secretary.token, headers=key()), 403, "no_authority")


# ---- matters ----

def test_a_matter_is_registered_read_and_changed(api, people):
    parties = [company("Eksempel Pharma A/S", identifier=CVR), {"kind": "drug", "identifier": "L01XC02"}]
    case = matter(api, people.secretary.token, *parties)
    assert case.parties == [parties[0], {**parties[1], "name": None}] and (case.body, case.kind, case.created_by) == ("forum", "case", people.secretary.subject)
    got = api.get(case.path, people.other.token)
    assert got.status == 200 and (got.json()["id"], got.json()["created_by"]) == (case.id, None), "whose token it was is not for every member"
    assert api.get(case.path, people.secretary.token).etag == case.etag != got.etag
    assert api.get(case.path, people.other.token, headers={"If-None-Match": got.etag}).status == 304

    def change(body, who=people.secretary.token, etag=case.etag):
        return api.patch(case.path, body, who, headers={"If-Match": etag})
    says(change({"title": "x"}, etag='"9"'), 412, "precondition_failed")
    says(change({"title": "x"}, people.other.token), 403, "no_authority")
    says(change({"title": "x"}, people.wchair.token), 404, "not_found")
    says(change({"parties": [{"kind": "drug", "name": "a"}, company("b", identifier="1"), {"kind": "drug", "identifier": "1"}]}), 422, "cvr_number_not_valid",
         "cvr_number_not_valid /parties/1/identifier", "atc_code_not_valid /parties/2/identifier")
    says(change({"parties": [{"kind": "drug", "identifier": "1"}]}), 422, "atc_code_not_valid", "atc_code_not_valid /parties/0/identifier")
    says(change({"parties": [{"kind": "drug"}]}), 422, "validation_failed", "too_few_properties /parties/0")
    says(change({"parties": [{"kind": "drug", "name": None}]}), 422, "validation_failed", "validation_failed /parties/0/name")
    says(change({"title": " \t", "parties": [{"kind": "project", "identifier": "  "}]}), 422, "validation_failed",
         "validation_failed /title", "validation_failed /parties/0/identifier")
    assert api.get(case.path, people.other.token).body == got.body
    changed = change({"title": "En anden titel", "parties": got.json()["parties"][1:]})
    assert changed.status == 200 and (changed.json()["title"], len(changed.json()["parties"])) == ("En anden titel", 1) and changed.etag != got.etag


@pytest.mark.parametrize("changes,status,code,errors", [
    ({"body": "no-such"}, 422, "unknown_reference", ["unknown_reference /body"]),
    ({"title": "\u2003"}, 422, "validation_failed", ["validation_failed /title"]),
    ({"parties": [{"kind": "company", "identifier": "1"}]}, 422, "cvr_number_not_valid", ["cvr_number_not_valid /parties/0/identifier"]),
    ({"parties": [{"kind": "drug", "identifier": "1"}]}, 422, "atc_code_not_valid", ["atc_code_not_valid /parties/0/identifier"]),
    ({"reference": "-a"}, 422, "validation_failed", ["bad_pattern /reference"]), ({"kind": "meeting"}, 422, "validation_failed", ["not_in_enum /kind"])])
def test_a_bad_matter_is_refused(api, people, changes, status, code, errors):
    body = {"body": "forum", "kind": "case", "reference": "BAD-1", "title": "T", **changes}
    says(api.post("/v1/matters", body, people.secretary.token, headers=key()), status, code, *errors)
    assert api.all("/v1/matters", "auditor", query={"reference": "BAD-1"}) == []


def test_matters_are_for_those_who_sit_in_the_body(api, people):
    case, work = matter(api, people.secretary.token), matter(api, people.wchair.token, body="working-group", kind="application")
    says(api.post("/v1/matters", {"body": "forum", "kind": "case", "reference": case.reference, "title": "T"}, people.chair.token, headers=key()), 409,
         "matter_registered_already")
    for who in (people.member.token, people.wchair.token, people.nobody.token, "admin", "auditor"):
        says(api.post("/v1/matters", {"body": "forum", "kind": "case", "reference": case.reference, "title": "T"}, who, headers=key()), 403, "no_authority")
    for who in (people.member.token, people.chair.token):
        assert api.get(case.path, who).status == 200
        says(api.get(work.path, who), 404, "not_found")
    for who in (people.nobody.token, "reader", "forum_secretariat"):
        assert api.all("/v1/matters", who) == []
        for of in (case, work):
            for path in (of.path, of.path + "/recusals", f"{of.path}/recusals/{people.member.id}"):
                says(api.get(path, who), 404, "not_found")
            for what in ("recusals", "waivers"):
                says(decide(api, who, of, what, people.member), 404, "not_found")
    for who in ("auditor", "admin"):
        assert [m["id"] for m in api.all("/v1/matters", who, query={"limit": 1})][:2] == [work.id, case.id]
        assert [m["id"] for m in api.all("/v1/matters", who, query={"body": "working-group", "kind": "application", "reference": work.reference})] == [work.id]
    assert [m["id"] for m in api.all("/v1/matters", people.wmember.token)][0] == work.id
    assert case.id not in [m["id"] for m in api.all("/v1/matters", people.wmember.token)]


# ---- recusals ----

def test_recusals_follow_from_interests(api, people):
    name = named("Ærø Medico")
    case = matter(api, people.secretary.token, company(name), {"kind": "drug", "identifier": "L01XX01", "name": "Brand"})
    assert out(api, people.chair.token, case) == []
    interest = declare(api, people.member.token, "  " + name.upper(), to=day(10))
    declare(api, people.other.token, named("Andet"), "drug", identifier="L01XX01")
    declare(api, people.wmember.token, name)
    assert out(api, people.chair.token, case) == out(api, people.secretary.token, case) == out(api, "auditor", case) == ["Member", "Other"]
    for ahead in (9, 10, 400):
        assert out(api, people.chair.token, case, on=day(ahead)) == ["Member", "Other"]
    row = api.get(f"{case.path}/recusals/{people.member.id}", people.member.token)
    assert row.json() == {"person": people.member.id, "name": people.member.name, "roles": ["clinical_pharmacologist"], "recused": True, "decisions": [],
                          "grounds": [{"ground": "interest", "waived": False, "interest": interest["id"], "kind": "company", "party": interest["party"],
                                       "identifier": None, "tie": interest["tie"], "matched_by": "name", "reason": None}]}
    assert api.get(f"{case.path}/recusals/{people.member.id}", people.member.token, headers={"If-None-Match": row.etag}).status == 304
    assert api.get(f"{case.path}/recusals/{people.other.id}", "admin").json()["grounds"][0]["matched_by"] == "identifier"
    assert api.get(f"{case.path}/recusals/{people.third.id}", people.chair.token).json()["recused"] is False
    # a member sees oneself alone, and of others not even whether there is anything
    assert out(api, people.member.token, case) == ["Member"] and out(api, people.third.token, case) == []
    for of in (people.member, people.wmember, people.third):
        says(api.get(f"{case.path}/recusals/{of.id}", people.other.token), 404, "not_found")
    assert [r["name"] for r in api.all(case.path + "/recusals", people.chair.token, query={"limit": 1})] == [people.member.name, people.other.name]
    # an end of the interest lifts nothing, a waiver does
    says(api.post(f"/v1/interests/{interest['id']}/transitions", {"action": "end", "on": "2026-01-02", "reason": "x"}, people.member.token,
                  headers=key()), 422, "validation_failed", "validation_failed /on")
    ended = api.post(f"/v1/interests/{interest['id']}/transitions", {"action": "end", "reason": "Ophørt"}, people.member.token, headers=key())
    assert ended.status == 200 and out(api, people.chair.token, case) == out(api, people.chair.token, case, on=day(1)) == ["Member", "Other"]
    assert decide(api, people.chair.token, case, "waivers", people.member).json()["recused"] is False
    assert out(api, people.chair.token, case) == ["(Member)", "Other"]


def test_the_chair_decides_and_waives(api, people):
    name = named()
    case = matter(api, people.secretary.token, company(name))
    declare(api, people.member.token, name)
    for who in (people.secretary.token, people.member.token, "admin", "auditor"):
        for what in ("recusals", "waivers"):
            says(decide(api, who, case, what, people.member), 403, "no_authority")
    says(decide(api, people.chair.token, case, "waivers", people.third), 409, "not_recused", "not_recused /person")
    for what in ("recusals", "waivers"):
        says(decide(api, people.chair.token, case, what, people.member, "   "), 422, "validation_failed", "validation_failed /reason")
    for what in ("recusals", "waivers"):
        says(decide(api, people.chair.token, case, what, people.wmember), 422, "not_in_body", "not_in_body /person")
        says(decide(api, people.chair.token, case, what, NOT_THERE), 422, "unknown_reference", "unknown_reference /person")
    once = key()
    body = {"person": people.member.id, "reason": "Honoraret er uden betydning"}
    waived = api.post(case.path + "/waivers", body, people.chair.token, headers=once)
    assert waived.status == 201 and waived.header("Location") == f"{case.path}/recusals/{people.member.id}"
    assert waived.json()["recused"] is False and waived.json()["grounds"][0]["waived"] is True
    assert [(d["action"], d["reason"], d["by"]) for d in waived.json()["decisions"]] == [("waive", body["reason"], people.chair.subject)]
    assert api.post(case.path + "/waivers", body, people.chair.token, headers=once).body == waived.body
    assert api.get(waived.header("Location"), people.chair.token).etag == waived.etag
    assert [d["by"] for d in api.get(waived.header("Location"), people.member.token).json()["decisions"]] == [None]
    assert out(api, people.chair.token, case) == ["(Member)"]
    says(decide(api, people.chair.token, case, "waivers", people.member), 409, "not_recused", "not_recused /person")
    # what is declared later recuses again
    declare(api, people.member.token, name, tie="Aktier")
    assert out(api, people.chair.token, case) == ["Member"]
    assert decide(api, people.chair.token, case, "waivers", people.member).json()["recused"] is False
    # the chair's own decision, and its waiver
    recused = decide(api, people.chair.token, case, "recusals", people.third, "Har selv udført studiet")
    assert recused.status == 201 and [(g["ground"], g["reason"]) for g in recused.json()["grounds"]] == [("decision", "Har selv udført studiet")]
    says(decide(api, people.chair.token, case, "recusals", people.third), 409, "already_recused", "already_recused /person")
    assert out(api, people.chair.token, case) == ["(Member)", "Third"]
    assert decide(api, people.chair.token, case, "waivers", people.third).json()["recused"] is False
    # a recusal after a waiver takes it back
    assert decide(api, people.chair.token, case, "recusals", people.member).json()["recused"] is True
    assert out(api, people.chair.token, case) == ["(Third)", "Member"]


def test_nobody_decides_for_oneself(api, people):
    name = named()
    case = matter(api, people.secretary.token, company(name))
    declare(api, people.member.token, name)
    assert decide(api, people.chair.token, case, "recusals", people.chair, "Egen beslutning").json()["recused"] is True
    says(decide(api, people.chair.token, case, "waivers", people.chair), 403, "own_waiver", "own_waiver /person")
    says(decide(api, people.chair.token, case, "waivers", people.member), 403, "recused")
    says(api.patch(case.path, {"parties": []}, people.chair.token, headers={"If-Match": case.etag}), 403, "recused")
    assert out(api, people.secretary.token, case) == ["Chair", "Member"]
    danish = api.patch(case.path, {"parties": []}, people.chair.token, headers={"If-Match": case.etag, "Accept-Language": "da"})
    assert danish.json()["title"] == "Kalderen er inhabil i sagen"
    assert api.patch(case.path, {"parties": []}, people.secretary.token, headers={"If-Match": case.etag}).status == 200
    assert out(api, people.secretary.token, case) == ["Chair"]


def test_whoever_appoints_the_chair_decides_in_the_chairs_place(api, people):
    director = seated(api, "health-directors", "director", "nordjylland", name="Person Director")
    name = named()
    declare(api, people.chair.token, name)
    declare(api, people.member.token, name)
    case, another = matter(api, people.secretary.token, company(name)), matter(api, people.secretary.token)
    # the forum's chair has an interest: one of the health directors, who sees that matter and no other
    assert case.id in [m["id"] for m in api.all("/v1/matters", director.token)]
    assert api.get(case.path, director.token).json()["title"] == case.title and out(api, director.token, case) == ["Chair", "Member"]
    says(api.get(another.path, director.token), 404, "not_found")
    says(api.patch(case.path, {"title": "x"}, director.token, headers={"If-Match": case.etag}), 403, "no_authority")
    for who in (people.secretary.token, "auditor"):
        says(decide(api, who, case, "waivers", people.chair), 403, "no_authority")
    assert decide(api, director.token, case, "waivers", people.member).json()["recused"] is False
    waived = decide(api, director.token, case, "waivers", people.chair, "Uden betydning")
    assert waived.status == 201 and waived.json()["recused"] is False
    assert api.get(waived.header("Location"), director.token).body == waived.body
    says(decide(api, director.token, case, "recusals", people.third), 403, "no_authority")
    assert decide(api, people.chair.token, case, "recusals", people.third).status == 201
    # the operator, where the chair is the one concerned
    assert decide(api, "admin", another, "recusals", people.chair).json()["recused"] is True
    assert decide(api, "admin", another, "waivers", people.chair).json()["recused"] is False
    says(decide(api, "admin", another, "recusals", people.third), 403, "no_authority")

    # the steering group, chaired by a health director
    schair = seated(api, "steering-group", "chair", someone=seated(api, "health-directors", "director", "sjaelland", name="Person Schair"))
    smember = seated(api, "steering-group", "member", "nordjylland", name="Person Smember")
    for who in (schair, smember):
        declare(api, who.token, name)
    case = matter(api, schair.token, company(name), body="steering-group")
    says(decide(api, schair.token, case, "waivers", schair), 403, "own_waiver", "own_waiver /person")
    says(decide(api, schair.token, case, "waivers", smember), 403, "recused")
    assert out(api, director.token, case) == ["Schair", "Smember"]
    assert decide(api, director.token, case, "waivers", smember).json()["recused"] is False
    assert decide(api, director.token, case, "waivers", schair).json()["recused"] is False


def test_one_person_is_recused_once_whoever_is_first(api, people):
    case = matter(api, people.secretary.token)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: decide(api, people.chair.token, case, "recusals", people.third, f"nr. {i}"), range(8)))
    assert sorted(a.status for a in answers) == [201] + [409] * 7 and {a.code for a in answers if a.status == 409} == {"already_recused"}
    assert len(api.get(f"{case.path}/recusals/{people.third.id}", people.chair.token).json()["decisions"]) == 1


def test_what_is_kept_of_a_person_is_in_the_export(api, people):
    someone = seated(api, "forum", "hospital_pharmacist", name="Person Export")
    interest = declare(api, someone.token, named())
    case = matter(api, people.secretary.token, company(interest["party"]))
    decide(api, people.chair.token, case, "waivers", someone, "Uden betydning")
    decide(api, people.chair.token, case, "recusals", someone, "Alligevel")
    api.post(f"/v1/interests/{interest['id']}/transitions", {"action": "end", "reason": "Ophørt"}, someone.token, headers=key())
    api.post(f"/v1/appointments/{someone.appointment}/transitions", {"action": "end", "reason": "Udtrådt"}, "admin", headers=key())
    for who in (someone.token, "admin", "auditor"):
        export = api.get(f"/v1/people/{someone.id}/export", who).json()
        assert [(i["id"], i["party"], i["end_reason"], len(i["history"])) for i in export["interests"]] == [(interest["id"], interest["party"], "Ophørt", 2)]
        assert [(r["body"], r["reference"], r["action"], r["reason"], r["by"]) for r in export["recusals"]] == [
            ("forum", case.reference, "waive", "Uden betydning", people.chair.subject), ("forum", case.reference, "recuse", "Alligevel", people.chair.subject)]
        assert {"table": "interest", "column": "created_by", "rows": 1} in export["traces"]
