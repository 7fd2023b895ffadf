#!/usr/bin/python3
"""House rules of the contract beyond what generate.py needs: texts, examples, names, limits. Exit 1 with a list.

SPDX-License-Identifier: MPL-2.0
"""
import argparse
import datetime
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import jsonschema  # noqa: E402

from contract import SNAKE, Contract, ContractError, schema_types  # noqa: E402
from contract.bundle import Bundler  # noqa: E402

VERBS = {"get", "list", "create", "update", "put", "delete", "transition", "announce", "compare"}
KEBAB_OR_SNAKE = re.compile(r"-?[a-z0-9]+([_-][a-z0-9]+)*\Z")   # a minus: sorted downwards
# A word of a Danish reader's own, in brackets or quotes: (forbrug), "tovholder".
DANISH_TERM = re.compile(r"\([a-zæøåA-ZÆØÅ][^()]*\)|\"[^\"]+\"")
UNBOUNDED = re.compile(r"[*+]|\{\d+,\}")

formats = jsonschema.FormatChecker(formats=())


@formats.checks("date", raises=ValueError)
def is_date(value):
    return not isinstance(value, str) or (len(value) == 10 and datetime.date.fromisoformat(value) is not None)


@formats.checks("month", raises=ValueError)
def is_month(value):
    return not isinstance(value, str) or (len(value) == 7 and datetime.date.fromisoformat(value + "-01") is not None)


@formats.checks("date-time", raises=ValueError)
def is_date_time(value):
    if not isinstance(value, str):
        return True
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", value)
    return match is not None and datetime.date.fromisoformat(match[1]) is not None


@formats.checks("uuid")
def is_uuid(value):
    return not isinstance(value, str) or re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value) is not None


