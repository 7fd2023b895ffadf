"""Meetings through HTTP: from draft to approved minutes, who sees what, calendars held against a library, pages held against a
parser. A cluster of its own, whose clock says when it is.
SPDX-License-Identifier: MPL-2.0
"""
import concurrent.futures
import datetime
import json
import re
import uuid

import html5lib
import icalendar
import pytest

from medkoord_api import fresh_cluster, key, person, says, seated, served
from own import api, clock, cluster  # noqa: F401

TODAY, LATER = "2026-03-05", "2026-06-11"
NOW = TODAY + "T12:00:00+01:00"
NASTY = "<script>alert('x')</script> & \"æøå\" <b>&amp;</b>"
LONG = "Regionernes ibrugtagning af nye lægemidler, herunder særlige forhold; æøåÆØÅ, " * 40


def seat_people(api):
    """Tokens by seat: the forum's secretariat, chair and a member, the chair of a drug committee, and somebody without a seat."""
    seats = {"secretary": ("forum", "secretariat", "midtjylland"), "chair": ("forum", "chair", "midtjylland"), "member": ("forum", "amgros"),
             "other": ("drug-committee-nordjylland", "chair", "nordjylland"), "guest": None}
    tokens, ids = {}, {}
    for number, (who, seat) in enumerate(seats.items()):
        name = f"Person {'ABCDE'[number]} & søn"
        someone = seated(api, *seat, name=name, start="2025-01-01") if seat else person(api, name)
        tokens[who], ids[who] = someone.token, someone.id
    tokens["ids"] = ids
    return tokens


@pytest.fixture(scope="module")
def people(api):
    return seat_people(api)


@pytest.fixture(scope="module")
def crowd(keys, contract):
    """A server whose database has the real clock, and its people: where many wait for a lock, PostgreSQL's timers interrupt
    libfaketime in the middle, and that can hang."""
    with fresh_cluster() as cluster, served(cluster, keys, contract) as client:
        yield client, seat_people(client)


def make(api, who, day=TODAY, body="forum", **more):
    response = api.post("/v1/meetings", {"body": body, "title": "Møde", "starts_at": day + "T09:00:00Z", "ends_at": day + "T11:00:00Z",
                                         "agenda": [{"title": "Velkomst"}], **more}, who, headers=key())
    assert response.status == 201, response.text
    assert response.header("Location") == "/v1/meetings/" + response.json()["reference"]
    return response.header("Location")


def step(api, path, action, who, etag=None, **more):
    return api.post(path + "/transitions", {"action": action, **more}, who, headers={**key(), **({"If-Match": etag} if etag else {})})


def done(response):
    assert response.status == 200, response.text
    return response


def approve(api, path, who):
    return done(step(api, path, "approve_minutes", who, api.get(path + "/minutes", who).etag))


def any_version():
    return {"If-Match": "*"}


def held(api, people, **more):
    path = make(api, people["secretary"], **more)
    for action in ("call", "hold"):
        done(step(api, path, action, people["secretary"]))
    return path


def state_of(api, path, who):
    response = api.get(path, who)
    return response.json()["state"] if response.status == 200 else response.status


# ---- the whole way ----

def test_from_draft_to_approved_minutes(api, people):
    secretary, chair, ids = people["secretary"], people["chair"], people["ids"]
    path = make(api, secretary)
    assert re.fullmatch(r"/v1/meetings/MT-2026-[0-9]{6}", path)
    draft = api.get(path, secretary)
    assert (draft.json()["state"], draft.json()["actions"], draft.json()["attendance"]) == ("draft", ["call", "cancel"], [])
    agenda = done(api.put(path + "/agenda", {"items": [
        {"title": "Godkendelse af dagsorden", "purpose": "decision"},
        {"title": "Anmodning", "text": "Linje 1\nLinje 2", "purpose": "information", "link": {"kind": "case", "ref": "TF-2026-0007"}},
        {"title": "Ansøgning", "link": {"kind": "application", "ref": "AN-2026-0001"}}, {"title": "Eventuelt", "text": None, "link": None}]},
        secretary, headers={"If-Match": draft.etag}))
    assert [(i["item"], i["closed"]) for i in agenda.json()["agenda"]] == [(1, False), (2, False), (3, True), (4, False)]
    assert agenda.json()["agenda"][1] == {"item": 2, "title": "Anmodning", "text": "Linje 1\nLinje 2", "purpose": "information", "closed": False,
                                          "link": {"kind": "case", "ref": "TF-2026-0007", "title": None}, "recused": []}
    called = done(step(api, path, "call", secretary, agenda.etag))
    assert (called.json()["state"], called.json()["actions"]) == ("called", ["cancel", "hold"])
    done(api.put(path + "/attendance", {"attendance": [{"person": ids["member"], "attendance": "apologies"}]}, secretary, headers={"If-Match": called.etag}))
    done(step(api, path, "hold", secretary))
    attended = done(api.put(path + "/attendance", {"attendance": [
        {"person": ids["chair"], "attendance": "present"}, {"person": ids["member"], "attendance": "apologies"},
        {"person": ids["guest"], "attendance": "present"}]}, secretary, headers=any_version()))
    assert [(a["person"], a["attendance"], a["seats"]) for a in attended.json()["attendance"]] == [
        (ids["chair"], "present", ["chair"]), (ids["member"], "apologies", ["amgros"]), (ids["guest"], "present", [])]
    minutes = done(api.put(path + "/minutes", {"text": "Formanden bød velkommen.", "items": [{"item": 1, "decision": "Godkendt."}, {"item": 2, "text": "Drøftet."}]},
                           secretary, headers={"If-Match": attended.etag}))
    assert (minutes.json()["state"], minutes.json()["approved"]) == ("draft", None)
    assert minutes.json()["items"][0] == {"item": 1, "title": "Godkendelse af dagsorden", "text": None, "decision": "Godkendt.", "recused": []}
    read = api.get(path + "/minutes", chair)
    assert read.json() == minutes.json() and api.get(path, chair).json()["actions"] == ["approve_minutes"]
    assert api.get(path + "/minutes", chair, headers={"If-None-Match": read.etag}).status == 304
    for unread in (None, "*"):
        says(step(api, path, "approve_minutes", chair, unread), 428, "precondition_required")
    assert "not *" in step(api, path, "approve_minutes", chair, "*").json()["detail"]
    done(api.put(path + "/minutes", {"text": "Andet.", "items": []}, secretary, headers={"If-Match": read.etag}))
    says(step(api, path, "approve_minutes", chair, read.etag), 412, "precondition_failed")
    approved = done(step(api, path, "approve_minutes", chair, api.get(path + "/minutes", chair).etag))
    assert (approved.json()["state"], approved.json()["minutes"], approved.json()["actions"]) == ("minutes_approved", "approved", [])
    shown = api.get(path + "/minutes", "reader").json()
    assert (shown["state"], shown["text"], shown["approved"]["person"]) == ("approved", "Andet.", ids["chair"])
    assert [i["item"] for i in shown["items"]] == [1, 2, 4], "what is closed stays with the members"
    assert len(api.get(path, "reader").json()["attendance"]) == 3


