"""Every function that is generated for the client library, called against the real server: each answer's struct holds exactly
what its JSON says.
SPDX-License-Identifier: MPL-2.0
"""
import hashlib
import json
import re
import uuid
from ctypes import POINTER, Structure, byref, c_bool, c_char_p, c_void_p

import pytest

import libmedkoord
from client_calls import Caller, Failure, Source, Types
from libmedkoord import Argument, Error, library
from medkoord_api import Server

HEADER = "month,hospital,atc,article_number,product,packs,ddd,cost_ore\n"
ROWS = HEADER + "2016-01,KL1,J01CR05,,,2,143.45,129900\n2016-02,KL1,J01CR05,,,-1,-14.345,-12990\n2016-03,KL1,J01,,,1,0.1000,\n"
CONTROL = {"rows": 3, "ddd": "129.2050", "cost_ore": 116910}


@pytest.fixture(scope="module")
def types():
    return Types()


@pytest.fixture(scope="module")
def place(keys, tmp_path_factory):
    """A server on a database of its own, whose hospital KL1 is of Nordjylland."""
    from medkoord_api import Cluster
    cluster = Cluster()
    server = Server(cluster.url(), keys).start()
    yield server
    assert server.remove() == 0
    cluster.remove()


@pytest.fixture(scope="module")
def as_role(types, place, keys):
    """A handle for a role; made once, so that what it has read is remembered."""
    made = {}

    def give(role):
        if role not in made:
            made[role] = Caller(types, f"http://127.0.0.1:{place.port}", role and keys.token(role))
        return made[role]
    yield give
    for caller in made.values():
        caller.__exit__()


@pytest.fixture(scope="module")
def admin(as_role):
    return as_role("admin")


@pytest.fixture(scope="module")
def hospital(admin):
    return admin.call("create_hospital", body={"code": "KL1", "name": "Klinik Æ \"1\"", "region": "nordjylland", "valid_from": "2010-01-01"})


def announcement(source, control=None, **more):
    return {"source": source, "label": "Prøve", "status": "final", "control": control or CONTROL,
            "coverage": [{"region": "nordjylland", "from_month": "2016-01", "to_month": "2016-03"}], **more}


@pytest.fixture(scope="module")
def delivery(as_role, hospital):
    """An accepted delivery of the source `kl`, and a rejected one."""
    amgros = as_role("amgros")
    made = amgros.call("announce_consumption_delivery", body=announcement("kl", sha256=hashlib.sha256(ROWS.encode()).hexdigest()))
    report = amgros.call("put_consumption_rows", made["id"], content=Source(ROWS.encode()))
    assert report["state"] == "accepted" and report["ddd"] == ("number", "129.205")
    assert report["short_atc_codes"] == [{"atc": "J01", "rows": ("number", "1")}]
    bad = amgros.call("announce_consumption_delivery", body=announcement("kl"))
    with pytest.raises(Failure) as refused:
        amgros.call("put_consumption_rows", bad["id"], content=Source(HEADER.encode() + b"2016-01,NOWHERE,J01CR05,,,,x,\n"))
    assert refused.value.problem == "delivery_rejected" and refused.value.status == 422
    assert {"line/2/hospital", "line/2/ddd"} <= set(refused.value.pointers)
    return made["id"], bad["id"]


def test_service(as_role):
    nobody = as_role(None)
    assert nobody.call("get_health")["status"] == "ok"
    assert nobody.call("get_readiness")["status"] == "ready"
    assert b"medkoord_requests_total" in nobody.call("get_metrics")
    assert json.loads(nobody.call("get_contract"))["openapi"] == "3.1.0"


def test_regions_and_populations(admin):
    regions = admin.call("list_regions", as_of="2026-06-01", limit=2)
    assert [r["slug"] for r in regions] == ["nordjylland", "midtjylland", "syddanmark", "hovedstaden", "sjaelland"]
    assert admin.call("get_region", "oestdanmark")["predecessors"] == ["hovedstaden", "sjaelland"]
    figure = {"population": 585000, "source": "a test", "evidence": "recalled"}
    made = admin.call("put_population", "nordjylland", "2016-01-01", body=figure)
    assert made["population"] == ("number", "585000")
    assert admin.call("get_population", "nordjylland", "2016-01-01") == made
    assert made in admin.call("list_populations", region="nordjylland", count="exact", limit=1)