class Lint:
    def __init__(self, contract):
        self.contract = contract
        self.findings = []
        self.document = Bundler(contract).document()
        self.resolver = jsonschema.RefResolver("", self.document)

    def find(self, where, message):
        self.findings.append(f"{where[0]}:{where[1]}: {message}")

    def fits(self, where, what, schema, example):
        """Holds an example against a schema of the bundle."""
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver, format_checker=formats)
        for error in sorted(validator.iter_errors(example), key=lambda e: list(map(str, e.absolute_path))):
            place = "/".join(str(p) for p in error.absolute_path)
            self.find(where, f"{what}: the example does not fit its schema at /{place}: {error.message[:200]}")

    # ---- operations ----

    def operations(self):
        tags = {tag["name"] for tag in self.contract.openapi.get("tags", [])}
        used = set()
        for op in self.contract.operations:
            where = (op.file, op.line)
            used.update(op.node.get("tags", []))
            self.operation_texts(op, where, tags)
            self.operation_conventions(op, where)
            self.operation_examples(op, where)
        for tag in sorted(tags - used):
            self.find(self.contract.openapi.where("tags"), f"tag {tag} is used by no operation")

    def operation_texts(self, op, where, tags):
        for key in ("summary", "description"):
            if not str(op.node.get(key) or "").strip():
                self.find(where, f"{op.id}: {key} is missing")
        if str(op.node.get("summary", "")).rstrip().endswith("."):
            self.find(where, f"{op.id}: the summary ends with a full stop")
        if not DANISH_TERM.search(str(op.node.get("description", ""))):
            self.find(where, f"{op.id}: the description has no Danish term in brackets or quotes")
        if not op.node.get("tags") or not set(op.node["tags"]) <= tags:
            self.find(where, f"{op.id}: needs tags, of those that openapi.yaml has")
        for node in op.parameters:
            if not str(node.get("description") or "").strip():
                self.find(node.where("name"), f"{op.id}: parameter {node['name']} has no description")

    def operation_conventions(self, op, where):
        if op.id.split("_")[0] not in VERBS:
            self.find(where, f"{op.id}: the name does not start with one of {', '.join(sorted(VERBS))}")
        if op.id.startswith("list_") and not op.list:
            self.find(where, f"{op.id}: a list answers items and next")
        if op.list:
            for name in ("limit", "cursor"):
                if not op.parameter("query", name):
                    self.find(where, f"{op.id}: a list needs the parameter {name}")
        if op.method == "post" and "201" in op.node["responses"] and not op.parameter("header", "Idempotency-Key"):
            self.find(where, f"{op.id}: a POST that creates takes Idempotency-Key")
        if op.method in ("put", "patch", "delete") and not op.streams and not op.parameter("header", "If-Match"):
            self.find(where, f"{op.id}: {op.method.upper()} takes If-Match")

    def operation_examples(self, op, where):
        for node in op.parameters:
            self.example_fits(node.where("name"), f"{op.id}: parameter {node['name']}", node)
        bodies = [("request", op.node.get("requestBody", {}))]
        bodies += [(f"response {status}", self.contract.resolve(response))
                   for status, response in op.node["responses"].items()]
        for what, body in bodies:
            for media_type, media in body.get("content", {}).items():
                self.example_fits(where, f"{op.id}: {what} {media_type}", media)

    def example_fits(self, where, what, node):
        example = self.contract.example(node)
        if example is None:
            self.find(where, f"{what} has no example")
        else:
            self.fits(where, what, Bundler(self.contract).copy(node["schema"]), example)

    # ---- schemas ----

    def schemas(self):
        for file, kind in sorted(self.contract.used.items()):
            if kind == "schemas":
                node = self.contract.load(file)
                name = os.path.basename(file)[:-5]
                if not re.fullmatch(r"([A-Z][a-z0-9]*)+", name):
                    self.find((file, 1), f"schema {name} is not in CamelCase")
                self.schema_texts(node, name)
                if "example" in node:
                    self.fits((file, 1), name, Bundler(self.contract).copy(node), node["example"])
        for op in self.contract.operations:
            if op.body is not None:
                self.limits(op.body, op.id)
            for node in op.parameters:
                self.limits(node["schema"], f"{op.id}: parameter {node['name']}")

    def schema_texts(self, node, name):
        properties = node.get("properties", {})
        for key, child in properties.items():
            where = properties.where(key)
            if not SNAKE.match(key):
                self.find(where, f"{name}.{key} is not snake_case")
            if "$ref" not in child and not str(child.get("description") or "").strip():
                self.find(where, f"{name}.{key} has no description")
            if "$ref" not in child:
                self.schema_texts(child, f"{name}.{key}")
        if isinstance(node.get("items"), dict) and "$ref" not in node["items"]:
            self.schema_texts(node["items"], f"{name}[]")
        for value in node.get("enum", []):
            if isinstance(value, str) and not KEBAB_OR_SNAKE.match(value):
                self.find(node.where("enum"), f"{name}: {value} is neither snake_case nor kebab-case")

    def limits(self, node, name):
        """What comes from outside is bounded."""
        node = self.contract.resolve(node)
        types = schema_types(node)
        if "string" in types and not {"maxLength", "enum", "format"} & set(node):
            if "pattern" not in node or UNBOUNDED.search(node["pattern"]):
                self.find(node.where("type"), f"{name}: a text needs maxLength")
        if "string" in types and node.get("format") == "uri" and "maxLength" not in node:
            self.find(node.where("type"), f"{name}: a URI needs maxLength")
        if "array" in types and "maxItems" not in node:
            self.find(node.where("type"), f"{name}: an array needs maxItems")
        if node.get("uniqueItems") and node.get("maxItems", 10**9) > 1000:
            self.find(node.where("uniqueItems"), f"{name}: uniqueItems needs maxItems of at most 1000")
        for key, child in node.get("properties", {}).items():
            self.limits(child, f"{name}.{key}")
        if "items" in node:
            self.limits(node["items"], f"{name}[]")

    # ---- errors.yaml, files ----

    def problems(self):
        contract = self.contract
        used = {code for op in contract.operations for code in op.problems}
        sources = self.sources()
        for entry in contract.problems:
            code, where = entry["code"], entry.where("code")
            for key in ("title", "title_da"):
                if entry[key].rstrip().endswith("."):
                    self.find(where, f"problem {code}: {key} ends with a full stop")
            if entry["title"] == entry["title_da"]:
                self.find(where, f"problem {code}: the Danish title is the English one")
            if code in used or entry.get("generic"):
                continue
            said = f'"{code}"' in sources or f"PROBLEM_{code.upper()}" in sources or f"'{code}'" in sources
            if entry["status"] == 0 and not said:
                self.find(where, f"problem {code} is said nowhere in server/ or sql/")
            if entry["status"] != 0:
                self.find(where, f"problem {code} is in no operation's x-problems and not generic")

    def sources(self):
        texts = []
        for folder in ("server", "server/ops", "sql/ops", "sql/migrations"):
            for suffix in (".c", ".h", ".sql"):
                for name in self.contract.listing(folder, suffix):
                    with open(os.path.join(self.contract.root, folder, name), encoding="utf-8") as f:
                        texts.append(f.read())
        return "\n".join(texts)

    def heads(self):
        """Every source starts with its purpose and its licence."""
        for name in sorted(self.contract.inputs):
            full = os.path.join(self.contract.root, name)
            if os.path.isdir(full) or not name.endswith((".yaml", ".sql")):
                continue
            with open(full, encoding="utf-8") as f:
                head = [f.readline() for _ in range(8)]
            if not re.match(r"(#|--) \S", head[0]) or "SPDX" in head[0]:
                self.find((name, 1), "the first line does not say what the file is for")
            if not any("SPDX-License-Identifier: MPL-2.0" in line for line in head):
                self.find((name, 1), "SPDX-License-Identifier: MPL-2.0 is missing")

    def run(self):
        self.operations()
        self.schemas()
        self.problems()
        self.heads()
        return self.findings


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description="Holds the contract against the house rules.")
    parser.add_argument("--root", default=os.path.dirname(here), help="the project's folder")
    options = parser.parse_args()
    contract = Contract(options.root)
    try:
        contract.check()
    except ContractError as error:
        contract.errors.append(str(error))
    findings = contract.errors or sorted(set(Lint(contract).run()))
    for line in findings:
        print(line)
    if findings:
        print(f"{len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