def test_a_change_to_approved_minutes_changes_nothing(api, people):
    path = held(api, people)
    done(api.put(path + "/minutes", {"text": "Godkendt tekst.", "items": []}, people["secretary"], headers=any_version()))
    approve(api, path, people["chair"])
    before = [api.get(path + rest, people["secretary"], headers={"Accept": accept}).body
              for rest, accept in (("", "application/json"), ("/minutes", "application/json"), ("", "text/html"))]
    for who in ("secretary", "chair"):
        says(api.patch(path, {"title": "Nyt"}, people[who], headers=any_version()), 409, "minutes_approved")
        says(api.put(path + "/agenda", {"items": [{"title": "Nyt"}]}, people[who], headers=any_version()), 409, "minutes_approved")
    says(api.put(path + "/minutes", {"text": "Nyt", "items": []}, people["secretary"], headers=any_version()), 409, "minutes_approved")
    says(api.put(path + "/attendance", {"attendance": []}, people["secretary"], headers=any_version()), 409, "minutes_approved")
    says(step(api, path, "cancel", people["secretary"], reason="X"), 409, "transition_not_allowed")
    assert before == [api.get(path + rest, people["secretary"], headers={"Accept": accept}).body
                      for rest, accept in (("", "application/json"), ("/minutes", "application/json"), ("", "text/html"))]
    danish = api.put(path + "/minutes", {"items": []}, people["secretary"], headers={**any_version(), "Accept-Language": "da"}).json()
    assert danish["title"] == "Referatet er godkendt, og ændres ikke"


def test_approved_minutes_stay_whoever_changes(api, people, cluster):
    """Names, seats, recusals and the body's name are those of the day on which they were approved."""
    secretary, ids = people["secretary"], people["ids"]
    someone = seated(api, "forum", "hospital_pharmacist", name="Person P", start="2026-01-01")
    pharmacist = someone.id
    tie = api.post("/v1/interests", {"kind": "company", "party": "Eksempel A/S", "tie": "honorar", "from": "2026-01-01"}, someone.token, headers=key())
    assert tie.status == 201, tie.text
    matter = {"body": "forum", "kind": "case", "reference": "TF-2026-0815", "title": "En sag", "parties": [{"kind": "company", "name": "Eksempel A/S"}]}
    matter = api.post("/v1/matters", matter, secretary, headers=key())
    assert matter.status == 201
    path = make(api, secretary, agenda=[{"title": "Velkomst"}, {"title": "Sag", "link": {"kind": "case", "ref": "TF-2026-0815"}}])
    recused = [{"person": pharmacist, "name": "Person P"}]
    for action in ("call", "hold"):
        done(step(api, path, action, secretary))
        assert [i["recused"] for i in api.get(path, secretary).json()["agenda"]] == [[], recused]
        assert [i["recused"] for i in api.get(path, "reader").json()["agenda"]] == [None, None], "who is recused, others read with the approved minutes"
    done(api.put(path + "/attendance", {"attendance": [{"person": p, "attendance": "present"} for p in (pharmacist, ids["chair"])]}, secretary, headers=any_version()))
    done(api.put(path + "/minutes", {"items": [{"item": 2, "text": "Drøftet."}]}, secretary, headers=any_version()))
    approve(api, path, people["chair"])
    minutes = api.get(path + "/minutes").json()
    assert (minutes["written_by"], minutes["approved"]["name"]) == ({"person": ids["secretary"], "name": "Person A & søn"}, "Person B & søn")
    assert re.fullmatch(r"2026-03-05T11:00:[0-9.]+Z", minutes["approved"]["at"]), minutes["approved"]["at"]
    assert [i["recused"] for i in minutes["items"]] == [i["recused"] for i in api.get(path).json()["agenda"]] == [[], recused]
    assert "2. Sag Sag TF-2026-0815 Inhabile: Person P Drøftet." in page_of(api, path, "reader")[1]

    def shown():
        answers = [api.get(path + rest, who, headers={"Accept": accept}) for who in ("reader", secretary)
                   for rest, accept in (("", "application/json"), ("/minutes", "application/json"), ("", "text/html"))]
        return [(a.status, a.etag, a.text) for a in answers]
    before = shown()
    assert "Person P" in before[2][2] and '"seats":["hospital_pharmacist"]' in before[0][2].replace(" ", "")

    def rename(person, name):
        done(api.patch(f"/v1/people/{person}", {"name": name}, "admin", headers=any_version()))
    for person in (pharmacist, ids["chair"], ids["secretary"]):
        rename(person, "En anden")
    done(api.patch("/v1/bodies/forum", {"name": "Et andet organ"}, "admin", headers=any_version()))
    waiver = api.post(matter.header("Location") + "/waivers", {"person": pharmacist, "reason": "Fejl"}, people["chair"], headers=key())
    assert waiver.status == 201, waiver.text
    done(api.post(f"/v1/appointments/{someone.appointment}/transitions", {"action": "end", "on": "2026-01-01", "reason": "Fejl"}, "admin", headers=key()))
    assert shown() == before
    stored = [m for m in api.get(f"/v1/people/{pharmacist}/export", "admin").json()["meetings"]]
    assert [(m["name"], m["recused_on"], m["starts_at"]) for m in stored] == [("Person P", [2], "2026-03-05T09:00:00Z")]
    for person, letter in ((ids["secretary"], "A"), (ids["chair"], "B")):
        rename(person, f"Person {letter} & søn")
    done(api.patch("/v1/bodies/forum", {"name": "Tværregionalt forum for koordination af medicin"}, "admin", headers=any_version()))


