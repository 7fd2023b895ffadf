"""Every operation of the contract has a command, can be called by the example in its help, and answers as the server does.
SPDX-License-Identifier: MPL-2.0
"""
import csv
import io
import json
import re
import shlex

import pytest

from medkoord_api import Contract, key

CONTRACT = Contract()
OPERATIONS = {o["operationId"]: o for o in CONTRACT.operations.values()}
ROWS = "month,hospital,atc,ddd\n2021-06,AHH,J01CA04,1\n"


def verbs(medkoord):
    """(group, verb) of every operation, as the command itself tells."""
    found = []
    for tag in CONTRACT.document["tags"]:
        text = medkoord("help", tag["name"]).out if tag["name"] != "divergence" else medkoord(tag["name"], "--help").out
        part = text.split("Verbs:\n")[1].split("\n\n")[0]
        found += [(tag["name"], m[1]) for m in re.finditer(r"^  ([a-z-]+)(?:  |$)", part, re.M)]
    return found


def test_names_are_unique_and_as_many_as_operations(away):
    names = verbs(away)
    assert len(names) == len(set(names)) == len(OPERATIONS)
    for group, verb in names:
        assert away(group, verb, "--help").code == 0


def test_names_do_not_change(away):
    """Scripts depend on them: a name is added here, and never changed."""
    assert set(verbs(away)) >= {tuple(line.split()) for line in """
        service get-health
        service get-metrics
        service get-readiness
        service get-contract
        regions list
        regions get
        regions list-populations
        regions get-population
        regions put-population
        hospitals list
        hospitals create
        hospitals get
        hospitals update
        hospitals transition
        atc list
        atc get
        atc put
        consumption list
        consumption list-deliveries
        consumption announce-delivery
        consumption get-delivery
        consumption compare-deliveries
        consumption list-rejections
        consumption put-rows
        consumption transition-delivery
        consumption get-data-status
        divergence get
        divergence get-for-code
        divergence list-measures
        divergence create-measure
        divergence get-measure
        divergence list-snapshots
        divergence create-snapshot
        divergence get-snapshot""".strip().splitlines()}


def test_every_operation_is_called_by_the_example_of_its_help(medkoord, server, tmp_path):
    (tmp_path / "rows.csv").write_text(ROWS)
    before = server.log.stat().st_size
    for group, verb in verbs(medkoord):
        text = medkoord(group, verb, "--help").out
        words = shlex.split(text.split("Example:\n")[1].strip().splitlines()[0])
        assert words[:3] == ["medkoord", group, verb]
        result = medkoord(*words[1:])
        assert result.code in (0, 3), (words, result)
        if result.code == 0:
            assert result.out or result.err == "nothing found\n", words
        else:
            assert "request " in result.err and "invalid_body" not in result.err and "(invalid_parameter)" not in result.err, (words, result)
        assert "%s" not in result.err and "(null)" not in result.out + result.err
    logged = server.log.read_bytes()[before:].decode()
    missing = [name for name in OPERATIONS if f'"{name}"' not in logged]
    assert not missing


def test_list_as_table_json_and_csv(medkoord, api):
    items = api.all("/v1/hospitals", "admin", query={"region": "hovedstaden"})
    table = medkoord("hospitals", "list", "--region", "hovedstaden")
    assert table.code == 0 and table.err == ""
    lines = table.out.splitlines()
    assert lines[0].split() == ["code", "name", "region", "status", "closed_on", "regions", "actions", "changed_at"]
    assert len(lines) == 1 + len(items) and {line.split()[0] for line in lines[1:]} == {i["code"] for i in items}
    assert json.loads(medkoord("hospitals", "list", "--region", "hovedstaden", "--json").out) == {"items": items, "next": None}
    rows = list(csv.DictReader(io.StringIO(medkoord("hospitals", "list", "--region=hovedstaden", "--csv").out)))
    assert [r["code"] for r in rows] == [i["code"] for i in items]
    assert json.loads(rows[0]["regions"]) == items[0]["regions"]


