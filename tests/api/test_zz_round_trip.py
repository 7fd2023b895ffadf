"""Runs last: every JSON answer and every accepted body that the tests of this run have seen, as a struct of the client library
and back, is the same; exactly, decimals too.
SPDX-License-Identifier: MPL-2.0
"""
import json
import os
import subprocess

from medkoord_api import BUILD


def exactly(text):
    """JSON with its numbers as they are written."""
    return json.loads(text, parse_int=lambda digits: ("number", digits), parse_float=lambda digits: ("number", digits))


def without_optional_nulls(contract, schema, value):
    """A member that need not be there and is null is the same as a missing one."""
    schema = contract.deref(schema)
    if isinstance(value, list):
        return [without_optional_nulls(contract, schema["items"], v) for v in value]
    if not isinstance(value, dict):
        return value
    named, rest = schema.get("properties", {}), schema.get("additionalProperties")
    assert set(value) <= set(named) or isinstance(rest, dict), set(value) - set(named)
    return {k: without_optional_nulls(contract, named.get(k, rest), v) for k, v in value.items()
            if v is not None or k in schema.get("required", [])}


def test_what_was_seen_survives_the_way_through_a_struct(contract, api, request):
    api.get("/v1/regions")    # so that there is something when this test is run alone
    seen = []
    for (operation, which, content), schema in contract.exchanged.items():
        value = exactly(content)
        if which == "result" and {"items", "next"} <= set(contract.deref(schema).get("properties", {})):
            value, schema = value["items"], contract.deref(schema)["properties"]["items"]
        seen.append((operation, which, content, without_optional_nulls(contract, schema, value)))
    # A line each. PostgreSQL's json_agg() puts line feeds between elements; within texts JSON has none.
    lines = "".join(f"{operation} {which} {content}".replace("\n", " ") + "\n" for operation, which, content, _ in seen)
    out = subprocess.run([BUILD / "tests" / "client" / "round_trip"], input=lines, stdout=subprocess.PIPE, text=True, check=True).stdout
    answers = out.split("\n")[:-1]
    assert len(answers) == len(seen) > 0
    for (operation, which, content, expected), answer in zip(seen, answers):
        assert not answer.startswith("! "), f"{operation} {which}: {answer}: {content[:500]}"
        assert exactly(answer) == expected, f"{operation} {which}"
    if not request.config.getoption("keyword") and all(os.path.isdir(a) for a in request.config.getoption("file_or_dir")):
        structs = {name for name, operation in contract.operations.items() for status, answer in operation["responses"].items()
                   if status.startswith("2") and "application/json" in contract.deref(answer).get("content", {})}
        assert {o for o, *_ in seen} == structs - {"get_contract"}, "all that answer with a struct"
    print(f"{len(seen)} of {len({o for o, *_ in seen})} operations")
