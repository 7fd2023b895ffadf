"""Who sees what: rows of others do not exist for a caller, also not when two callers share one database connection.
SPDX-License-Identifier: MPL-2.0
"""
import http.client
import json
import signal

import pytest

from medkoord_api import key, served

NORD, SYD = "region_coordinator:nordjylland", "region_coordinator:syddanmark"


def announce(api, region, label, source="amgros"):
    body = {"source": source, "label": label, "status": "provisional",
            "coverage": [{"region": region, "from_month": "2015-01", "to_month": "2015-02"}],
            "control": {"rows": 1, "ddd": 1, "cost_ore": 1}}
    response = api.post("/v1/consumption-deliveries", body, "amgros", headers=key())
    assert response.status == 201, response.text
    return response.json()["id"]


@pytest.fixture(scope="module")
def narrow(cluster, keys, contract):
    """One loop and one fast connection: every request shares it."""
    with served(cluster, keys, contract, loops=1, fast_connections=1) as client:
        yield client


def test_two_regions_alternating_on_one_connection_see_no_foreign_row(narrow):
    mine = {NORD: announce(narrow, "nordjylland", "kun Nordjylland"), SYD: announce(narrow, "syddanmark", "kun Syddanmark")}
    foreign = {NORD: mine[SYD], SYD: mine[NORD]}
    connection = http.client.HTTPConnection("127.0.0.1", narrow.server.port)

    def get(path, who):
        connection.request("GET", path, headers={"Authorization": "Bearer " + narrow.token(who)})
        response = connection.getresponse()
        return response.status, json.loads(response.read())

    for turn in range(1000):
        who = NORD if turn % 2 == 0 else SYD
        status, answer = get("/v1/consumption-deliveries?state=announced&limit=500", who)
        ids = {d["id"] for d in answer["items"]}
        assert status == 200 and mine[who] in ids and foreign[who] not in ids, turn
        if turn % 10 < 2:
            assert get(f"/v1/consumption-deliveries/{mine[who]}", who)[0] == 200
            assert get(f"/v1/consumption-deliveries/{foreign[who]}", who)[0] == 404


def test_one_person_with_other_rights_in_one_batch_sees_no_foreign_row(narrow, keys):
    """Tokens of one subject differ in role and region. The server is held up until all have asked, so that it takes them in
    one turn and their statements stand under one Sync; the settings of one must not do for the next."""
    mine = {NORD: announce(narrow, "nordjylland", "kun Nordjylland"), SYD: announce(narrow, "syddanmark", "kun Syddanmark")}
    tokens = {who: keys.token(*who.split(":"), subject="twin") for who in (NORD, SYD)} | {"amgros": keys.token("amgros", subject="twin")}
    seen = {NORD: {mine[NORD]}, SYD: {mine[SYD]}, "amgros": set(mine.values())}
    asked = [NORD, SYD, "amgros", "amgros", SYD, NORD, NORD, "amgros"]
    connections = [http.client.HTTPConnection("127.0.0.1", narrow.server.port, timeout=30) for _ in asked]
    for connection in connections:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
    narrow.server.process.send_signal(signal.SIGSTOP)
    try:
        for who, connection in zip(asked, connections):
            connection.request("GET", "/v1/consumption-deliveries?state=announced&limit=500", headers={"Authorization": "Bearer " + tokens[who]})
    finally:
        narrow.server.process.send_signal(signal.SIGCONT)
    for who, connection in zip(asked, connections):
        answer = connection.getresponse()
        ids = {d["id"] for d in json.loads(answer.read())["items"]}
        assert answer.status == 200 and ids & set(mine.values()) == seen[who], who
        connection.close()


def test_two_regions_in_one_batch_see_no_foreign_row(narrow):
    """Both ask at the same time, so that their statements stand under one Sync."""
    from concurrent.futures import ThreadPoolExecutor
    mine = {NORD: announce(narrow, "nordjylland", "kun Nordjylland"), SYD: announce(narrow, "syddanmark", "kun Syddanmark")}

    def ask(turn):
        who = NORD if turn % 2 == 0 else SYD
        other = SYD if who == NORD else NORD
        items = narrow.get("/v1/consumption-deliveries", who, query={"state": "announced", "limit": 500}).json()["items"]
        ids = {d["id"] for d in items}
        return mine[who] in ids and mine[other] not in ids

    with ThreadPoolExecutor(24) as pool:
        assert all(pool.map(ask, range(480)))


def test_a_coordinator_of_no_region_is_no_coordinator(api, keys):
    token = keys.token_of(sub="anna", roles=["region_coordinator"])
    assert api.get("/v1/regions", token).code == "forbidden"
    assert api.get("/v1/regions", keys.token_of(sub="anna", roles=["region_coordinator"], region="nordjylland")).status == 200


def test_what_may_be_cached_and_by_what_it_varies(api):
    for path, who in (("/v1/regions", "reader"), ("/v1/regions/nordjylland", "reader")):
        answer = api.get(path, who)
        assert answer.header("Cache-Control") == "private, no-cache"
        assert {"Accept", "Accept-Language", "Authorization"} <= set(answer.header("Vary").split(", "))
    assert api.get("/v1/regions/atlantis").header("Cache-Control") == "no-store"
    assert api.get("/healthz", None).header("Cache-Control") == "no-store"
    assert api.get("/v1/openapi.json", None).header("Cache-Control") == "no-cache"


def test_a_count_tells_nothing_of_what_is_hidden(api):
    path = "/v1/consumption-deliveries"
    before = api.get(path, "reader", query={"count": "exact"}).json()["total"]
    announce(api, "sjaelland", "skjult for læsere")
    assert api.get(path, "reader", query={"count": "exact"}).json()["total"] == before
    assert api.get(path, "auditor", query={"count": "exact"}).json()["total"] > before


def test_hidden_and_absent_answer_alike(api):
    hidden = announce(api, "sjaelland", "skjult")
    first = api.get(f"/v1/consumption-deliveries/{hidden}", "reader")
    second = api.get("/v1/consumption-deliveries/00000000-0000-4000-8000-000000000000", "reader")
    drop = ("instance", "request_id")
    assert first.status == second.status == 404
    assert {k: v for k, v in first.json().items() if k not in drop} == {k: v for k, v in second.json().items() if k not in drop}