def test_members_send_their_own_apologies(api, people):
    secretary, member, ids = people["secretary"], people["member"], people["ids"]
    path = make(api, secretary)

    def send(who, apologies=True):
        return api.post(path + "/apologies", {"apologies": apologies}, who)

    def written():
        return [(a["person"], a["attendance"]) for a in api.get(path, secretary).json()["attendance"]]
    says(send(member), 409, "meeting_not_held")
    says(send("reader"), 404, "not_found")
    done(step(api, path, "call", secretary))
    for who in ("reader", "admin", people["other"], people["guest"]):
        says(send(who), 403, "no_authority")
    before = api.get(path, secretary)
    sent = done(send(member))
    assert sent.etag == api.get(path, member).etag and done(send(member)).etag == sent.etag, "once more is the same"
    assert written() == [(ids["member"], "apologies")]
    says(api.put(path + "/attendance", {"attendance": []}, secretary, headers={"If-Match": before.etag}), 412, "precondition_failed")
    done(send(secretary))
    assert done(send(member, False)).json()["attendance"][0]["person"] == ids["secretary"] and len(written()) == 1
    done(send(member, False))
    done(step(api, path, "hold", secretary))
    says(send(member), 409, "meeting_over")
    says(send(secretary, False), 409, "meeting_over")
    assert written() == [(ids["secretary"], "apologies")]


def test_a_call_without_agenda_changes_nothing(api, people):
    path = make(api, people["secretary"], agenda=[])
    before = api.get(path, people["secretary"])
    assert before.json()["actions"] == ["cancel"]
    says(step(api, path, "call", people["secretary"]), 409, "meeting_without_agenda")
    assert api.get(path, people["secretary"]).body == before.body and state_of(api, path, "reader") == 404
    done(api.put(path + "/agenda", {"items": [{"title": "Punkt"}]}, people["secretary"], headers=any_version()))
    done(step(api, path, "call", people["secretary"]))
    says(api.put(path + "/agenda", {"items": []}, people["secretary"], headers=any_version()), 409, "meeting_without_agenda", "/items")
    assert len(api.get(path, "reader").json()["agenda"]) == 1


def test_what_comes_too_early_and_too_late(api, people):
    secretary, chair, ids = people["secretary"], people["chair"], people["ids"]
    path = make(api, secretary, LATER)
    says(step(api, path, "hold", secretary), 409, "transition_not_allowed")
    says(api.put(path + "/attendance", {"attendance": []}, secretary, headers=any_version()), 409, "meeting_not_held")
    done(step(api, path, "call", secretary))
    assert api.get(path, secretary).json()["actions"] == ["cancel"]
    says(step(api, path, "hold", secretary), 409, "meeting_lies_ahead")
    says(api.put(path + "/attendance", {"attendance": [{"person": ids["chair"], "attendance": "present"}]}, secretary, headers=any_version()), 409, "meeting_not_held")
    says(api.put(path + "/minutes", {"items": []}, secretary, headers=any_version()), 409, "meeting_not_held")
    says(step(api, path, "cancel", secretary), 422, "validation_failed", "/reason")
    cancelled = done(step(api, path, "cancel", secretary, reason="Sygdom"))
    assert (cancelled.json()["state"], cancelled.json()["cancel_reason"]) == ("cancelled", "Sygdom")
    says(api.patch(path, {"place": "X"}, secretary, headers=any_version()), 409, "meeting_over")
    says(api.put(path + "/agenda", {"items": [{"title": "X"}]}, secretary, headers=any_version()), 409, "meeting_over")
    says(api.put(path + "/attendance", {"attendance": []}, secretary, headers=any_version()), 409, "meeting_over")
    says(api.put(path + "/minutes", {"items": []}, secretary, headers=any_version()), 409, "meeting_over")
    path = held(api, people)
    says(step(api, path, "approve_minutes", chair, api.get(path, chair).etag), 409, "minutes_missing")
    says(api.put(path + "/agenda", {"items": [{"title": "X"}]}, secretary, headers=any_version()), 409, "meeting_over")
    says(api.get(path + "/minutes", secretary), 404, "not_found")


