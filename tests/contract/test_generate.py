#!/usr/bin/python3
"""Tests of openapi/generate.py and lint.py: a tiny contract is broken in one place at a time, which must be named.

SPDX-License-Identifier: MPL-2.0
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OPENAPI = os.path.join(PROJECT, "openapi")
sys.dont_write_bytecode = True
sys.path.insert(0, OPENAPI)

from contract import Contract, ContractError, SqlError, Statement, pattern_mistake, problem_calls  # noqa: E402
from lint import Lint  # noqa: E402

# What the bundle gives to every operation is the project's own.
SHARED = (
    "parameters/limit.yaml",
    "parameters/cursor.yaml",
    "parameters/If-Match.yaml",
    "parameters/Idempotency-Key.yaml",
    "parameters/X-Request-Id.yaml",
    "parameters/Accept-Language.yaml",
    "parameters/If-None-Match.yaml",
    "schemas/Problem.yaml",
)

HEAD = "# Something tiny.\n# SPDX-License-Identifier: MPL-2.0\n"
TINY = {
    "openapi/openapi.yaml": HEAD
    + """\
openapi: 3.1.0
info: {title: tiny, version: 0.1.0}
security: [{bearer: []}]
tags: [{name: things, description: Things (ting).}]
x-roles: [reader, admin]
components:
  securitySchemes:
    bearer: {type: http, scheme: bearer}
paths:
  /v1/things: {$ref: paths/things.yaml}
  /v1/things/{thing}: {$ref: 'paths/things_{thing}.yaml'}
""",
    "openapi/errors.yaml": HEAD
    + """\
- {code: internal_error, status: 500, generic: [every], title: Broken, title_da: I stykker}
- {code: not_found, status: 404, generic: [one], title: Not found, title_da: Ikke fundet}
- {code: precondition_failed, status: 412, generic: [if_match], title: Changed, title_da: Ændret}
- {code: already_exists, status: 409, generic: [write], sqlstate: ['23505'], title: It exists, title_da: Den findes}
- {code: thing_is_used, status: 409, constraint: [thing_not_used], title: It is used, title_da: Den bruges}
""",
    "openapi/paths/things.yaml": HEAD
    + """\
get:
  operationId: list_things
  tags: [things]
  summary: Things
  description: All things (ting).
  x-roles: any
  parameters:
    - {name: colour, in: query, description: Only this colour., schema: {type: string, enum: [red, blue]}, example: red}
    - $ref: ../parameters/limit.yaml
    - $ref: ../parameters/cursor.yaml
  responses:
    '200':
      description: Things.
      content:
        application/json:
          schema:
            type: object
            required: [items, next]
            properties:
              items: {type: array, items: {$ref: ../schemas/Thing.yaml}, description: Things.}
              next: {type: [string, 'null'], description: The next page.}
          example: {items: [{name: a, weight: 1.5}], next: null}
        text/csv:
          schema: {type: string}
          example: |
            name,weight
            a,1.5
post:
  operationId: create_thing
  tags: [things]
  summary: Adds a thing
  description: Adds a thing (ting).
  x-roles: [admin]
  parameters:
    - $ref: ../parameters/Idempotency-Key.yaml
  requestBody:
    required: true
    content:
      application/json:
        schema: {$ref: ../schemas/NewThing.yaml}
        example: {name: a, month: 2026-03}
  responses:
    '201':
      description: The thing.
      content:
        application/json:
          schema: {$ref: ../schemas/Thing.yaml}
          example: {name: a, weight: 1.5}
""",
    "openapi/paths/things_{thing}.yaml": HEAD
    + """\
parameters:
  - {name: thing, in: path, required: true, description: Its name., schema: {type: string, pattern: '^[a-zæ-]+$', maxLength: 20}, example: a}
get:
  operationId: get_thing
  tags: [things]
  summary: One thing
  description: One thing (ting).
  x-roles: any
  responses:
    '200':
      description: The thing.
      content:
        application/json:
          schema: {$ref: ../schemas/Thing.yaml}
          example: {name: a, weight: 1.5}
delete:
  operationId: delete_thing
  tags: [things]
  summary: Removes a thing
  description: Removes a thing (ting).
  x-roles: [admin]
  x-problems: [thing_is_used]
  parameters:
    - $ref: ../parameters/If-Match.yaml
  responses:
    '204': {description: It is gone.}
""",
    "openapi/schemas/Thing.yaml": HEAD
    + """\
type: object
required: [name, weight]
properties:
  name: {type: string, description: Its name.}
  weight: {type: number, description: Its weight.}
""",
    "openapi/schemas/NewThing.yaml": HEAD
    + """\
type: object
required: [name]
properties:
  name: {type: string, maxLength: 20, description: Its name.}
  month: {type: string, format: month, description: Since when.}
  size: {type: integer, minimum: 0, maximum: 100, description: Its size.}
  weight: {type: number, description: Its weight.}
  parts: {type: array, maxItems: 5, items: {type: string, maxLength: 5}, description: Its parts.}
