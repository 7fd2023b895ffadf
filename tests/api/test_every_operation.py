"""What holds for every operation, asked of every operation: the requests are made from the contract's own examples.
SPDX-License-Identifier: MPL-2.0
"""
import json
import uuid

import pytest

from medkoord_api import Client, Contract, Server, locked, release, wait_until

CONTRACT = Contract()
OPERATIONS = list(CONTRACT.operations.values())
AUTHORISED = [o for o in OPERATIONS if o.get("x-roles")]
ALL_ROLES = [r if isinstance(r, str) else r["name"] for r in CONTRACT.document["x-roles"]]


def parameters(operation):
    shared = CONTRACT.document["paths"][operation["path"]].get("parameters", [])
    return [CONTRACT.deref(p) for p in shared + operation.get("parameters", [])]


def example(node):
    """The example of a parameter or a media type."""
    return node["example"] if "example" in node else CONTRACT.deref(node["schema"]).get("default")


def body_of(operation):
    """(media type, example) of the request body, or (None, None)."""
    content = CONTRACT.deref(operation.get("requestBody", {})).get("content", {})
    for media, node in content.items():
        return media, example(node)
    return None, None


def sample(operation, **changed):
    """A request that the contract says is right: method, path, keyword arguments of Client.call."""
    path, query, headers = operation["path"], [], {}
    for p in parameters(operation):
        value = example(p) if p.get("required") else None
        if p["in"] == "path":
            value = changed.get(p["name"], value)
        if p["in"] == "path":
            path = path.replace("{" + p["name"] + "}", str(value))
        elif p["in"] == "query" and value is not None:
            query.append(f"{p['name']}={value}")
        elif p["in"] == "header" and p.get("required") and value is not None:
            headers[p["name"]] = str(value)
    media, body = body_of(operation)
    raw = None
    if media:
        headers["Content-Type"] = media
        raw = json.dumps(body).encode() if media.endswith("json") else str(body).encode()
    return operation["method"], path + ("?" + "&".join(query) if query else ""), {"headers": headers, "raw": raw}


def each(operations):
    return pytest.mark.parametrize("operation", operations, ids=[o["operationId"] for o in operations])


def role_of(operation):
    if not operation.get("x-roles"):
        return None
    role = "admin" if "admin" in operation["x-roles"] else operation["x-roles"][0]
    return role + ":nordjylland" if role == "region_coordinator" else role


def call(api, operation, who, **more):
    method, path, words = sample(operation)
    headers = {**words["headers"], **more.pop("headers", {})}
    path += ("&" if "?" in path else "?") + more.pop("query") if "query" in more else ""
    return api.call(method, path, who, raw=more.pop("raw", words["raw"]), headers=headers, **more)


@each(AUTHORISED)
def test_needs_a_token(api, operation):
    response = call(api, operation, None)
    assert (response.status, response.code) == (401, "unauthorized")
    assert response.header("WWW-Authenticate").startswith("Bearer realm=")


@each(AUTHORISED)
def test_refuses_a_bad_token(api, operation):
    response = call(api, operation, None, headers={"Authorization": "Bearer a.b.c"})
    assert (response.status, response.code) == (401, "invalid_token")
    assert 'error="invalid_token"' in response.header("WWW-Authenticate")


@each([o for o in AUTHORISED if set(o["x-roles"]) < set(ALL_ROLES)])
def test_refuses_every_other_role(api, operation):
    for role in sorted(set(ALL_ROLES) - set(operation["x-roles"])):
        response = call(api, operation, role + ":nordjylland" if role == "region_coordinator" else role)
        assert (response.status, response.code) == (403, "forbidden"), role


@each(AUTHORISED)
def test_refuses_a_caller_without_a_role(api, keys, operation):
    response = call(api, operation, keys.token_of(roles=["a_role_of_another_program"]))
    assert (response.status, response.code) == (403, "forbidden")


@each([o for o in OPERATIONS if "406" in o["responses"]])
def test_answers_406_to_an_unknown_media_type(api, operation):
    response = call(api, operation, role_of(operation), headers={"Accept": "application/x-nothing"})
    assert (response.status, response.code) == (406, "not_acceptable")


@each(OPERATIONS)
def test_names_an_unknown_parameter(api, operation):
    response = call(api, operation, role_of(operation), query="no_such_thing=1")
    assert response.status == 400, response.text
    assert {"query/no_such_thing"} <= {e["pointer"] for e in response.json()["errors"]}
    assert "unknown_parameter" in {e["code"] for e in response.json()["errors"]}


@each([o for o in AUTHORISED if "requestBody" in o])
def test_refuses_another_content_type(api, operation):
    response = call(api, operation, role_of(operation), headers={"Content-Type": "image/png"})
    assert (response.status, response.code) == (415, "unsupported_media_type")