def test_what_does_not_fit_is_named(api, people):
    secretary = people["secretary"]
    new = {"body": "forum", "title": "X", "starts_at": "2026-03-05T09:00:00Z", "ends_at": "2026-03-05T09:00:00Z"}
    says(api.post("/v1/meetings", new, secretary, headers=key()), 422, "meeting_ends_before_start")
    says(api.post("/v1/meetings", {**new, "starts_at": "2016-03-05T08:00:00Z", "ends_at": "2016-03-05T09:00:00Z"}, secretary, headers=key()), 422, "body_not_in_force", "/starts_at")
    says(api.post("/v1/meetings", {**new, "body": "atlantis"}, secretary, headers=key()), 422, "unknown_reference", "/body")
    says(api.post("/v1/meetings", {**new, "title": "010180-1234"}, secretary, headers=key()), 422, "cpr_number_not_allowed", "/title")
    for title, code in (("   ", "validation_failed"), ("\u00a0", "validation_failed"), ("Møde\nto", "control_character"), ("Møde\u2028to", "control_character")):
        bad = api.post("/v1/meetings", {**new, "title": title, "agenda": [{"title": title}]}, secretary, headers=key())
        says(bad, 422, "validation_failed", f"{code} /title", f"{code} /agenda/0/title")
    path = make(api, secretary)
    says(api.patch(path, {"title": "Møde\nto"}, secretary, headers=any_version()), 422, "validation_failed", "control_character /title")
    says(api.put(path + "/agenda", {"items": [{"title": "Sag", "link": {"kind": "case", "ref": "AB-0101-851234"}}]}, secretary, headers=any_version()),
         422, "cpr_number_not_allowed", "/items/0/link/ref")
    says(api.patch(path, {"ends_at": "2026-03-05T08:00:00Z"}, secretary, headers=any_version()), 422, "meeting_ends_before_start")
    says(api.patch(path, {"starts_at": "2016-03-05T08:00:00Z", "ends_at": "2016-03-05T09:00:00Z"}, secretary, headers=any_version()), 422, "body_not_in_force", "/starts_at")
    says(api.patch(path, {"title": "Nyt"}, secretary, headers={"If-Match": '"99-x"'}), 412, "precondition_failed")
    for ref, kind, code in ((str(uuid.uuid4()), "snapshot", "unknown_reference"), ("TF-1", "case", "validation_failed")):
        says(api.put(path + "/agenda", {"items": [{"title": "A"}, {"title": "B", "link": {"kind": kind, "ref": ref}}]}, secretary, headers=any_version()),
             422, code, "/items/1/link/ref")
    says(api.put(path + "/agenda", {"items": []}, secretary, headers={"If-Match": '"99-x"'}), 412, "precondition_failed")
    assert [i["title"] for i in api.get(path, secretary).json()["agenda"]] == ["Velkomst"]
    path = held(api, people)
    stranger = str(uuid.uuid4())
    says(api.put(path + "/attendance", {"attendance": [{"person": stranger, "attendance": "absent"}]}, secretary, headers=any_version()), 422, "unknown_reference", "/attendance/0/person")
    says(api.put(path + "/attendance", {"attendance": []}, secretary, headers={"If-Match": '"99-x"'}), 412, "precondition_failed")
    says(api.put(path + "/minutes", {"items": [{"item": 2, "text": "X"}]}, secretary, headers=any_version()), 422, "unknown_reference", "/items/0/item")
    says(api.put(path + "/minutes", {"items": []}, secretary, headers={"If-Match": '"99-x"'}), 412, "precondition_failed")
    assert api.patch(make(api, secretary), {"title": "Nyt", "place": "Et sted"}, secretary, headers=any_version()).json()["place"] == "Et sted"
    says(api.get("/v1/meetings", query={"body": "atlantis"}), 400, "invalid_parameter", "query/body")


@pytest.mark.parametrize("body,seats,everybody", [
    ("steering-group", [("secretariat", None), ("chair", None)], True),
    ("working-group", [("secretariat", None), ("chair", None)], True),
    ("health-directors", [("director", "syddanmark")], False),
    ("drug-committee-hovedstaden", [("chair", "hovedstaden")], False)])
def test_every_kind_of_body_meets(api, body, seats, everybody):
    tokens = [seated(api, body, role, region, name="Person F", start="2026-01-01").token for role, region in seats]
    writer, chair = tokens[0], tokens[-1]
    path = make(api, writer, body=body)
    done(step(api, path, "call", writer))
    assert state_of(api, path, "reader") == ("called" if everybody else 404)
    done(step(api, path, "hold", chair))
    done(api.put(path + "/minutes", {"items": [{"item": 1, "decision": "Ja"}]}, writer, headers=any_version()))
    approve(api, path, chair)
    assert api.get(path + "/minutes", "reader").status == (200 if everybody else 404)
    assert "Beslutning: Ja" in page_of(api, path, writer)[1]
    if body == "drug-committee-hovedstaden":
        make(api, writer, "2026-12-31", body=body)
        late = {"body": body, "title": "X", "starts_at": "2026-12-31T23:00:00Z", "ends_at": "2026-12-31T23:30:00Z"}
        says(api.post("/v1/meetings", late, writer, headers=key()), 422, "body_not_in_force", "/starts_at")


# ---- who may, and who sees ----