""",
    "sql/ops/list_things.sql": """\
-- list_things: things by name.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :colour text
-- :limit int8
-- :after_1 text
SELECT name, weight, name AS _after_1 FROM thing
WHERE (:colour IS NULL OR colour = :colour) AND name > COALESCE(:after_1, '') ORDER BY name LIMIT :limit
""",
    "sql/ops/list_things.csv.sql": """\
-- list_things.csv: all things.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :colour text
SELECT name, weight FROM thing WHERE :colour IS NULL OR colour = :colour
""",
    "sql/ops/create_thing.sql": """\
-- create_thing: adds a thing.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :body jsonb
-- :name text
-- :month date
-- :size int4
-- :parts jsonb
INSERT INTO thing SELECT :name, :month, :size, :parts, (:body->>'weight')::numeric RETURNING name, weight
""",
    "sql/ops/get_thing.sql": """\
-- get_thing: one thing.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :thing text
SELECT name, weight, version AS _etag FROM thing WHERE name = :thing
""",
    "sql/ops/delete_thing.sql": """\
-- delete_thing: removes a thing.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: none
-- :thing text
-- :if_match text
DELETE FROM thing WHERE name = :thing AND require_match(:if_match, version)
""",
    "sql/ops/_actor.sql": """\
-- _actor: who asks.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :subject text
-- :roles text
SELECT set_config('medkoord.subject', :subject, true), set_config('medkoord.roles', :roles, true)
""",
    "sql/migrations/0001_base.sql": HEAD.replace("#", "--") + "CREATE TABLE thing(name text);\n",
}


class Tiny:
    """A folder with the tiny contract, and edits: file -> (old, new), or a whole new text, or None to remove it."""

    def __init__(self, edits=()):
        self.root = tempfile.mkdtemp(prefix="contract-")
        for name, text in TINY.items():
            self.write(name, text)
        for name in SHARED:
            with open(os.path.join(OPENAPI, name), encoding="utf-8") as f:
                self.write(f"openapi/{name}", f.read())
        for name, edit in dict(edits).items():
            path = os.path.join(self.root, name)
            if edit is None:
                os.remove(path)
            elif isinstance(edit, str):
                self.write(name, edit)
            else:
                with open(path, encoding="utf-8") as f:
                    text = f.read()
                assert edit[0] in text, f"{edit[0]!r} is not in {name}"
                self.write(name, text.replace(edit[0], edit[1], 1))

    def write(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def mistakes(self):
        contract = Contract(self.root)
        try:
            contract.check()
        except ContractError as error:
            contract.errors.append(str(error))
        return contract.errors

    def generate(self, *options):
        return subprocess.run(
            [os.path.join(OPENAPI, "generate.py"), "--root", self.root, *options], capture_output=True, text=True
        )


THINGS, THING = "openapi/paths/things.yaml", "openapi/paths/things_{thing}.yaml"
NEW_THING, ERRORS, FRAME = "openapi/schemas/NewThing.yaml", "openapi/errors.yaml", "openapi/openapi.yaml"
LIST, CREATE, GET = "sql/ops/list_things.sql", "sql/ops/create_thing.sql", "sql/ops/get_thing.sql"

# name: (edits, what must be said, with file and line)
DOCUMENT_AFTER = "          example: {name: a, weight: 1.5}\n"
DOCUMENT = DOCUMENT_AFTER + "        text/html:\n          schema: {type: string}\n          example: <p>a</p>\n"

MISTAKES = {
    "operation without statement": (
        {GET: None},
        "things_{thing}.yaml:6: operation get_thing has no statement: sql/ops/get_thing.sql",
    ),
    "operation without handler": (
        {THING: ("get:", "get:\n  x-handler: true")},
        "things_{thing}.yaml:7: operation get_thing has no handler: server/ops/get_thing.c must define get_thing_handler",
    ),
    "handler file without the handler": (
        {THING: ("get:", "get:\n  x-handler: true"), "server/ops/get_thing.c": "int x;\n"},
        "get_thing has no handler",
    ),
    "statement of no operation": (
        {"sql/ops/get_other.sql": TINY[GET].replace("get_thing", "get_other")},
        "sql/ops/get_other.sql:1: statement of an operation or representation that does not exist: get_other",
    ),
    "export without statement": (
        {"sql/ops/list_things.csv.sql": None},
        "list_things: text/csv without sql/ops/list_things.csv.sql",
    ),
    "parameter not in the operation": (
        {
            GET: TINY[GET]
            .replace("-- :thing text", "-- :thing text\n-- :other text")
            .replace("= :thing", "= :thing OR name = :other")
        },
        "sql/ops/get_thing.sql:5: get_thing: :other is not a parameter of get_thing",
    ),
    "undeclared parameter": (
        {GET: ("= :thing", "= :thing OR :x")},
        "sql/ops/get_thing.sql:5: :x is not declared in the header",
    ),
    "unused parameter": ({GET: ("= :thing", "= 'a'")}, "sql/ops/get_thing.sql:4: :thing is declared and not used"),
    "parameter declared twice": (
        {GET: ("-- :thing text", "-- :thing text\n-- :thing text")},
        "sql/ops/get_thing.sql:5: :thing is declared twice",
    ),
    "unreadable declaration": (
        {GET: ("-- :thing text", "-- :thing")},
        "sql/ops/get_thing.sql:4: a parameter is declared as",
    ),
    "unknown type": (
        {GET: (":thing text", ":thing varchar")},
        "sql/ops/get_thing.sql:4: unknown type varchar of :thing",
    ),
    "no cardinality": (
        {GET: ("-- cardinality: one\n", "")},
        "sql/ops/get_thing.sql:1: the header has no `-- cardinality:`",
    ),
    "other cardinality": (
        {GET: ("cardinality: one", "cardinality: few")},
        "sql/ops/get_thing.sql:3: cardinality is one of none, one, many",
    ),
    "cardinality against the response": (
        {GET: ("cardinality: one", "cardinality: many")},
        "cardinality is many, but the contract's response means one",
    ),
    "two statements": (
        {GET: ("= :thing", "= :thing; SELECT 1")},
        "sql/ops/get_thing.sql:5: a file holds one statement",
    ),
    "numbered parameter": (
        {GET: ("= :thing", "= :thing OR name = $1")},
        "sql/ops/get_thing.sql:5: write the parameter's name, not $1",
    ),
    "other first line": ({GET: ("-- get_thing:", "-- thing:")}, "sql/ops/get_thing.sql:1: the first line must be"),
    "list without limit": (
        {LIST: TINY[LIST].replace("-- :limit int8\n", "").replace(" LIMIT :limit", "")},
        "list_things: a list needs :limit",
    ),
    "key without column": ({LIST: (", name AS _after_1", "")}, "list_things: :after_1 without a column _after_1"),
    "page in an export": (
        {"sql/ops/list_things.csv.sql": TINY[LIST].replace("list_things:", "list_things.csv:")},
        ":limit has no place in an export",
    ),
    "number of the body bound": (
        {
            CREATE: TINY[CREATE]
            .replace("-- :body jsonb", "-- :weight numeric")
            .replace("(:body->>'weight')::numeric", ":weight")
        },
        "sql/ops/create_thing.sql:4: create_thing: :weight is a number in the body: take it exactly from :body",
    ),
    "list bound to a scalar": (
        {CREATE: (":parts jsonb", ":parts text")},
        "create_thing: :parts is an array and cannot be text, only jsonb",
    ),
    "numbers inside an object bound": (
        {NEW_THING: ("items: {type: string, maxLength: 5}", "items: {type: number}")},
        ":parts has numbers inside: take them exactly from :body",
    ),
    "text bound to an integer": (
        {CREATE: (":name text", ":name int8")},
        "create_thing: :name is text and cannot be int8, only text",
    ),
    "integer that does not fit": (
        {NEW_THING: ("maximum: 100", "maximum: 3000000000")},
        "minimum and maximum do not keep it within int4",
    ),
    "body without body": (
        {
            GET: TINY[GET]
            .replace("-- :thing text", "-- :thing text\n-- :body jsonb")
            .replace("= :thing", "= :thing AND :body IS NULL")
        },
        ":body, but get_thing takes no JSON body",
    ),
    "if_match without If-Match": (
        {
            GET: TINY[GET]
            .replace("-- :thing text", "-- :thing text\n-- :if_match text")
            .replace("= :thing", "= :thing AND :if_match = ''")
        },
        ":if_match, but get_thing has no If-Match",
    ),
    "unused component": (
        {"openapi/schemas/Other.yaml": HEAD + "type: string\n"},
        "openapi/schemas/Other.yaml:1: is used by nothing",
    ),
    "reference to nothing": (
        {THING: ("../schemas/Thing.yaml", "../schemas/Ting.yaml")},
        "there is no openapi/schemas/Ting.yaml",
    ),
    "reference to elsewhere": (
        {THING: ("../schemas/Thing.yaml", "things.yaml")},
        "$ref things.yaml does not name a file of openapi/schemas",
    ),
    "response without schema": (
        {THING: ("          schema: {$ref: ../schemas/Thing.yaml}\n", "")},
        "things_{thing}.yaml:12: get_thing: response 200 application/json has no schema",
    ),
    "response without content": (
        {THING: ("'204': {description: It is gone.}", "'200': {description: It is gone.}")},
        "delete_thing: response 200 has no content",
    ),
    "no response of success": (
        {THING: ("'204': {description: It is gone.}", "'409': {description: A problem.}")},
        "delete_thing: no response of success",
    ),
    "problem response without code": (
        {
            THING: (
                "'204': {description: It is gone.}",
                "'204': {description: Gone.}\n    '422': {description: A problem.}",
            )
        },
        "delete_thing: no problem of x-problems has status 422",
    ),
    "unknown problem in x-problems": (
        {THING: ("[thing_is_used]", "[thing_is_lost]")},
        "things_{thing}.yaml:24: delete_thing: unknown problem code thing_is_lost",
    ),
    "unknown problem in a statement": (
        {GET: ("SELECT name", "SELECT problem('lost', 'x'), name")},
        "sql/ops/get_thing.sql:5: unknown problem code lost",
    ),
    "unknown problem in a migration": (
        {
            "sql/migrations/0001_base.sql": "-- Base.\n-- SPDX-License-Identifier: MPL-2.0\nSELECT problem('lost', 'x');\n"
        },
        "sql/migrations/0001_base.sql:3: unknown problem code lost",
    ),
    "raised problem not listed": (
        {GET: ("SELECT name", "SELECT problem('thing_is_used', 'x'), name")},
        "sql/ops/get_thing.sql:5: get_thing: raises thing_is_used, which is not in x-problems of get_thing",
    ),
    "x-never of a problem it does not have": (
        {THING: ("  x-problems: [thing_is_used]\n", "  x-problems: [thing_is_used]\n  x-never: [invalid_cursor]\n")},
        "delete_thing: invalid_cursor in x-never is not a generic problem of it",
    ),
    "problem without status in x-problems": (
        {ERRORS: ("code: thing_is_used, status: 409, constraint: [thing_not_used]", "code: thing_is_used, status: 0")},
        "problem thing_is_used has no status",
    ),
    "problem twice": (
        {ERRORS: ("code: not_found", "code: internal_error")},
        "openapi/errors.yaml:4: problem code internal_error stands twice",
    ),
    "problem without Danish title": (
        {ERRORS: (", title_da: Ændret", "")},
        "openapi/errors.yaml:5: problem precondition_failed: title_da is missing",
    ),
    "problem with other status": ({ERRORS: ("status: 412", "status: 200")}, "status 200 is neither 0 nor 400..599"),
    "SQLSTATE twice": (
        {ERRORS: ("constraint: [thing_not_used]", "sqlstate: ['23505']")},
        "SQLSTATE 23505 already means already_exists",
    ),
    "SQLSTATE as a number": ({ERRORS: ("'23505'", "23505")}, "23505 is not a SQLSTATE or a class in quotes"),
    "unknown role": (
        {THING: ("x-roles: any", "x-roles: [reader, king]")},
        "things_{thing}.yaml:10: get_thing: there is no role king",
    ),
    "no roles": ({THING: ("  x-roles: any\n", "")}, "get_thing: x-roles is missing"),
    "half public": ({THING: ("x-roles: any", "x-roles: []")}, "get_thing: x-roles: [] and security: [] go together"),
    "operationId twice": (
        {THING: ("operationId: get_thing", "operationId: list_things")},
        "operation list_things already stands at /v1/things",
    ),
    "path twice": (
        {
            FRAME: (
                "  /v1/things/{thing}:",
                "  /v1/things/{id}: {$ref: 'paths/things_{id}.yaml'}\n  /v1/things/{thing}:",
            ),
            "openapi/paths/things_{id}.yaml": "# x\n",
        },
        "openapi/openapi.yaml:14: path /v1/things/{thing} is the same as /v1/things/{id}",
    ),
    "path key twice": (
        {FRAME: ("  /v1/things/{thing}:", "  /v1/things: {$ref: paths/things.yaml}\n  /v1/things/{thing}:")},
        "openapi/openapi.yaml:13: /v1/things stands twice",
    ),
    "path file not listed": (
        {"openapi/paths/others.yaml": HEAD + "{}\n"},
        "openapi/paths/others.yaml:1: is not listed in openapi/openapi.yaml",
    ),
    "path file of another name": (
        {FRAME: ("paths/things.yaml", "paths/thing.yaml"), "openapi/paths/thing.yaml": TINY[THINGS], THINGS: None},
        "path /v1/things belongs in openapi/paths/things.yaml",
    ),
    "path parameter not described": ({THING: ("name: thing", "name: ting")}, "path parameter thing is not described"),
    "parameter twice": (
        {
            THINGS: (
                "    - $ref: ../parameters/limit.yaml",
                "    - $ref: ../parameters/limit.yaml\n    - $ref: ../parameters/limit.yaml",
            )
        },
        "list_things: parameter limit stands twice",
    ),
    "unknown header": (
        {THINGS: ("name: colour, in: query", "name: X-Colour, in: header")},
        "header X-Colour cannot be a parameter",
    ),
    "pattern of Perl": ({THING: ("'^[a-zæ-]+$'", "'^\\d+$'")}, "pattern ^\\d+$ has \\d, which POSIX does not know"),
    "unknown keyword in a request": (
        {NEW_THING: ("maximum: 100", "multipleOf: 5")},
        "schema keyword multipleOf is not in the subset for requests",
    ),
    "unknown format in a request": ({NEW_THING: ("format: month", "format: week")}, "unknown format week"),
    "required property not described": (
        {NEW_THING: ("required: [name]", "required: [title]")},
        "required property title is not described",
    ),
    "schema inside itself": (
        {NEW_THING: ("items: {type: string, maxLength: 5}", "items: {$ref: NewThing.yaml}")},
        "NewThing.yaml contains itself",
    ),
    "body on GET": ({THING: ("get:", "get:\n  requestBody: {content: {}}")}, "get_thing: GET takes no body"),
    "renderer that does not exist": (
        {
            THING: (
                "        application/json:",
                "        image/svg+xml: {x-render: draw_thing, schema: {type: string}}\n        application/json:",
            )
        },
        "no file of server/ops defines draw_thing()",
    ),
    "document without a statement": (
        {THING: (DOCUMENT_AFTER, DOCUMENT)},
        "get_thing: text/html needs x-render, x-handler or sql/ops/get_thing.html.sql",
    ),
    "document of many rows": (
        {
            THING: (DOCUMENT_AFTER, DOCUMENT),
            "sql/ops/get_thing.html.sql": "-- get_thing: a page.\n-- cardinality: many\n-- :thing text\nSELECT :thing\n",
        },
        "sql/ops/get_thing.html.sql:1: get_thing.html: a document has cardinality one",
    ),
    "gap in the migrations": (
        {"sql/migrations/0003_more.sql": "-- More.\n"},
        "sql/migrations/0003_more.sql:1: is not number 0002",
    ),
    "migration of another name": (
        {"sql/migrations/more.sql": "-- More.\n"},
        "sql/migrations/more.sql:1: is not named NNNN_<area>.sql",
    ),
    "broken YAML": ({THING: ("get:", "get: [")}, "openapi/paths/things_{thing}.yaml:"),
    "YAML key twice": (
        {THING: ("  summary: One thing", "  summary: One thing\n  summary: One")},
        "things_{thing}.yaml:9: summary stands twice",
    ),
}

FINDINGS = {
    "summary missing": ({THING: ("  summary: One thing\n", "")}, "get_thing: summary is missing"),
    "summary with a full stop": (
        {THING: ("summary: One thing", "summary: One thing.")},
        "get_thing: the summary ends with a full stop",
    ),
    "no Danish term": (
        {THING: ("One thing (ting).", "One thing.")},
        "get_thing: the description has no Danish term in brackets or quotes",
    ),
    "parameter without description": (
        {THINGS: ("description: Only this colour., ", "")},
        "list_things: parameter colour has no description",
    ),
    "parameter without example": ({THINGS: (", example: red}", "}")}, "list_things: parameter colour has no example"),
    "parameter's example does not fit": (
        {THINGS: ("example: red", "example: green")},
        "parameter colour: the example does not fit its schema at /: 'green'",
    ),
    "response without example": (
        {THING: ("          example: {name: a, weight: 1.5}\n", "")},
        "get_thing: response 200 application/json has no example",
    ),
    "response's example does not fit": (
        {THING: ("weight: 1.5", "weight: heavy")},
        "response 200 application/json: the example does not fit its schema at /weight",
    ),
    "request's example does not fit": (
        {THINGS: ("month: 2026-03", "month: 2026-13")},
        "create_thing: request application/json: the example does not fit its schema at /month",
    ),
    "request's example with more": (
        {THINGS: ("month: 2026-03", "moon: 2026-03")},
        "create_thing: request application/json: the example does not fit",
    ),
    "property without description": ({NEW_THING: (", description: Its size.", "")}, "NewThing.size has no description"),
    "text without limit": (
        {NEW_THING: ("name: {type: string, maxLength: 20", "name: {type: string")},
        "create_thing.name: a text needs maxLength",
    ),
    "open pattern without limit": ({THING: (", maxLength: 20", "")}, "parameter thing: a text needs maxLength"),
    "array without limit": ({NEW_THING: ("maxItems: 5, ", "")}, "create_thing.parts: an array needs maxItems"),
    "uniqueItems without small limit": (
        {NEW_THING: ("maxItems: 5", "maxItems: 5000, uniqueItems: true")},
        "uniqueItems needs maxItems of at most 1000",
    ),
    "list without cursor": (
        {
            THINGS: ("    - $ref: ../parameters/cursor.yaml\n", ""),
            LIST: TINY[LIST]
            .replace("-- :after_1 text\n", "")
            .replace(", name AS _after_1", "")
            .replace(" AND name > COALESCE(:after_1, '')", ""),
            "openapi/parameters/cursor.yaml": None,
        },
        "list_things: a list needs the parameter cursor",
    ),
    "creation without key": (
        {
            THINGS: ("  parameters:\n    - $ref: ../parameters/Idempotency-Key.yaml\n", ""),
            "openapi/parameters/Idempotency-Key.yaml": None,
        },
        "create_thing: a POST that creates takes Idempotency-Key",
    ),
    "change without version": (
        {
            THING: ("  parameters:\n    - $ref: ../parameters/If-Match.yaml\n", ""),
            "openapi/parameters/If-Match.yaml": None,
            "sql/ops/delete_thing.sql": TINY["sql/ops/delete_thing.sql"]
            .replace("-- :if_match text\n", "")
            .replace(" AND require_match(:if_match, version)", ""),
        },
        "delete_thing: DELETE takes If-Match",
    ),
    "name without a verb": (
        {
            THING: ("operationId: get_thing", "operationId: thing"),
            GET: None,
            "sql/ops/thing.sql": TINY[GET].replace("get_thing", "thing"),
        },
        "thing: the name does not start with one of",
    ),
    "undocumented problem": (
        {THING: ("  x-problems: [thing_is_used]\n", "")},
        "problem thing_is_used is in no operation's x-problems and not generic",
    ),
    "violation said nowhere": (
        {ERRORS: ("- {code: not_found", "- {code: odd, status: 0, title: Odd, title_da: Sær}\n- {code: not_found")},
        "problem odd is said nowhere",
    ),
    "title with a full stop": (
        {ERRORS: ("title: It is used", "title: It is used.")},
        "problem thing_is_used: title ends with a full stop",
    ),
    "title not translated": (
        {ERRORS: ("title_da: Den bruges", "title_da: It is used")},
        "the Danish title is the English one",
    ),
    "unused tag": (
        {FRAME: ("description: Things (ting).}", "description: Things (ting).}, {name: other, description: Other.}")},
        "tag other is used by no operation",
    ),
    "no licence": (
        {GET: ("-- SPDX-License-Identifier: MPL-2.0\n", "")},
        "sql/ops/get_thing.sql:1: SPDX-License-Identifier: MPL-2.0 is missing",
    ),
}


class TheGenerator(unittest.TestCase):
    def test_the_tiny_contract_is_without_mistake(self):
        with Tiny() as tiny:
            self.assertEqual(tiny.mistakes(), [])
            contract = Contract(tiny.root).check()
            self.assertEqual(Lint(contract).run(), [])

    def test_every_mistake_is_named_with_its_place(self):
        for name, (edits, said) in MISTAKES.items():
            with self.subTest(name), Tiny(edits) as tiny:
                mistakes = tiny.mistakes()
                self.assertTrue(any(said in line for line in mistakes), f"{said!r} is not in {mistakes}")
                for line in mistakes:
                    self.assertRegex(line, r"^(openapi|sql)/\S+:\d+: ")

    def test_a_mistake_fails_the_build(self):
        with Tiny({GET: None}) as tiny:
            out = os.path.join(tiny.root, "build")
            result = tiny.generate("--out", out)
            self.assertEqual(result.returncode, 1)
            self.assertIn("get_thing has no statement", result.stderr)
            self.assertFalse(os.path.exists(out))

    def test_the_result_is_the_same_every_time(self):
        with Tiny() as tiny:
            results = []
            for name in ("a", "b"):
                out = os.path.join(tiny.root, name)
                self.assertEqual(tiny.generate("--out", out).returncode, 0)
                results.append({})
                for file in sorted(os.listdir(out)):
                    with open(os.path.join(out, file), "rb") as f:
                        results[-1][file] = f.read()
            self.assertEqual(list(results[0]), ["contract.c", "openapi.json", "problems.h"])
            self.assertEqual(results[0], results[1])

    def test_inputs_are_told(self):
        with Tiny() as tiny:
            out = os.path.join(tiny.root, "build")
            depfile = os.path.join(tiny.root, "contract.d")
            self.assertEqual(tiny.generate("--out", out, "--depfile", depfile).returncode, 0)
            with open(depfile, encoding="utf-8") as f:
                target, rest = f.read().split(":", 1)
            self.assertEqual(target, os.path.join(out, "contract.c"))
            listed = rest.replace("\\\n", " ").split()
            for name in list(TINY) + ["openapi/paths", "sql/ops", "sql/migrations"]:
                self.assertIn(os.path.join(tiny.root, name), listed)

    def test_a_document_is_written_by_its_statement(self):
        page = "-- get_thing: a page.\n-- SPDX-License-Identifier: MPL-2.0\n-- cardinality: one\n-- :thing text\nSELECT '<p>' || :thing\n"
        with Tiny({THING: (DOCUMENT_AFTER, DOCUMENT), "sql/ops/get_thing.html.sql": page}) as tiny:
            out = os.path.join(tiny.root, "build")
            self.assertEqual(tiny.generate("--out", out).returncode, 0)
            with open(os.path.join(out, "contract.c"), encoding="utf-8") as f:
                tables = f.read()
            self.assertIn('{"application/json", NULL, false, NULL, false}, {"text/html", &statement_get_thing__html, false, NULL, true}', tables)

    def test_the_tables_compile_without_a_warning(self):
        long = (
            "-- list_things.csv: all.\n-- SPDX-License-Identifier: MPL-2.0\n-- cardinality: many\nSELECT name /* "
            + 'æ"\\?? ' * 1000
            + "*/, 'æ\"\\??/"
            + "x" * 5000
            + "' FROM thing\n"
        )
        with Tiny({"sql/ops/list_things.csv.sql": long}) as tiny:
            out = os.path.join(tiny.root, "build")
            self.assertEqual(tiny.generate("--out", out).returncode, 0)
            result = subprocess.run(
                [
                    "cc",
                    "-std=gnu11",
                    "-Wall",
                    "-Wextra",
                    "-Wpedantic",
                    "-Werror",
                    "-I",
                    os.path.join(PROJECT, "server"),
                    "-I",
                    out,
                    "-c",
                    os.path.join(out, "contract.c"),
                    "-o",
                    os.path.join(out, "contract.o"),
                ],
                capture_output=True,
                text=True,
            )
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_the_tables_say_what_the_contract_says(self):
        with Tiny() as tiny:
            out = os.path.join(tiny.root, "build")
            self.assertEqual(tiny.generate("--out", out).returncode, 0)
            program = os.path.join(out, "say.c")
            with open(program, "w", encoding="utf-8") as f:
                f.write(
                    '#include "contract.h"\n#include <stdio.h>\nint main(void)\n{\n'
                    "    for (size_t i = 0; i < n_operations; i++)\n"
                    '        printf("%s %d %#x %d %zu %d %d\\n", operations[i].id, operations[i].method, operations[i].roles, operations[i].status,\n'
                    "               operations[i].n_parameters, operations[i].needs_if_match, operations[i].takes_idempotency_key);\n"
                    '    const struct statement *s = statement_by_name("create_thing");\n'
                    "    for (size_t i = 0; i < s->n_bindings; i++)\n"
                    '        printf("%d %s %u\\n", s->bindings[i].from == FROM_BODY, s->bindings[i].name, s->bindings[i].oid);\n'
                    '    printf("%s\\n%d %s\\n", s->sql, statement_by_name("none") == NULL, migrations[0].name);\n'
                    '    const struct statement *list = statement_by_name("list_things"), *csv = statement_by_name("list_things.csv");\n'
                    '    printf("%s %#x %d %d\\n", list->bare->name, list->bare->absent, s->bare == NULL, csv->bare == NULL);\n'
                    '    printf("%zu %s", contract_json_length, contract_json);\n    return 0;\n}\n'
                )
            subprocess.run(
                [
                    "cc",
                    "-std=gnu11",
                    "-I",
                    os.path.join(PROJECT, "server"),
                    "-I",
                    out,
                    program,
                    os.path.join(out, "contract.c"),
                    "-o",
                    out + "/say",
                ],
                check=True,
            )
            said = subprocess.run([out + "/say"], check=True, capture_output=True).stdout.decode().split("\n")
            self.assertEqual(
                said[:4],
                [
                    "list_things 0 0x3 200 3 0 0",
                    "create_thing 2 0x2 201 1 0 1",
                    "delete_thing 5 0x2 204 2 1 0",
                    "get_thing 0 0x3 200 1 0 0",
                ],
            )
            self.assertEqual(said[4:9], ["1 body 3802", "0 name 25", "0 month 1082", "0 size 23", "0 parts 3802"])
            self.assertEqual(
                said[9:12],
                [
                    "INSERT INTO thing SELECT $2, $3, $4, $5, ($1->>'weight')::numeric RETURNING name, weight",
                    "1 0001_base",
                    "list_things bare 0x1 1 1",
                ],
            )
            with open(os.path.join(out, "openapi.json"), "rb") as f:
                content = f.read()
            self.assertEqual("\n".join(said[12:]).encode(), str(len(content)).encode() + b" " + content)

    def test_what_an_operation_never_answers_is_not_in_the_document(self):
        never = ("x-problems: [thing_is_used]", "x-problems: [thing_is_used]\n  x-never: [not_found, already_exists]")
        with Tiny({THING: never}) as tiny:
            out = os.path.join(tiny.root, "build")
            self.assertEqual(tiny.generate("--out", out).returncode, 0)
            with open(os.path.join(out, "openapi.json"), encoding="utf-8") as f:
                delete = json.load(f)["paths"]["/v1/things/{thing}"]["delete"]
        self.assertEqual(sorted(delete["responses"]), ["204", "409", "412", "500"])
        self.assertEqual(delete["responses"]["409"]["x-problems"], ["thing_is_used"])
        self.assertNotIn("x-never", delete)

    def test_the_document_is_whole(self):
        with Tiny() as tiny:
            out = os.path.join(tiny.root, "build")
            self.assertEqual(tiny.generate("--out", out).returncode, 0)
            with open(os.path.join(out, "openapi.json"), encoding="utf-8") as f:
                document = json.load(f)
        references = []

        def walk(node):
            if isinstance(node, dict):
                if isinstance(node.get("$ref"), str):
                    references.append(node["$ref"])
                for value in node.values():
                    walk(value)
            elif isinstance(node, list):
                for value in node:
                    walk(value)

        walk(document)
        self.assertGreater(len(references), 20)
        for reference in references:
            at = document
            for part in reference.removeprefix("#/").split("/"):
                at = at[part]
        delete = document["paths"]["/v1/things/{thing}"]["delete"]
        self.assertEqual(sorted(delete["responses"]), ["204", "404", "409", "412", "500"])
        self.assertEqual(delete["responses"]["409"]["x-problems"], ["thing_is_used", "already_exists"])
        self.assertNotIn("x-generic", delete["responses"]["409"])
        self.assertTrue(delete["responses"]["412"]["x-generic"])
        self.assertIn("304", document["paths"]["/v1/things/{thing}"]["get"]["responses"])
        self.assertNotIn("304", document["paths"]["/v1/things"]["get"]["responses"])
        self.assertEqual(document["paths"]["/v1/things"]["get"]["x-roles"], ["reader", "admin"])
        self.assertIs(document["components"]["schemas"]["NewThing"]["additionalProperties"], False)
        self.assertNotIn("additionalProperties", document["components"]["schemas"]["Thing"])
        self.assertIn("thing_is_used", document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])


class Statements(unittest.TestCase):
    def sql(self, body):
        return Statement("x", "x.sql", "-- x: tests.\n-- cardinality: one\n-- :a text\n-- :b text\n" + body).sql

    def test_parameters_are_numbered_in_the_order_of_the_header(self):
        self.assertEqual(self.sql("SELECT :b, :a, :b;\n"), "SELECT $2, $1, $2")

    def test_what_is_no_parameter_is_left_alone(self):
        body = """SELECT :a::text, ':b', E'\\':b', "x:b", $$ :c $$, $t$ :c $$ $t$, x := :b, 'it''s :c'::text"""
        self.assertEqual(self.sql(body), body.replace(":a::", "$1::").replace("x := :b", "x := $2"))

    def test_comments_are_dropped(self):
        self.assertEqual(
            self.sql("SELECT :a -- :c ; $1\n/* :c /* nested */ ; */, :b\n-- the end\n"), "SELECT $1\n , $2"
        )

    def test_a_semicolon_in_a_text_is_no_end(self):
        self.assertEqual(self.sql("SELECT :a, ';', :b ;  -- done\n"), "SELECT $1, ';', $2")

    def test_what_may_be_absent_is_null_in_the_bare_statement(self):
        statement = Statement("x", "x.sql", "-- x: tests.\n-- cardinality: one\n-- :a text\n-- :b int8\nSELECT :a, ':b', :b, :b\n")
        self.assertIsNone(statement.bare)
        statement.make_bare({"b"})
        self.assertEqual(statement.sql, "SELECT $1, ':b', $2, $2")
        self.assertEqual(statement.bare, "SELECT $1, ':b', NULL::int8, NULL::int8")

    def test_nothing_is_no_statement(self):
        with self.assertRaisesRegex(SqlError, "x.sql:1: has no statement"):
            Statement("x", "x.sql", "-- x: tests.\n-- cardinality: one\n")

    def test_calls_of_problem_are_found(self):
        self.assertEqual(
            problem_calls("-- problem('a')\nSELECT problem('b', 'x'),\n problem ( 'c')"), [("b", 2), ("c", 3)]
        )