def test_hospitals_and_the_tag_of_the_last_read(admin, hospital, as_role):
    assert hospital["name"] == 'Klinik Æ "1"' and hospital.etag and not hospital.replayed
    key = str(uuid.uuid4())
    first, again = (admin.call("create_hospital", body={"code": "KLÆ-2", "name": "To", "region": "syddanmark", "valid_from": "2015-01-01"}, idempotency_key=key)
                    for _ in range(2))
    assert first == again and again.replayed
    assert admin.call("get_hospital", "KLÆ-2", as_of="2030-01-01")["region"] == "syddanmark"
    read = admin.call("get_hospital", "KLÆ-2")
    assert admin.call("update_hospital", "KLÆ-2", body={"name": "Tre"})["name"] == "Tre", "If-Match is that of the last read"
    with pytest.raises(Failure) as refused:
        admin.call("update_hospital", "KLÆ-2", body={"name": "Fire"}, if_match=read.etag)
    assert (refused.value.code, refused.value.problem) == (libmedkoord.REFUSED, "precondition_failed")
    assert admin.call("transition_hospital", "KLÆ-2", body={"action": "close", "on": "2026-01-01"})["status"] == "closed"
    listed = admin.call("list_hospitals", include_closed=True, limit=1, count="exact")
    assert [h["code"] for h in listed] == ["KL1", "KLÆ-2"]
    with pytest.raises(Failure) as unread:
        as_role("forum_secretariat").call("update_hospital", "KL1", body={"name": "x"})
    assert unread.value.problem == "role_not_allowed" or unread.value.status in (403, 428)


def test_atc_codes(admin):
    made = admin.call("put_atc_code", "J01CR05", body={"name": "piperacillin", "name_source": "a test"})
    assert admin.call("get_atc_code", "J01CR05") == made
    assert made in admin.call("list_atc_codes", prefix="J01", level=5, count="exact")


def test_deliveries_and_consumption(as_role, delivery):
    amgros = as_role("amgros")
    accepted, rejected = delivery
    assert amgros.call("get_consumption_delivery", accepted)["control"]["ddd"] == ("number", "129.205")
    assert amgros.call("get_consumption_delivery", rejected)["rejected_by_code"]
    assert {d["id"] for d in amgros.call("list_consumption_deliveries", source="kl", limit=1, count="exact")} == {accepted, rejected}
    assert {r["column"] for r in amgros.call("list_consumption_rejections", rejected, limit=1)} >= {"hospital", "ddd"}
    assert b"NOWHERE" in amgros.call("list_consumption_rejections_csv", rejected)
    figures = amgros.call("list_consumption", source="kl", from_month="2016-01", to_month="2016-03", period="month", level=5)
    assert [f["packs"] for f in figures if f["atc"] == "J01CR05"] == [("number", "2"), ("number", "-1")]
    assert amgros.call("list_consumption_csv", source="kl", from_month="2016-01", to_month="2016-03").startswith(b"period,")
    states = amgros.call("get_data_status", source="kl", from_month="2016-01", to_month="2016-03", region="nordjylland")
    assert [s["state"] for s in states] == ["final"] * 3
    other = amgros.call("announce_consumption_delivery", body=announcement("kl", {"rows": 1, "ddd": 1}))
    amgros.call("put_consumption_rows", other["id"], content=Source((HEADER + "2016-01,KL1,J01CR05,,,1,1,\n").encode()))
    changes = amgros.call("compare_consumption_deliveries", other["id"], accepted, limit=1)
    assert changes and b"J01CR05" in amgros.call("compare_consumption_deliveries_csv", other["id"], accepted)
    gone = amgros.call("transition_consumption_delivery", other["id"], body={"action": "withdraw", "reason": "a test"})
    assert gone["state"] == "withdrawn"