def test_authority_follows_from_seats_and_no_role(api, people):
    body = {"body": "forum", "title": "X", "starts_at": "2026-03-05T09:00:00Z", "ends_at": "2026-03-05T10:00:00Z"}
    for who in ("admin", "forum_secretariat", "auditor", people["member"], people["other"], people["guest"]):
        says(api.post("/v1/meetings", body, who, headers=key()), 403, "no_authority")
    path = make(api, people["secretary"])
    done(step(api, path, "call", people["secretary"]))
    for who in ("admin", "forum_secretariat", people["member"], people["other"]):
        says(api.patch(path, {"title": "Y"}, who, headers=any_version()), 403, "no_authority")
        says(api.put(path + "/agenda", {"items": []}, who, headers=any_version()), 403, "no_authority")
        says(api.put(path + "/attendance", {"attendance": []}, who, headers=any_version()), 403, "no_authority")
        says(api.put(path + "/minutes", {"items": []}, who, headers=any_version()), 403, "no_authority")
        for action in ("call", "hold", "approve_minutes", "cancel"):
            says(step(api, path, action, who, "*"), 403, "no_authority")
    says(step(api, path, "approve_minutes", people["secretary"], "*"), 403, "no_authority")
    says(api.put(path + "/minutes", {"items": []}, people["chair"], headers=any_version()), 403, "no_authority")
    assert api.get(path, "admin").json()["actions"] == [] and api.get(path, people["member"]).json()["actions"] == []


def test_a_draft_does_not_exist_for_others(api, people):
    path = make(api, people["secretary"], "2024-05-02", title="Hemmelig kladde")
    for who in ("secretary", "chair", "member"):
        assert state_of(api, path, people[who]) == "draft"
    for who in ("admin", "auditor", "reader", "forum_secretariat", people["other"], people["guest"]):
        says(api.get(path, who), 404, "not_found")
        says(api.get(path, who, headers={"Accept": "text/html"}), 404, "not_found")
        says(api.patch(path, {"title": "X"}, who, headers=any_version()), 404, "not_found")
        says(step(api, path, "call", who), 404, "not_found")
        listed = api.get("/v1/meetings", who, query={"year": 2024, "count": "exact"}).json()
        assert (listed["items"], listed["total"]) == ([], 0)
    assert api.get("/v1/meetings", people["member"], query={"year": 2024, "count": "exact"}).json()["total"] == 1
    done(step(api, path, "cancel", people["secretary"], reason="Ikke nødvendigt"))
    assert (state_of(api, path, people["member"]), state_of(api, path, "reader")) == ("cancelled", 404), "nobody was ever called to it"


def test_draft_minutes_are_for_members(api, people):
    path = held(api, people)
    done(api.put(path + "/minutes", {"text": "Foreløbigt", "items": []}, people["secretary"], headers=any_version()))
    assert api.get(path + "/minutes", people["member"]).json()["text"] == "Foreløbigt"
    for who in ("admin", "auditor", "reader", people["other"]):
        says(api.get(path + "/minutes", who), 404, "not_found")
        meeting = api.get(path, who).json()
        assert (meeting["state"], meeting["minutes"], meeting["attendance"]) == ("held", None, None)
        assert "Foreløbigt" not in api.get(path, who, headers={"Accept": "text/html"}).text


def test_what_others_do_not_see_does_not_show_by_its_time(api, people, cluster):
    """Neither an entity tag nor a time moves for those for whom nothing has."""
    secretary = people["secretary"]
    path = make(api, secretary, agenda=[{"title": "Åbent"}, {"title": "Lukket", "closed": True}])
    done(step(api, path, "call", secretary))

    def seen(who="reader"):
        page = api.get(path, who, headers={"Accept": "text/html"})
        entry = next(e for e in calendar_of(api.get("/v1/meetings.ics", who)) if path.rpartition("/")[2] in e["DESCRIPTION"])
        listed = next(m for m in api.all("/v1/meetings", who, query={"year": 2026}) if path.endswith(m["reference"]))
        return [api.get(path, who).etag, api.get(path, who).json(), page.etag, page.text, entry.to_ical(), listed]
    before, members = seen(), seen(secretary)

    def unseen(answer):
        nonlocal members
        done(answer)
        assert seen() == before
        now = seen(secretary)
        assert now[0] != members[0] and now[1]["changed_at"] > members[1]["changed_at"] and now[5]["changed_at"] == now[1]["changed_at"]
        members = now

    def agenda(first, second):
        return api.put(path + "/agenda", {"items": [{"title": first}, {"title": second, "closed": True}]}, secretary, headers=any_version())
    unseen(agenda("Åbent", "Andet"))
    unseen(api.put(path + "/attendance", {"attendance": [{"person": people["ids"]["member"], "attendance": "apologies"}]}, secretary, headers=any_version()))
    done(agenda("Ændret", "Andet"))
    assert all(a != b for a, b in zip(seen(), before)), "what they see has changed"
    done(step(api, path, "hold", secretary))
    before, members = seen(), seen(secretary)
    unseen(api.put(path + "/minutes", {"text": "Foreløbigt", "items": []}, secretary, headers=any_version()))
    unseen(api.put(path + "/attendance", {"attendance": []}, secretary, headers=any_version()))
    approve(api, path, people["chair"])
    assert seen()[1]["changed_at"] == seen(secretary)[1]["changed_at"] > before[1]["changed_at"]
    assert [re.match("[0-9]+-", api.get(path + rest).etag.strip('"')) for rest in ("", "/minutes")] == [None, None], "how often it changed is not told"


def test_a_committee_keeps_its_meetings_to_itself(api, people):
    path = make(api, people["other"], body="drug-committee-nordjylland", title="Komitémøde")
    done(step(api, path, "call", people["other"]))
    seen = {who: state_of(api, path, who) for who in ("reader", "forum_secretariat", "auditor", "admin", people["secretary"])}
    assert list(seen.values()) == [404, 404, "called", "called", 404]
    assert "Komitémøde" in api.get("/v1/meetings.ics", people["other"]).text and "Komitémøde" not in api.get("/v1/meetings.ics", people["secretary"]).text
    count = "/v1/bodies/drug-committee-nordjylland/meeting-count"
    assert (api.get(count, people["other"]).json()["called"], api.get(count, "reader").json()["called"]) == (1, 0)


# ---- lists and the year's count ----