class Patterns(unittest.TestCase):
    def test_what_both_kinds_understand_alike_is_taken(self):
        for pattern in (
            "^[a-z]+$",
            "^[A-ZÆØÅ][0-9]{2}(\\.[0-9]+)?$",
            "^(a|b)*$",
            "^[!-~]+$",
            "^[^,;]*$",
            "^[a-z-]{1,31}$",
            "^\\*|[a-z]$",
        ):
            self.assertIsNone(pattern_mistake(pattern), pattern)

    def test_what_differs_is_refused(self):
        for pattern in (
            "[a-z]",
            "^a",
            "a$",
            "^\\d$",
            "^\\w+$",
            "^(?:a)$",
            "^(?i)a$",
            "^a+?$",
            "^a*+$",
            "^[\\d]$",
            "^[[:alpha:]]$",
            "^[]a]$",
            "^[a$",
            "^(a$",
            "^\\b$",
        ):
            self.assertIsNotNone(pattern_mistake(pattern), pattern)


class TheLint(unittest.TestCase):
    def test_every_finding_is_named(self):
        for name, (edits, said) in FINDINGS.items():
            with self.subTest(name), Tiny(edits) as tiny:
                contract = Contract(tiny.root).check()
                self.assertEqual(contract.errors, [])
                findings = Lint(contract).run()
                self.assertTrue(any(said in line for line in findings), f"{said!r} is not in {findings}")

    def test_findings_fail_the_check(self):
        with Tiny({THING: ("  summary: One thing\n", "")}) as tiny:
            result = subprocess.run(
                [os.path.join(OPENAPI, "lint.py"), "--root", tiny.root], capture_output=True, text=True
            )
            self.assertEqual(result.returncode, 1)
            self.assertIn("get_thing: summary is missing", result.stdout)
            self.assertIn("1 findings", result.stderr)


if __name__ == "__main__":
    unittest.main()