@each([o for o in AUTHORISED if body_of(o)[0] in ("application/json", "application/merge-patch+json")])
def test_refuses_bad_bodies(api, operation):
    media, body = body_of(operation)
    who = role_of(operation)
    assert call(api, operation, who, raw=b'{"a": ').code == "malformed_json"
    assert call(api, operation, who, raw=b'{"a": 1, "a": 2}').code == "malformed_json"
    assert call(api, operation, who, raw=b'[]').json()["errors"][0]["code"] == "wrong_type"
    big = call(api, operation, who, raw=b'{"a": "' + b"x" * 300_000 + b'"}')
    assert (big.status, big.code) == (413, "content_too_large")
    unknown = call(api, operation, who, raw=json.dumps({**body, "no_such_thing": 1}).encode())
    assert unknown.status == 422
    assert {"pointer": "/no_such_thing", "code": "unknown_property"}.items() <= unknown.json()["errors"][0].items()


@each([o for o in AUTHORISED if body_of(o)[0] in ("application/json", "application/merge-patch+json")])
def test_refuses_every_wrong_type_at_once(api, operation):
    _, body = body_of(operation)
    wrong = {name: {"wrong": True} if not isinstance(value, dict) else 1 for name, value in json.loads(json.dumps(body, default=str)).items()}
    response = call(api, operation, role_of(operation), raw=json.dumps(wrong).encode())
    assert (response.status, response.code) == (422, "validation_failed")
    assert {"/" + name for name in wrong} <= {e["pointer"] for e in response.json()["errors"]}


@each([o for o in AUTHORISED if any(p["name"] == "Idempotency-Key" for p in parameters(o))])
def test_answers_409_while_the_same_key_is_at_work(api, cluster, operation):
    """Another transaction holds the key: here, a session that has taken the key's lock."""
    who = role_of(operation)
    subject = "test-" + who.replace(":", "-")
    session = locked(cluster, f"SELECT pg_advisory_xact_lock(hashtextextended('{subject}' || E'\\x1f' || 'held', 7090811))")
    try:
        response = call(api, operation, who, headers={"Idempotency-Key": "held"})
        assert (response.status, response.code) == (409, "request_in_progress")
        assert response.header("Retry-After") == "1"
    finally:
        release(session)


@each([o for o in AUTHORISED if "428" in o["responses"] and any(p["name"] == "If-Match" and p.get("required") for p in parameters(o))])
def test_needs_if_match(api, operation):
    response = call(api, operation, role_of(operation), headers={"If-Match": None})
    assert (response.status, response.code) == (428, "precondition_required")


@each([o for o in AUTHORISED if "404" in o["responses"] and not (o["method"] == "PUT" and "201" in o["responses"])])
def test_answers_404_for_what_does_not_exist(api, operation):
    absent = {"id": uuid.uuid4(), "region": "atlantis", "hospital": "ZZZ9", "atc": "X99ZZ99", "date": "1980-01-01",
              "measure": "no_such_measure", "version": 99, "body": "no-such-body", "meeting": "MT-1980-999999"}
    method, path, words = sample(operation, **absent)
    response = api.call(method, path, role_of(operation), **words)
    assert (response.status, response.code) == (404, "not_found"), response.text


@each(AUTHORISED)
def test_head_options_and_other_methods(api, operation):
    _, path, _ = sample(operation)
    path = path.split("?")[0]
    options = api.call("OPTIONS", path, None)
    assert options.status == 204 and operation["method"] in options.header("Allow").split(", ")
    unknown = api.call("BREW", path, None, hold=False)
    assert unknown.status in (405, 400)
    if operation["method"] == "GET":
        assert api.call("HEAD", path, None).status == 401


@pytest.fixture(scope="module")
def broken(contract, keys):
    """A server of its own whose database is going to be broken."""
    from medkoord_api import Cluster
    cluster = Cluster()
    server = Server(cluster.url(), keys, fast_deadline_ms=2000, heavy_deadline_ms=2000, write_deadline_ms=2000).start()
    yield cluster, Client(server, contract, keys)
    server.remove()
    cluster.remove()


WITH_DATABASE = [o for o in AUTHORISED if "503" in o["responses"]]


def test_answers_500_when_its_schema_is_gone(broken):
    """A statement that cannot run is our fault: 500, no word of PostgreSQL's to the caller, and the log tells."""
    cluster, api = broken
    cluster.sql("ALTER SCHEMA medkoord RENAME TO medkoord_away")
    try:
        for operation in WITH_DATABASE:
            response = call(api, operation, role_of(operation))
            assert (response.status, response.code) == (500, "internal_error"), (operation["operationId"], response.text)
            assert "relation" not in response.text and "detail" not in response.json()
        assert api.server.events("statement failed")
    finally:
        cluster.sql("ALTER SCHEMA medkoord_away RENAME TO medkoord")


def test_answers_503_without_its_database_and_recovers(broken):
    cluster, api = broken
    cluster.call("stop", "--immediate")
    wait_until(lambda: api.server.get_status("/readyz") == 503, what="not ready")
    assert api.get("/healthz", None).status == 200
    assert api.get("/readyz", None).status == 503
    for operation in WITH_DATABASE:
        response = call(api, operation, role_of(operation))
        assert response.status == 503, (operation["operationId"], response.text)
        assert response.code in ("database_unavailable", "deadline_exceeded")
        assert int(response.header("Retry-After")) > 0
    cluster.call("restart")
    api.server.wait_ready()
    assert api.get("/v1/regions").status == 200