def test_lists(api, people):
    days = ["2023-01-31", "2023-02-01", "2023-02-01", "2023-12-31"]
    paths = [make(api, people["secretary"], day, title=f"Liste {n}", agenda=[{"title": "X", "link": {"kind": "list", "ref": f"PO-2023-000{n}"}, "closed": n == 3}])
             for n, day in enumerate(days)]
    for path in paths[1:]:
        done(step(api, path, "call", people["secretary"]))

    def titles(who="reader", **query):
        return [m["title"][-1] for m in api.all("/v1/meetings", who, query={"body": "forum", "year": 2023, **query})]
    same = ["2", "1"] if paths[2] > paths[1] else ["1", "2"]  # at one time, by reference
    assert titles() == titles(limit=1) == ["3", *same] and titles(people["member"], limit=3) == ["3", *same, "0"]
    assert titles(**{"from": "2023-02-01", "to": "2023-02-01"}) == same and titles(people["member"], to="2023-01-31") == ["0"]
    assert titles(people["member"], state="draft") == ["0"] and titles(state="draft") == [] and titles(body="steering-group") == []
    assert titles(concerns="PO-2023-0001") == ["1"] and titles(concerns="PO-2023-0003") == [] and titles(people["member"], concerns="PO-2023-0003") == ["3"]
    first = api.get("/v1/meetings", query={"body": "forum", "year": 2023, "limit": 1, "count": "exact"}).json()
    assert first["total"] == 3 and first["items"][0]["reference"] == paths[3].rpartition("/")[2]


def test_a_year_begins_at_midnight_in_denmark(api, people):
    path = make(api, people["secretary"], starts_at="2021-12-31T23:30:00Z", ends_at="2022-01-01T01:00:00Z")
    done(step(api, path, "call", people["secretary"]))
    assert [len(api.all("/v1/meetings", query={"year": year})) for year in (2021, 2022)] == [0, 1]
    assert api.get("/v1/bodies/forum/meeting-count", query={"year": 2022}).json()["called"] == 1


def test_the_forums_count_against_four(api, people):
    def count(year=2019, body="forum"):
        return api.get(f"/v1/bodies/{body}/meeting-count", query={"year": year})
    empty = {"body": "forum", "year": 2019, "expected": 4, "called": 0, "held": 0, "cancelled": 0, "missing": 4}
    first = count()
    assert first.json() == empty and api.get("/v1/bodies/forum/meeting-count", query={"year": 2019}, headers={"If-None-Match": first.etag}).status == 304
    paths = [make(api, people["secretary"], f"2019-0{n}-01") for n in range(1, 8)]
    assert count().json() == empty, "drafts do not count"
    for path in paths[:6]:
        done(step(api, path, "call", people["secretary"]))
    assert count().json() == {**empty, "called": 6, "missing": 0} and count().etag != first.etag
    for path in paths[:2]:
        done(step(api, path, "hold", people["secretary"]))
    for path in paths[2:5] + paths[6:]:
        done(step(api, path, "cancel", people["secretary"], reason="X"))
    assert count().json() == {**empty, "called": 1, "held": 2, "cancelled": 3, "missing": 1}
    assert count(2016).json()["expected"] is None and count(2019, "health-directors").json()["missing"] is None
    assert api.get("/v1/bodies/forum/meeting-count").json()["year"] == 2026


# ---- two at the same time ----

def test_of_many_who_write_the_same_version_one_does(crowd):
    api, people = crowd
    path = held(api, people, day=datetime.date.today().isoformat())
    etag = api.get(path, people["secretary"]).etag
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: api.put(path + "/minutes", {"text": f"Nr. {n}", "items": []}, people["secretary"], headers={"If-Match": etag}), range(6)))
    assert sorted(a.status for a in answers) == [200] + [412] * 5
    assert api.get(path + "/minutes", people["member"]).json()["text"] == next(a.json()["text"] for a in answers if a.status == 200)


def test_every_meeting_has_its_own_reference(crowd):
    api, people = crowd
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda n: make(api, people["secretary"]), range(24)))
    assert len(set(made)) == 24
    numbers = [int(path[-6:]) for path in sorted(made)]
    assert max(b - a for a, b in zip(numbers, numbers[1:])) > 1000, "nor do they tell how many there are"


def test_a_call_sent_twice_is_one(api, people):
    path, headers = make(api, people["secretary"]), key()
    answers = [api.post(path + "/transitions", {"action": "call"}, people["secretary"], headers=headers) for _ in range(2)]
    assert answers[0].body == answers[1].body and answers[1].header("Idempotent-Replayed") == "true"


# ---- calendars ----

def calendar_of(response):
    """Read by python3-icalendar, after RFC 5545's rules of lines have been held against the bytes."""
    assert response.status == 200 and response.header("Content-Type") == "text/calendar; charset=utf-8"
    assert response.body.endswith(b"END:VCALENDAR\r\n") and b"\n" not in response.body.replace(b"\r\n", b"") and b"\r" not in response.body.replace(b"\r\n", b"")
    for line in response.body.split(b"\r\n"):
        assert len(line) <= 75 and not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", line)
        line.decode()  # no character is cut
    calendar = icalendar.Calendar.from_ical(response.body)
    assert calendar["VERSION"] == "2.0" and calendar["PRODID"] and "METHOD" not in calendar
    for component in calendar.walk():
        assert component.errors == [], component
    assert icalendar.Calendar.from_ical(calendar.to_ical()).to_ical() == calendar.to_ical()
    zone, = calendar.walk("VTIMEZONE")
    summer = zone.to_tz().localize(datetime.datetime(2026, 7, 1, 12)).utcoffset()
    assert (zone["TZID"], summer) == ("Europe/Copenhagen", datetime.timedelta(hours=2))
    events = calendar.walk("VEVENT")
    assert len({e["UID"] for e in events}) == len(events)
    for event in events:
        assert event.decoded("DTSTAMP").tzinfo and event.decoded("DTEND") > event.decoded("DTSTART")
        assert event["STATUS"] in ("TENTATIVE", "CONFIRMED", "CANCELLED")
    return events


