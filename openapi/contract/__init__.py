"""Reads the contract (openapi/, sql/ops, sql/migrations) and holds its parts against each other.

Used by generate.py, which writes the result down, and by lint.py. Every mistake becomes one line `file:line: what`.
SPDX-License-Identifier: MPL-2.0
"""
import hashlib
import os
import re

from .bindings import OIDS, BindingRules, is_text
from .operations import OperationRules
from .schemas import SNAKE, SchemaRules, canonical, pattern_mistake, schema_types
from .statement import SqlError, Statement, problem_calls
from .yaml_file import ContractError, Map, load_yaml

__all__ = ["COMPONENT_KINDS", "OIDS", "SNAKE", "Contract", "ContractError", "SqlError", "Statement", "canonical",
           "pattern_mistake", "is_text", "problem_calls", "schema_types"]

COMPONENT_KINDS = ("schemas", "parameters")
GENERIC = {"gate", "every", "authorized", "parameters", "query", "body", "streamed", "write", "statement", "cursor",
           "free_text", "one", "if_match", "idempotency_key", "representation"}


class Contract(SchemaRules, OperationRules, BindingRules):
    """The whole contract. After check(), `errors` lists every mistake and the rest is what generate.py writes down."""
    def __init__(self, root):
        self.root = root
        self.errors = []
        self.inputs = set()        # files, and the folders whose content counts
        self.files = {}            # loaded YAML by project path
        self.problems = []         # of errors.yaml, in order
        self.problem = {}          # by code
        self.roles = []
        self.operations = []
        self.statements = {}       # by name
        self.migrations = []
        self.used = {}             # component file -> kind
        self.request_schemas = set()   # component files that request bodies reach
        self.openapi = Map()

    # ---- reading ----

    def error(self, where, message):
        self.errors.append(f"{where[0]}:{where[1]}: {message}")

    def load(self, shown):
        if shown not in self.files:
            full = os.path.join(self.root, shown)
            if os.path.exists(full):
                self.inputs.add(shown)
            self.files[shown] = load_yaml(full, shown)
        return self.files[shown]

    def listing(self, folder, suffix):
        full = os.path.join(self.root, folder)
        if not os.path.isdir(full):
            return []
        self.inputs.add(folder)
        return sorted(name for name in os.listdir(full) if name.endswith(suffix) and not name.startswith("."))

    def resolve(self, node):
        """Follows $ref; answers the node it stands for. Counts the component as used."""
        for _ in range(10):
            if not isinstance(node, dict) or "$ref" not in node:
                return node
            file = self.reference(node)
            if file is None:
                return Map()
            node = self.load(file)
        self.error(node.where("$ref"), "$ref goes round in circles")
        return Map()

    def example(self, media):
        """The example of a body or a parameter: its own, else that of the schema which it names. None: there is none."""
        return media["example"] if "example" in media else self.resolve(media.get("schema", Map())).get("example")

    def reference(self, node):
        """The project path of the component a $ref names, or None after an error."""
        ref = node["$ref"]
        file = os.path.normpath(os.path.join(os.path.dirname(node.file), ref))
        folder, name = os.path.split(file)
        kind = os.path.basename(folder)
        if kind not in COMPONENT_KINDS or os.path.dirname(folder) != "openapi" or not name.endswith(".yaml"):
            self.error(node.where("$ref"), f"$ref {ref} does not name a file of openapi/schemas or parameters")
            return None
        if not os.path.exists(os.path.join(self.root, file)):
            self.error(node.where("$ref"), f"$ref {ref}: there is no {file}")
            return None
        if file not in self.used:
            self.used[file] = kind
            self.walk_references(self.load(file))
        return file

    def walk_references(self, node):
        """Marks every component below a node as used, and finds references that lead nowhere."""
        if isinstance(node, dict):
            if "$ref" in node and isinstance(node["$ref"], str):
                self.reference(node)
            for key, value in node.items():
                if key not in ("example", "default"):
                    self.walk_references(value)
        elif isinstance(node, list):
            for value in node:
                self.walk_references(value)

    # ---- checking ----

    def check(self):
        self.openapi = self.load("openapi/openapi.yaml")
        self.check_problems()
        self.check_roles()
        self.check_statements()
        self.check_paths()
        self.check_operation_statements()
        self.check_components()
        self.check_migrations()
        self.check_problem_calls()
        return self

    def check_problems(self):
        seen_states, seen_constraints = {}, {}
        entries = self.load("openapi/errors.yaml")
        if not isinstance(entries, list):
            raise ContractError("openapi/errors.yaml:1: is not a list of problems")
        for entry in entries:
            where = entry.where("code")
            code = entry.get("code")
            if not isinstance(code, str) or not SNAKE.match(code):
                self.error(where, f"problem code {code!r} is not snake_case")
                continue
            if code in self.problem:
                self.error(where, f"problem code {code} stands twice")
                continue
            for key in entry:
                if key not in (
                    "code",
                    "status",
                    "title",
                    "title_da",
                    "sqlstate",
                    "constraint",
                    "retry_after",
                        "generic"):
                    self.error(entry.where(key), f"problem {code}: unknown key {key}")
            status = entry.get("status")
            if status != 0 and (not isinstance(status, int) or not 400 <= status <= 599):
                self.error(entry.where("status"), f"problem {code}: status {status!r} is neither 0 nor 400..599")
            for key in ("title", "title_da"):
                if not isinstance(entry.get(key), str) or not entry[key].strip():
                    self.error(where, f"problem {code}: {key} is missing")
            for name in entry.get("generic", []):
                if name not in GENERIC:
                    self.error(entry.where("generic"), f"problem {code}: there is no generic condition {name}")
            for state in entry.get("sqlstate", []):
                if not isinstance(state, str) or not re.fullmatch(r"[0-9A-Z]{5}|[0-9A-Z]{2}", state):
                    self.error(entry.where("sqlstate"),
                               f"problem {code}: {state!r} is not a SQLSTATE or a class in quotes")
                elif seen_states.setdefault(state, code) != code:
                    self.error(entry.where("sqlstate"),
                               f"problem {code}: SQLSTATE {state} already means {seen_states[state]}")
            for constraint in entry.get("constraint", []):
                if seen_constraints.setdefault(constraint, code) != code:
                    self.error(entry.where("constraint"),
                               f"problem {code}: constraint {constraint} already means {seen_constraints[constraint]}")
            if status == 0 and (entry.get("sqlstate") or entry.get("constraint") or entry.get("generic")):
                self.error(where, f"problem {code}: without a status it can stand only in errors[]")
            self.problems.append(entry)
            self.problem[code] = entry

    def check_roles(self):
        self.roles = list(self.openapi.get("x-roles", []))
        if not self.roles or len(self.roles) > 32 or len(set(self.roles)) != len(self.roles):
            self.error(self.openapi.where("x-roles"), "x-roles must list 1 to 32 different roles")

    def generic_problems(self, op):
        conditions = op.conditions()
        return [e["code"] for e in self.problems if conditions & set(
            e.get("generic", [])) and e["code"] not in op.problems + op.never]

    def check_components(self):
        self.used.setdefault("openapi/schemas/Problem.yaml", "schemas")
        for name in ("X-Request-Id", "Accept-Language", "If-None-Match"):
            self.used.setdefault(f"openapi/parameters/{name}.yaml", "parameters")
        for kind in COMPONENT_KINDS:
            for name in self.listing(f"openapi/{kind}", ".yaml"):
                file = f"openapi/{kind}/{name}"
                self.inputs.add(file)
                if file not in self.used:
                    self.error((file, 1), "is used by nothing")

    def check_migrations(self):
        for name in self.listing("sql/migrations", ".sql"):
            file = f"sql/migrations/{name}"
            self.inputs.add(file)
            match = re.fullmatch(r"(\d{4})_[a-z0-9_]+\.sql", name)
            if not match:
                self.error((file, 1), "is not named NNNN_<area>.sql")
                continue
            number = int(match[1])
            if number != len(self.migrations) + 1:
                self.error((file, 1), f"is not number {len(self.migrations) + 1:04d}")
            with open(os.path.join(self.root, file), "rb") as f:
                content = f.read()
            self.migrations.append((number, name[:-4], content, hashlib.sha256(content).hexdigest()))

    def check_problem_calls(self):
        texts = [(s.file, s.text) for _, s in sorted(self.statements.items())]
        texts += [(f"sql/migrations/{name}.sql", content.decode("utf-8", "replace"))
                  for _, name, content, _ in self.migrations]
        for file, text in texts:
            for code, line in problem_calls(text):
                if code not in self.problem:
                    self.error((file, line), f"unknown problem code {code}")
                elif self.problem[code]["status"] == 0:
                    self.error((file, line), f"problem {code} has no status, it can stand only in errors[]")