def test_lists_follow_next_by_themselves(medkoord, api):
    for i in range(520):
        assert api.put(f"/v1/atc-codes/A{i // 100:02d}BC{i % 100:02d}", {"name": f"n{i}", "name_source": "a test"}, headers={"If-None-Match": "*"}).status in (200, 201)
    items = api.all("/v1/atc-codes", query={"limit": 500})
    assert len(items) >= 520
    assert json.loads(medkoord("atc", "list", "--json").out)["items"] == items
    assert len(medkoord("atc", "list", "--csv").out.splitlines()) == 1 + len(items)
    tables = medkoord("atc", "list").out.splitlines() # one for 500, each with its head, a line between them
    assert len(tables) == len(items) + 3 and tables[501] == "" and tables[502].split() == tables[0].split()
    one = json.loads(medkoord("atc", "list", "--json", "--limit", "3").out)
    assert one["items"] == items[:3] and one["next"]
    assert f"total: {len(items)}" in medkoord("atc", "list", "--limit", "1", "--count", "exact").err


def test_json_of_one_is_what_the_server_wrote(medkoord, api):
    assert medkoord("hospitals", "get", "AUH", "--json").raw == api.get("/v1/hospitals/AUH", "admin").body + b"\n"


def test_exact_decimals_stay_as_they_are(medkoord, api):
    text = medkoord("divergence", "list-measures", "--json").out
    assert json.loads(text)["items"] == api.all("/v1/divergence-measures", "admin")


def test_body_from_flags_file_and_standard_input(medkoord, tmp_path):
    made = medkoord("hospitals", "create", "--code", "FLG", "--name", "Æ \"q\" \\", "--region", "nordjylland", "--json")
    assert made.code == 0 and json.loads(made.out)["name"] == "Æ \"q\" \\"
    body = {"code": "FIL", "name": "file", "region": "nordjylland"}
    (tmp_path / "b.json").write_text(json.dumps(body))
    assert json.loads(medkoord("hospitals", "create", "--body-file", "b.json", "--json").out)["code"] == "FIL"
    body["code"] = "STD"
    assert json.loads(medkoord("hospitals", "create", "--body-file", "-", "--json", input=json.dumps(body).encode()).out)["code"] == "STD"
    both = medkoord("hospitals", "create", "--body-file", "b.json", "--code", "X")
    assert both.code == 2 and "--body-file" in both.err
    assert medkoord("hospitals", "create", "--body-file", "-", input=b"{").code == 2


def test_body_with_objects_within(medkoord):
    result = medkoord("consumption", "announce-delivery", "--source", "amgros", "--label", "l", "--status", "final", "--control-rows", "0",
                      "--control-ddd", "0.5", "--no-control-cost-ore", "--coverage", "region=nordjylland,from_month=2019-01,to_month=2019-02",
                      "--coverage", '{"region": "sjaelland", "from_month": "2019-01", "to_month": "2019-01"}', "--json")
    assert result.code == 0, result
    made = json.loads(result.out)
    assert made["control"] == {"rows": 0, "ddd": 0.5, "cost_ore": None} and len(made["coverage"]) == 2


def test_if_match_and_idempotency_key(medkoord):
    medkoord("hospitals", "create", "--code", "ETG", "--name", "a", "--region", "nordjylland")
    etag = re.search(r"^ETag: (.*)$", medkoord("hospitals", "get", "ETG").err, re.M)[1]
    without = medkoord("hospitals", "update", "ETG", "--name", "b")
    assert without.code == 3 and "precondition_required" in without.err and "--if-match" in without.err
    assert medkoord("hospitals", "update", "ETG", "--name", "b", "--if-match", '"no"').code == 3
    assert medkoord("hospitals", "update", "ETG", "--name", "b", "--if-match", etag).code == 0
    words = ("hospitals", "create", "--code", "IDK", "--name", "a", "--region", "nordjylland", "--json", "--idempotency-key", key()["Idempotency-Key"])
    assert medkoord(*words).raw == medkoord(*words).raw