def test_divergence(admin, delivery, as_role):
    window = {"source": "kl", "from_month": "2016-01", "to_month": "2016-03"}
    overview = admin.call("get_divergence", material=False, **window)
    assert overview["texts"] and [i["atc"] for i in overview["items"]] == ["J01", "J01CR05"]
    assert admin.call("get_divergence_csv", sort="-excess_ddd", **window).count(b"\n") > 1
    one = admin.call("get_divergence_for_code", "J01CR05", **window)
    assert one["series"]["hospitals"][0]["months"][0]["volume"] is not None
    assert b"2016-01,nordjylland" in admin.call("get_divergence_for_code_csv", "J01CR05", **window)
    assert b"<svg" in admin.call("get_divergence_for_code_svg", "J01CR05", **window)
    measure = admin.call("create_divergence_measure", body={
        "name": "ddd_per_1000_per_day", "basis": "ddd", "per": "1000_inhabitants_per_day", "definition": "As before.",
        "definition_da": "Som før.", "minimum_volume": "1000.25", "material_ratio": "1.5", "sustained_months": 6})
    assert measure["minimum_volume"] == ("number", "1000.25")
    assert admin.call("get_divergence_measure", "ddd_per_1000_per_day", int(measure["version"][1])) == measure
    assert measure in admin.call("list_divergence_measures", name="ddd_per_1000_per_day", limit=1)
    frozen = admin.call("create_divergence_snapshot", body={"title": "Punkt 4", "level": 5, "material": False, **window})
    assert admin.call("get_divergence_snapshot", frozen["id"]) == frozen
    assert frozen["id"] in [s["id"] for s in admin.call("list_divergence_snapshots", count="exact")]


@pytest.fixture(scope="module")
def person(admin):
    """Who comes with the administrator's token, as chair of the forum."""
    made = admin.call("create_person", body={"name": "Person A", "subject": "test-admin"})
    seat = admin.call("create_appointment", body={"person": made["id"], "body": "forum", "role": "chair", "region": "nordjylland",
                                                  "appointed_by": "regions_jointly", "from": "2020-01-01"})
    assert admin.call("get_appointment", seat["id"]) == seat
    return made["id"]


def test_rosters(admin, person):
    bodies = admin.call("list_bodies", as_of="2026-06-01", limit=2)
    assert {"forum", "drug-committee-nordjylland"} <= {b["slug"] for b in bodies}
    admin.call("get_body", "drug-committee-nordjylland")
    assert admin.call("update_body", "drug-committee-nordjylland", body={"name": "Komitéen"})["name"] == "Komitéen"
    roster = admin.call("get_roster", "forum", as_of="2026-06-01")
    chair = next(s for s in roster["seats"] if s["role"] == "chair")
    assert chair["status"] == "filled" and roster["findings"]
    assert admin.call("get_me")["subject"] == "test-admin"


def test_people_and_appointments(admin, person):
    assert person in [p["id"] for p in admin.call("list_people", q="Person A", limit=1)]
    admin.call("get_person", person)
    assert admin.call("update_person", person, body={"name": "Person A1"})["name"] == "Person A1"
    contact = {"organisation": "Et hospital", "title": "Overlæge", "email": "a@example.org", "phone": "+45 00000000"}
    assert admin.call("put_person_contact", person, body=contact)["email"] == "a@example.org"
    assert admin.call("get_person_contact", person)["title"] == "Overlæge"
    assert admin.call("get_person_export", person)
    assert admin.call("delete_person_contact", person) is None
    other = admin.call("create_person", body={"name": "Person B"})["id"]
    seat = admin.call("create_appointment", body={"person": other, "body": "health-directors", "role": "director", "region": "syddanmark",
                                                  "appointed_by": "syddanmark", "from": "2020-01-01"})
    ended = admin.call("transition_appointment", seat["id"], body={"action": "end", "on": "2024-01-01", "reason": "another post"})
    assert ended["to"] == "2024-01-01" and ended["end_reason"] == "another post"
    assert seat["id"] in [a["id"] for a in admin.call("list_appointments", person=other, limit=1)]


