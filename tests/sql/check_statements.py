#!/usr/bin/python3
"""Prepares every statement of sql/ops on a migrated database, holds its columns against the contract, and looks whether
the one plan that a short list gets goes to the cursor's place by an index.

    check_statements.py CONNECTION     checks as the role of the connection (medkoord_server); prints every mistake
    check_statements.py --prepare      prints the statements as PREPARE, for psql and the pgTAP files

SPDX-License-Identifier: MPL-2.0
"""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "openapi"))

from contract import Contract, is_text, schema_types  # noqa: E402

# What reply.c makes of a column's type.
JSON_TYPES = {
    "boolean": {"boolean"},
    "smallint": {"integer"}, "integer": {"integer"}, "bigint": {"integer"}, "numeric": {"number", "integer"},
    "json": {"object", "array", "string", "number", "integer", "boolean"},
    "jsonb": {"object", "array", "string", "number", "integer", "boolean"},
}
CONTROL_COLUMNS = {"_etag": ("text",), "_location": ("text",), "_status": ("integer",), "_total": ("bigint",)}
# Lists whose page is worked out from all rows, of which there are few, or by a function that is given the cursor.
NO_KEYSET = {"get_data_status", "list_hospitals", "list_interests"}
NO_COLUMNS = "The command has no result, or the result has no columns."


def prepare(statement, sql=None):
    types = ", ".join(p.type for p in statement.parameters)
    return f'PREPARE "{statement.name}"{f" ({types})" if types else ""} AS\n{sql or statement.sql};\n'


def psql(connection, script):
    return subprocess.run(["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--field-separator=\t",
                           connection], input=script, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False).stdout


def describe(connection, statements):
    """Columns by statement name, [(column, type)], or the error with which it could not be prepared."""
    script = []
    for statement in statements:
        nulls = ", ".join("NULL" for _ in statement.parameters)
        script += [f"\\echo =={statement.name}", prepare(statement),
                   f'EXECUTE "{statement.name}"{f" ({nulls})" if nulls else ""} \\gdesc']
    answers, name = {}, None
    for line in psql(connection, "\n".join(script)).splitlines():
        if line.startswith("=="):
            name = line[2:]
            answers[name] = ([], [])
        elif name is None:
            sys.exit(f"check_statements: {line}")
        elif "\t" in line and not line.startswith((" ", "ERROR", "LINE")):
            answers[name][0].append(tuple(line.split("\t")))
        elif line.strip() and line != NO_COLUMNS:
            answers[name][1].append(line)
    return answers


def check_keyset(connection, statement, sql):
    """Mistakes in how a list finds the row after the cursor, in the one plan that connections for short reads keep. The
    planner is kept from what suits tables as small as those here."""
    names = [p.name for p in statement.parameters]
    last = max((i for i, name in enumerate(names, 1) if re.fullmatch(r"after_\d", name)), default=0)
    if last == 0 or statement.name in NO_KEYSET:
        return []
    plan = psql(connection, "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;\n"
                "SET enable_bitmapscan = off; SET enable_sort = off;\n" + prepare(statement, sql)
                + f'EXPLAIN (COSTS OFF) EXECUTE "{statement.name}" ({", ".join("NULL" for _ in names)});\n')
    if re.search(rf"Index Cond:.*CASE WHEN \(\${last} IS NULL\)", plan):
        return []
    return ["the row after the cursor is not found by an index: HACKING.md, How to add an operation\n" + plan]


def check_columns(contract, op, columns):
    """Mistakes of one operation's own columns against the schema of its answer."""
    mistakes = []
    for name, kind in columns:
        if name in CONTROL_COLUMNS and kind not in CONTROL_COLUMNS[name]:
            mistakes.append(f"{name} is {kind}, not {CONTROL_COLUMNS[name][0]}")
        elif name.startswith("_") and name not in CONTROL_COLUMNS and not name.startswith("_after_"):
            mistakes.append(f"{name} is not a control column")
    own = [(name, kind) for name, kind in columns if not name.startswith("_")]
    media = op.representations[0] if op.representations else None
    if op.statement.cardinality == "none" or media is None or media[0] != "application/json":
        return mistakes
    schema = contract.resolve(response_schema(contract, op))
    if op.list:
        schema = contract.resolve(contract.resolve(schema["properties"]["items"])["items"])
        if "_total" in dict(columns) and not op.parameter("query", "count"):
            mistakes.append("_total without a parameter count")
    properties = schema.get("properties", {})
    names, expected = [name for name, _ in own], list(properties)
    for name in expected:
        if name not in names:
            mistakes.append(f"no column {name}, which the schema has")
    for name in names:
        if name not in expected:
            mistakes.append(f"column {name} is not in the schema")
    if sorted(names) == sorted(expected) and names != expected:
        mistakes.append(f"columns in the order {', '.join(names)}, in the schema {', '.join(expected)}")
    for name, kind in own:
        allowed = set(schema_types(contract.resolve(properties[name]))) - {"null"} if name in properties else set()
        becomes = JSON_TYPES.get(kind.split("(")[0], {"string"})
        if allowed and not allowed & becomes and not ("number" in allowed and "integer" in becomes):
            mistakes.append(f"column {name} is {kind}, in the schema {' or '.join(sorted(allowed))}")
    return mistakes


def check_document(columns):
    """Mistakes of a statement that writes a document, such as text/html: one column, text."""
    own = [kind for name, kind in columns if not name.startswith("_")]
    return [] if own == ["text"] else [f"a document is one column of text, not {', '.join(own) or 'none'}"]


def response_schema(contract, op):
    responses = op.node["responses"]
    return contract.resolve(responses[str(op.status)])["content"]["application/json"]["schema"]


def main():
    contract = Contract(TOP).check()
    statements = [contract.statements[name] for name in sorted(contract.statements)]
    if sys.argv[1:] == ["--prepare"]:
        # A statement that cannot be prepared is told by the check; here it fails only the tests that use it.
        print("\\set ON_ERROR_STOP off\n" + "\n".join(prepare(s) for s in statements) + "\\set ON_ERROR_STOP on")
        return 0
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    answers = describe(sys.argv[1], statements)
    mistakes = []
    by_id = {op.id: op for op in contract.operations}
    documents = {(s or op.statement).name for op in contract.operations
                 for media_type, s, render in op.representations if is_text(op, media_type, render)}
    for statement in statements:
        columns, errors = answers.get(statement.name, ([], ["was not reached"]))
        found = list(errors)
        op = by_id.get(statement.name)
        if not errors and op is not None and not op.handler:
            found += check_columns(contract, op, columns)
        if not errors and op is not None and op.lane == "fast":
            for sql in filter(None, (statement.sql, statement.bare)):
                found += check_keyset(sys.argv[1], statement, sql)
        if not errors and statement.name in documents:
            found += check_document(columns)
        if not errors and statement.cardinality != "none" and not columns:
            found.append(f"cardinality {statement.cardinality}, and no columns")
        mistakes += [f"{statement.file}: {mistake}" for mistake in found]
    for mistake in mistakes:
        print(mistake)
    print(f"{len(statements)} statements prepared and held against the contract, {len(mistakes)} mistakes")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