def test_a_calendar_with_long_danish_texts(api, people):
    path = make(api, people["secretary"], "2026-09-10", title="Æblegrød; rød, grød\\med fløde " + "å" * 160, place="Rådhuset, 2. sal; mødelokale \"Ø\"\nVed søen",
                agenda=[{"title": (LONG[n:] + LONG)[:200].strip()} for n in range(20)] + [{"title": NASTY}, {"title": "🙂" * 60}])
    name = path.rpartition("/")[2]

    def find(who):
        return next((e for e in calendar_of(api.get("/v1/bodies/forum/meetings.ics", who)) if name in e["DESCRIPTION"]), None)
    meeting = api.get(path, people["secretary"]).json()
    event = find(people["member"])
    assert find("reader") is None and event["STATUS"] == "TENTATIVE" and event["SUMMARY"] == "Udkast: " + meeting["title"]
    assert event["LOCATION"] == meeting["place"] and str(event["CATEGORIES"].cats[0]) == "Tværregionalt forum for koordination af medicin"
    assert event.decoded("DTSTART") == datetime.datetime(2026, 9, 10, 9, tzinfo=datetime.timezone.utc)
    assert event["DESCRIPTION"].endswith("Dagsorden:\n" + "\n".join(f"{i['item']}. {i['title']}" for i in meeting["agenda"]))
    done(step(api, path, "call", people["secretary"]))
    uid = event["UID"]
    event = find("reader")
    assert (event["UID"], event["STATUS"], event["SEQUENCE"], event["SUMMARY"]) == (uid, "CONFIRMED", 0, meeting["title"])
    done(api.patch(path, {"starts_at": "2026-12-10T13:00:00+01:00", "ends_at": "2026-12-10T15:30:00.75+01:00"}, people["secretary"], headers=any_version()))
    event = find("reader")
    assert (event["UID"], event["SEQUENCE"], event.decoded("DTSTART").hour, event.decoded("DTEND").minute) == (uid, 1, 12, 30)
    done(step(api, path, "cancel", people["secretary"], reason="Sygdom; flere"))
    event = find("reader")
    assert (event["UID"], event["STATUS"], event["SEQUENCE"]) == (uid, "CANCELLED", 2) and "Aflyst: Sygdom; flere" in event["DESCRIPTION"]


def test_calendars_are_the_same_text_until_something_changes(api, people):
    for path in ("/v1/meetings.ics", "/v1/bodies/forum/meetings.ics"):
        first = api.get(path, people["secretary"])
        again = api.get(path, people["secretary"])
        assert first.body == again.body and first.etag == again.etag
        same = api.get(path, people["secretary"], headers={"If-None-Match": first.etag})
        assert (same.status, same.body) == (304, b"")
        head = api.call("HEAD", path, people["secretary"])
        assert (head.status, head.header("Content-Length")) == (200, str(len(first.body)))
    make(api, people["secretary"])
    assert api.get("/v1/meetings.ics", people["secretary"]).etag != first.etag


def test_all_bodies_in_one_calendar_and_one_body_in_its_own(api, people):
    done(step(api, make(api, people["other"], body="drug-committee-nordjylland", title="Komité"), "call", people["other"]))
    every = {e["UID"] for e in calendar_of(api.get("/v1/meetings.ics", people["other"]))}
    each = {body["slug"]: [e["UID"] for e in calendar_of(api.get(f"/v1/bodies/{body['slug']}/meetings.ics", people["other"]))] for body in api.all("/v1/bodies")}
    assert each["forum"] and each["drug-committee-nordjylland"] and sorted(sum(each.values(), [])) == sorted(every)
    assert each["health-directors"] == [], "one without meetings is a calendar, too"
    says(api.get("/v1/bodies/atlantis/meetings.ics", people["other"]), 404, "not_found")
    old = make(api, people["secretary"], "2025-03-01", title="For længe siden")
    done(step(api, old, "call", people["secretary"]))
    assert "For længe siden" not in api.get("/v1/meetings.ics").text


# ---- pages ----

def page_of(api, path, who, **query):
    """Parsed by python3-html5lib, which stops at anything that is not well formed."""
    response = api.get(path, who, headers={"Accept": "text/html"}, query=query)
    assert response.status == 200 and response.header("Content-Type") == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.header("Content-Security-Policy")
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(response.text)
    assert page.get("lang") == "da" and not list(page.iter("script")) and not list(page.iter("b")) and len(list(page.iter("style"))) == 1
    assert not [n for e in page.iter() for n in e.attrib if n.startswith("on") or n in ("src", "href", "style")]
    body = page.find("body")
    return page.find("head/title").text, " ".join(" ".join(body.itertext()).split()), response