def test_interests_and_matters(admin, person):
    tie = admin.call("create_interest", body={"kind": "company", "party": "Firmaet", "tie": "a fee", "from": "2020-01-01"})
    assert admin.call("get_interest", tie["id"]) == tie
    assert tie in admin.call("list_interests", person=person, count="exact", limit=1)
    matter = admin.call("create_matter", body={"body": "forum", "kind": "case", "reference": "TF-2026-0001", "title": "En sag"})
    assert admin.call("get_matter", matter["id"])["title"] == "En sag"
    other = admin.call("create_person", body={"name": "Person C"})["id"]
    admin.call("create_appointment", body={"person": other, "body": "forum", "role": "hospital_pharmacist",
                                           "appointed_by": "regions_jointly", "from": "2020-01-01"})
    assert admin.call("create_recusal", matter["id"], body={"person": other, "reason": "knows them"})["recused"]
    assert admin.call("create_waiver", matter["id"], body={"person": other, "reason": "it was long ago"})
    changed = admin.call("update_matter", matter["id"], body={"title": "Sagen", "parties": [{"kind": "company", "name": "firmaet"}]})
    assert changed["title"] == "Sagen"
    assert matter["id"] in [m["id"] for m in admin.call("list_matters", body_="forum", limit=1)]
    recused = admin.call("list_recusals", matter["id"], limit=1)
    assert [r["person"] for r in recused if r["recused"]] == [person]
    assert admin.call("get_recusal", matter["id"], person)["recused"]
    assert admin.call("transition_interest", tie["id"], body={"action": "end", "on": "2100-01-01", "reason": "it is over"})["to"] == "2100-01-01"


def test_meetings(admin, person):
    secretary = admin.call("create_appointment", body={"person": person, "body": "forum", "role": "secretariat", "region": "nordjylland",
                                                       "appointed_by": "regions_jointly", "from": "2020-01-01"})
    assert secretary["role"] == "secretariat"
    made = admin.call("create_meeting", body={"body": "forum", "title": "Første møde", "starts_at": "2026-03-01T09:00:00Z",
                                              "ends_at": "2026-03-01T11:00:00Z"})
    name = made["reference"]
    made = admin.call("get_meeting", name)
    made = admin.call("update_meeting", name, body={"place": "Aalborg"})
    made = admin.call("put_meeting_agenda", name, if_match=made.etag, body={"items": [{"title": "Velkomst"}, {"title": "Sager", "purpose": "discussion"}]})
    assert made["place"] == "Aalborg" and len(made["agenda"]) == 2
    made = admin.call("transition_meeting", name, if_match=made.etag, body={"action": "call"})
    made = admin.call("announce_apologies", name, body={"apologies": True})
    assert [a["attendance"] for a in made["attendance"]] == ["apologies"]
    made = admin.call("transition_meeting", name, if_match=made.etag, body={"action": "hold"})
    assert made["state"] == "held"
    made = admin.call("put_meeting_attendance", name, if_match=made.etag, body={"attendance": [{"person": person, "attendance": "present"}]})
    assert made["attendance"]
    assert admin.call("put_meeting_minutes", name, if_match=made.etag, body={"text": "Godt møde.", "items": [{"item": 1, "decision": "Ja."}]})["state"] == "draft"
    assert admin.call("get_meeting_minutes", name)["items"]
    assert "Første møde".encode() in admin.call("get_meeting_html", name)
    assert name in [m["reference"] for m in admin.call("list_meetings", body_="forum", year=2026, count="exact", limit=1)]
    assert admin.call("get_meeting_count", "forum", year=2026)["held"] == ("number", "1")
    assert admin.call("get_meeting_calendar").startswith(b"BEGIN:VCALENDAR")
    assert admin.call("get_body_calendar", "forum").startswith(b"BEGIN:VCALENDAR")


def by_name(caller, operation, arguments, body=None, accept=None):
    """mk_call(): (status, headers, body), or Failure."""
    lib, response, error = library(), c_void_p(), Error()
    given = (Argument * len(arguments))(*[Argument(n.encode(), v and v.encode()) for n, v in arguments])
    code = lib.mk_call(caller.handle.client, lib.mk_operation_find(operation.encode()), given, len(arguments), body, accept,
                       byref(response), byref(error))
    if code != libmedkoord.OK:
        assert not response
        raise Failure(code, error)
    try:
        return libmedkoord.read_response(response)
    finally:
        lib.mk_response_free(response)