def test_what_may_have_been_done_is_repeated_under_the_same_key(medkoord, away):
    words = ("hospitals", "create", "--code", "IDL", "--name", "a", "--region", "nordjylland", "--json")
    lost = away(*words)
    assert lost.code == 5 and "it may have been done" in lost.err
    named = re.search(r"--idempotency-key ([0-9a-f-]{36})", away(*words, LC_ALL="da_DK.UTF-8").err)
    assert medkoord(*words, *named[0].split()).raw == medkoord(*words, *named[0].split()).raw
    assert "--idempotency-key" not in away(*words, "--idempotency-key", named[1]).err + away("hospitals", "list").err


@pytest.mark.parametrize("words, says", [
    (("hospitals", "get"), "hospital is missing"),
    (("hospitals", "get", "A", "B"), "B is one word too many"),
    (("hospitals", "create", "--code", "X"), "--name is missing"),
    (("consumption", "compare-deliveries", "0b9f4f6e-6c0e-4f0a-9c55-6d0a3d2f7c11"), "--against is missing"),
    (("consumption", "list", "--by", "county"), "it is one of: region, hospital"),
    (("consumption", "list", "--by"), "--by needs a value"),
    (("consumption", "list", "--json=1"), "--json takes no value"),
    (("hospitals", "list", "--json", "--csv"), "cannot stand together"),
    (("regions", "put-population", "x", "2020-01-01", "--population", "many", "--source", "s", "--evidence", "recalled"), "must be a number"),
    (("regions", "put-population", "x", "2020-01-01", "--population", "1.5", "--source", "s", "--evidence", "recalled"), "whole number"),
    (("hospitals", "list", "--include-closed=maybe"), "it is one of: true, false"),
    (("consumption", "put-rows", "0b9f4f6e-6c0e-4f0a-9c55-6d0a3d2f7c11"), "--body-file FILE is missing"),
    (("hospitels", "list"), "did you mean hospitals?"),
    (("hospitals", "lst"), "did you mean list?"),
    (("divergence", "snapshts"), "did you mean"),
    (("divergence", "list-snapshts"), "did you mean list-snapshots?"),
    (("hospitals", "list", "--regoin", "x"), "did you mean --region?"),
    (("psuh", "x"), "did you mean push?"),
    (("push",), "FILE is missing"),
    (("push", "x", "--coverage", "nordjylland"), "--coverage is"),
    (("api", "FETCH", "/v1/regions"), "the method is"),
    (("api", "GET", "v1"), "the path begins with /"),
    (("api", "GET"), "PATH is missing"),
    (("completion", "tcsh"), "not tcsh"),
    (("divergence", "--svg", "x"), "--svg is for one code"),
    (("divergence", "J01CA04", "--level", "3"), "--level is for the overview"),
    (("status", "--timeout", "soon"), "number of seconds"),
    (("-x",), "unknown flag"),
    (("divergence", "--form-month", "2020-01"), "did you mean --from-month?"),
    (("divergence", "--form-month", "2020-01", "--to-month", "2020-12"), "unknown flag --form-month"),
    (("regions", "--limit", "3", "list"), "--limit cannot stand before the command or the verb"),
    (("--limit", "3", "regions", "list"), "--limit cannot stand before the command or the verb"),
])
def test_usage_errors(medkoord, tmp_path, words, says):
    (tmp_path / "x").write_text(ROWS)
    result = medkoord(*words)
    assert result.code == 2 and says in result.err and result.out == "", result


def test_help_nobody_asked_for_is_a_message(away):
    for words in ((), ("hospitals",), ("--json",)):
        result = away(*words)
        assert result.code == 2 and result.out == "" and "medkoord" in result.err
    for words in (("--help",), ("-h",), ("help",), ("hospitals", "--help"), ("push", "--help"), ("help", "push"), ("help", "hospitals", "get"),
                  ("divergence", "--help"), ("api", "--help"), ("login", "-h"), ("status", "--help"), ("completion", "--help")):
        result = away(*words)
        assert result.code == 0 and result.err == "" and ("Example" in result.out), words
    assert re.fullmatch(r"medkoord \d+\.\d+\.\d+\n", away("--version").out)