def test_agenda_and_minutes_for_print(api, people):
    secretary, ids = people["secretary"], people["ids"]
    path = make(api, secretary, title="T " + NASTY, place="P " + NASTY, agenda=[
        {"title": "A " + NASTY, "text": "B " + NASTY + "\n" + LONG, "purpose": "discussion", "link": {"kind": "case", "ref": "TF-2026-0007"}},
        {"title": "Lukket", "closed": True}])
    name = path.rpartition("/")[2]
    title, text, _ = page_of(api, path, secretary)
    assert title == f"Dagsorden {name}: T {NASTY}"
    for expected in ("Tværregionalt forum", "Dagsorden: T " + NASTY, "Udkast: mødet er ikke indkaldt.", "torsdag den 5. marts 2026 kl. 10.00–12.00", "P " + NASTY,
                     "1. A " + NASTY, "Til drøftelse · Sag TF-2026-0007", "B " + NASTY, LONG.strip(), "2. Lukket (lukket punkt)"):
        assert expected in text, expected
    done(step(api, path, "call", secretary))
    title, text, _ = page_of(api, path, "reader")
    assert "Udkast" not in text and "Lukket" not in text
    done(step(api, path, "hold", secretary))
    done(api.put(path + "/attendance", {"attendance": [{"person": ids[who], "attendance": how} for who, how in
                                                       (("chair", "present"), ("secretary", "present"), ("member", "apologies"), ("guest", "absent"))]}, secretary, headers=any_version()))
    done(api.put(path + "/minutes", {"text": "M " + NASTY, "items": [{"item": 1, "text": "C " + NASTY, "decision": "D " + NASTY}, {"item": 2, "text": "Fortroligt"}]}, secretary, headers=any_version()))
    title, text, draft = page_of(api, path, people["member"])
    assert title.startswith("Referat") and "Udkast: referatet er ikke godkendt." in text
    for expected in ("Til stede Person A & søn, Person B & søn", "Afbud Person C & søn", "Fraværende Person E & søn", "M " + NASTY, "C " + NASTY, "Beslutning: D " + NASTY, "Fortroligt"):
        assert expected in text, expected
    assert page_of(api, path, "reader")[0].startswith("Dagsorden"), "draft minutes are for members"
    for who, document in ((people["member"], "minutes"), ("reader", None)):
        same = api.get(path, who, headers={"Accept": "text/html"}, query={"document": document} if document else {})
        assert same.text == page_of(api, path, who)[2].text
    says(api.get(path, "reader", headers={"Accept": "text/html"}, query={"document": "minutes"}), 404, "not_found")
    assert api.get(path, "reader", query={"document": "minutes"}).json()["state"] == "held", "of the page"
    says(api.get(path, "reader", query={"document": "referat"}), 400, "invalid_parameter", "not_in_enum query/document")
    as_called = page_of(api, path, people["member"], document="agenda")
    assert as_called[0] == f"Dagsorden {name}: T {NASTY}" and "B " + NASTY in as_called[1]
    for later in ("Udkast", "Til stede", "M " + NASTY, "C " + NASTY, "Beslutning", "Fortroligt"):
        assert later not in as_called[1], later
    assert api.get(path, people["member"], headers={"Accept": "text/html", "If-None-Match": draft.etag}).status == 304
    assert api.get(path, people["member"]).etag != draft.etag
    approve(api, path, people["chair"])
    title, text, _ = page_of(api, path, "reader")
    assert title.startswith("Referat") and "Godkendt torsdag den 5. marts 2026 af Person B & søn." in text and "D " + NASTY in text and "Fortroligt" not in text
    title, text, _ = page_of(api, path, "reader", document="agenda")
    assert title.startswith("Dagsorden") and "Godkendt" not in text and "D " + NASTY not in text and "1. A " + NASTY in text


def test_a_cancelled_meeting_says_so_on_its_page(api, people):
    path = make(api, people["secretary"])
    done(step(api, path, "call", people["secretary"]))
    done(step(api, path, "cancel", people["secretary"], reason=NASTY))
    assert "Mødet er aflyst. " + NASTY in page_of(api, path, "reader")[1]


def test_a_snapshot_is_named_by_its_title(api, people, cluster):
    number, = cluster.sql("""INSERT INTO medkoord.divergence_snapshot (title, measure, measure_version, basis, source, from_month, to_month, region_basis, as_of, level, items, overview, sha256)
        SELECT b || ' figurer', m.name, m.version, m.basis, 'amgros', '2020-01-01', '2020-12-01', 'as_reported', now(), 5, 0, '{}', encode(sha256('{}'), 'hex')
        FROM unnest(ARRAY['Åbne', 'Dyre']) b JOIN LATERAL (SELECT * FROM medkoord.divergence_measure m WHERE (m.basis = 'cost_ore') = (b = 'Dyre') LIMIT 1) m ON true
        RETURNING id""")[:1] or [[None]]
    path = make(api, people["secretary"], agenda=[{"title": "Figurer", "link": {"kind": "snapshot", "ref": number[0]}}])
    assert api.get(path, people["member"]).json()["agenda"][0]["link"] == {"kind": "snapshot", "ref": number[0], "title": "Åbne figurer"}
    assert "Øjebliksbillede Åbne figurer" in page_of(api, path, people["member"])[1]


# ---- personal data ----

def test_the_export_of_a_person_tells_their_meetings(api, people):
    path = held(api, people)
    done(api.put(path + "/attendance", {"attendance": [{"person": people["ids"]["guest"], "attendance": "present"}]}, people["secretary"], headers=any_version()))
    secretary = api.get("/v1/me", people["secretary"]).json()
    for who in (people["guest"], "admin"):
        stored = api.get(f"/v1/people/{people['ids']['guest']}/export", who).json()["meetings"]
        assert [(m["attendance"], m["changed_by"]) for m in stored if m["meeting"] == path.rpartition("/")[2]] == [("present", secretary["subject"])]
    stored = api.get(f"/v1/people/{people['ids']['secretary']}/export", people["secretary"]).json()["meetings"]
    assert [t["action"] for m in stored if m["meeting"] == path.rpartition("/")[2] for t in m["transitions"]] == ["call", "hold"]
    assert json.dumps(stored).count(path.rpartition("/")[2]) == 1
    assert {t["name"] for m in stored for t in m["transitions"]} == {"Person A & søn"}
    assert "Person A & søn" in [m["minutes_written_as"] for m in stored]