def test_calls_by_name(admin, hospital):
    status, _, body = by_name(admin, "get_hospital", [("hospital", "KL1"), ("as_of", None)])
    assert status == 200 and json.loads(body)["code"] == "KL1"
    status, headers, _ = by_name(admin, "create_hospital", [], b'{"code": "KL9", "name": "Ni", "region": "syddanmark"}')
    assert status == 201 and ("Location", "/v1/hospitals/KL9") in headers
    assert by_name(admin, "update_hospital", [("hospital", "KL9"), ("If-Match", "*")], b'{"name": "Ti"}')[0] == 200
    assert by_name(admin, "list_consumption", [("source", "kl")], accept=b"text/csv")[2].startswith(b"period,")
    with pytest.raises(Failure) as refused:
        by_name(admin, "get_hospital", [("hospital", "NONE")])
    assert (refused.value.code, refused.value.problem) == (libmedkoord.REFUSED, "not_found")


@pytest.mark.parametrize("operation, arguments, body, said", [
    ("get_hospital", [], None, "path/hospital is missing"),
    ("get_hospital", [("hospital", "a"), ("hospital", "b")], None, "hospital stands twice among the arguments"),
    ("get_hospital", [("hospital", "a"), ("colour", "b")], None, "get_hospital has no parameter colour"),
    ("get_hospital", [("hospital", "a")], b"{}", "get_hospital takes no body"),
    ("compare_consumption_deliveries", [("id", "a")], None, "query/against is missing"),
    ("no_such_thing", [], None, "no client or no operation")])
def test_calls_by_name_that_cannot_be_sent(admin, operation, arguments, body, said):
    with pytest.raises(Failure) as refused:
        by_name(admin, operation, arguments, body)
    assert (refused.value.code, refused.value.text) == (libmedkoord.ARGUMENT, said)


def test_the_tables_say_what_the_contract_says(types):
    """mk_operations(), which the command is made of."""
    text, words = c_char_p, POINTER(c_char_p)

    class Parameter(Structure):
        _fields_ = [("name", text), ("place", text), ("type", text), ("format", text), ("description", text), ("example", text),
                    ("values", words), ("required", c_bool)]

    class Operation(Structure):
        _fields_ = [("name", text), ("tag", text), ("method", text), ("path", text), ("summary", text), ("description", text),
                    ("parameters", POINTER(POINTER(Parameter))), ("consumes", words), ("produces", words), ("body_type", text),
                    ("result_type", text), ("body_example", text), ("is_list", c_bool), ("streams", c_bool), ("keyed", c_bool),
                    ("authorized", c_bool)]

    def until_null(array):
        found = []
        while array and array[len(found)]:
            found.append(array[len(found)])
        return found
    function = library().mk_operations
    function.restype = POINTER(POINTER(Operation))
    said = {o.contents.name.decode(): o.contents for o in until_null(function())}
    assert set(said) == set(types.plans)
    for name, plan in types.plans.items():
        one, op = said[name], plan.op
        assert (one.method.decode(), one.path.decode(), one.summary.decode()) == (op.method.upper(), op.path, op.node["summary"])
        assert one.description.decode() == op.node["description"]
        assert [(p.contents.name.decode(), p.contents.place.decode(), p.contents.required) for p in until_null(one.parameters)] == \
            [(p["name"], p["in"], bool(p.get("required"))) for p in op.parameters]
        for said_of, node in zip(until_null(one.parameters), op.parameters):
            schema = types.writer.contract.resolve(node["schema"])
            assert [v.decode() for v in until_null(said_of.contents.values)] == schema.get("enum", [])
            assert said_of.contents.description.decode() == node["description"]
        assert [m.decode() for m in until_null(one.produces)] == plan.media
        assert (one.is_list, one.streams, one.authorized) == (op.list, op.streams, bool(op.roles))
        assert (one.body_type or b"").decode() == (plan.body.name if plan.body else "")
        assert (one.result_type or b"").decode() == (plan.result.name if plan.result else "")
        if plan.body:
            assert json.loads(one.body_example) == next(iter(op.node["requestBody"]["content"].values()))["example"]


def test_nothing_is_missing(types):
    """Runs last in this file: the functions of the header itself, not of the generator's own list."""
    header = (libmedkoord.library_file().parents[1] / "openapi" / "medkoord_ops.h").read_text()
    declared = set(re.findall(r"^MK_API \w[\w ]*?\*?(mk_\w+)\(", header, re.M))
    assert len(declared) > 60 and declared - Caller.called == set(), sorted(declared - Caller.called)
    operations = set(types.plans)
    assert {"mk_" + o for o in operations} <= declared
