"""Operations: what stands in openapi/paths.

SPDX-License-Identifier: MPL-2.0
"""
import os
import re

from .schemas import SNAKE
from .yaml_file import Map

METHODS = ("get", "post", "put", "patch", "delete")
HEADERS = {"If-Match", "If-None-Match", "Idempotency-Key", "Prefer", "Content-Digest"}
# As in server.h.
MAX_PATH_VALUES, MAX_SEGMENTS, MAX_PARAMETERS = 6, 12, 32


class Operation:
    """One operation with everything the server's tables need."""
    def __init__(self, path, method, node, identifier):
        self.path, self.method, self.node, self.id = path, method, node, identifier
        self.file, self.line = node.where("operationId")
        self.segments = path.strip("/").split("/")
        self.roles = []
        self.parameters = []       # resolved nodes, those of the path first and in the path's order
        self.parameter_refs = []   # as written, for the bundle
        self.body = None           # schema node of a JSON body
        self.body_required = False
        self.consumes = []
        self.streams = node.get("x-streams", False)
        self.handler = node.get("x-handler", False)
        self.not_cached = node.get("x-not-cached", False)
        self.status = None
        self.representations = []  # (media type, statement or None, render or None)
        self.statement = None
        self.problems = []
        self.never = []            # generic problems that it cannot answer
        self.list = False
        self.has_free_text = False  # of a parameter

    def parameter(self, place, name):
        return next((p for p in self.parameters if p["in"] == place and p["name"] == name), None)

    @property
    def lane(self):
        if self.method != "get":
            return "write"
        return self.node.get("x-lane", "fast")

    def answers(self, column):
        """Whether the answer has what a control column stands for; of a handler it is taken for granted."""
        if self.handler and self.statement is None:
            return True
        return self.statement is not None and column in self.statement.sql

    @property
    def has_etag(self):
        return not self.not_cached and not self.list and self.answers("_etag")

    def conditions(self):
        """Which `generic` problems it can answer."""
        names = {"every"}
        if self.roles:
            names.add("authorized")
        if self.parameters:
            names.add("parameters")
        if self.body is not None or self.has_free_text:
            names.add("free_text")
        if any(p["in"] == "query" for p in self.parameters):
            names.add("query")
        if any(p["in"] == "path" for p in self.parameters):
            names.add("one")
        if self.streams:
            names.add("streamed")
        elif self.body is not None:
            names.add("body")
        if self.method != "get":
            names.add("write")
        if self.statement is not None or self.streams:
            names.add("statement")
        if self.parameter("query", "cursor"):
            names.add("cursor")
        if self.parameter("header", "If-Match"):
            names.add("if_match")
        if self.parameter("header", "Idempotency-Key"):
            names.add("idempotency_key")
        if self.representations:
            names.add("representation")
        return names


class OperationRules:
    """Part of Contract."""

    def check_paths(self):
        paths = self.openapi.get("paths", Map())
        listed, shapes, identifiers = set(), {}, {}
        for path, item in paths.items():
            where = paths.where(path)
            shape = re.sub(r"\{[^}]*\}", "{}", path)
            if shape in shapes:
                self.error(where, f"path {path} is the same as {shapes[shape]}")
                continue
            shapes[shape] = path
            if not isinstance(item, dict) or list(item) != ["$ref"] or not str(item["$ref"]).startswith("paths/"):
                self.error(where, f"path {path} must be {{$ref: paths/...yaml}}")
                continue
            file = os.path.normpath(f"openapi/{item['$ref']}")
            listed.add(file)
            if not os.path.exists(os.path.join(self.root, file)):
                self.error(where, f"path {path}: there is no {file}")
                continue
            expected = "openapi/paths/" + "_".join(s for s in path.strip("/").split("/") if s != "v1") + ".yaml"
            if file != expected:
                self.error(where, f"path {path} belongs in {expected}")
            self.check_path(path, where, self.load(file), identifiers)
        for name in self.listing("openapi/paths", ".yaml"):
            if f"openapi/paths/{name}" not in listed:
                self.error((f"openapi/paths/{name}", 1), "is not listed in openapi/openapi.yaml")

    def check_path(self, path, where, item, identifiers):
        segments = path.strip("/").split("/")
        if not path.startswith("/") or "" in segments or len(segments) > MAX_SEGMENTS:
            self.error(where, f"path {path} is not of the form /a/b with at most {MAX_SEGMENTS} segments")
        for segment in segments:
            if not re.fullmatch(r"\{[a-z][a-z0-9_]*\}|[a-z0-9]+([.-][a-z0-9]+)*", segment):
                self.error(where, f"path {path}: segment {segment} is neither kebab-case nor {{snake_case}}")
        for key, node in item.items():
            if key in ("parameters", "summary", "description"):
                continue
            if key not in METHODS:
                self.error(item.where(key), f"{key} is not a method")
                continue
            identifier = node.get("operationId") if isinstance(node, dict) else None
            if not isinstance(identifier, str) or not SNAKE.match(identifier):
                self.error(item.where(key), f"{key} {path}: operationId is missing or not snake_case")
                continue
            if identifier in identifiers:
                self.error(node.where("operationId"),
                           f"operation {identifier} already stands at {identifiers[identifier]}")
                continue
            identifiers[identifier] = path
            operation = Operation(path, key, node, identifier)
            self.check_parameters(operation, list(item.get("parameters", [])) + list(node.get("parameters", [])))
            self.check_rights(operation)
            self.check_body(operation)
            self.check_responses(operation)
            self.check_operation_problems(operation)
            self.operations.append(operation)

    def check_parameters(self, op, nodes):
        found = {}
        for node in nodes:
            resolved = self.resolve(node)
            place, name = resolved.get("in"), resolved.get("name")
            if place not in ("path", "query", "header") or not isinstance(name, str):
                self.error(node.where(), f"{op.id}: a parameter needs name, and in: path, query or header")
                continue
            key = (place, name)
            if key in found:
                self.error(node.where(), f"{op.id}: parameter {name} stands twice")
                continue
            if place == "header" and name not in HEADERS:
                self.error(resolved.where("name"),
                           f"{op.id}: header {name} cannot be a parameter; these can: {', '.join(sorted(HEADERS))}")
                continue
            if place == "query" and not SNAKE.match(name):
                self.error(resolved.where("name"), f"{op.id}: query parameter {name} is not snake_case")
            for unknown in sorted(set(resolved) - {"name", "in", "required", "description", "schema", "example", "style", "explode",
                                                   "deprecated"}):
                self.error(resolved.where(unknown), f"{op.id}: parameter {name}: unknown key {unknown}")
            if place == "path" and resolved.get("required") is not True:
                self.error(resolved.where("name"), f"{op.id}: path parameter {name} must be required: true")
            found[key] = resolved
            op.parameter_refs.append(node)
            self.check_parameter_schema(op, resolved)
        in_path = [s[1:-1] for s in op.segments if s.startswith("{")]
        if len(in_path) > MAX_PATH_VALUES:
            self.error((op.file, op.line), f"{op.id}: more than {MAX_PATH_VALUES} path parameters")
        for name in in_path:
            if ("path", name) not in found:
                self.error((op.file, op.line), f"{op.id}: path parameter {name} is not described")
        for (place, name), node in found.items():
            if place == "path" and name not in in_path:
                self.error(node.where("name"), f"{op.id}: {name} is not in the path {op.path}")
        op.parameters = [found[("path", name)] for name in in_path if ("path", name) in found]
        op.parameters += [node for (place, _), node in found.items() if place != "path"]
        if len(op.parameters) > MAX_PARAMETERS:
            self.error((op.file, op.line), f"{op.id}: more than {MAX_PARAMETERS} parameters")
        for header in ("Idempotency-Key", "If-Match"):
            if op.method == "get" and ("header", header) in found:
                self.error((op.file, op.line), f"{op.id}: {header} makes no sense on GET")

    def check_parameter_schema(self, op, node):
        schema = self.resolve(node.get("schema", Map()))
        name = node["name"]
        if not schema:
            self.error(node.where("name"), f"{op.id}: parameter {name} has no schema")
            return
        if schema.get("type") == "array":
            if node["in"] != "query" or node.get("style") != "form" or node.get("explode") is not False:
                self.error(
                    node.where("schema"),
                    f"{op.id}: list {name} must be in query with style: form, explode: false")
            if "maxItems" not in schema:
                self.error(schema.where("type"), f"{op.id}: list {name} has no maxItems")
            self.check_schema(schema)
            schema = self.resolve(schema.get("items", Map()))
        else:
            self.check_schema(schema)
        if schema.get("type") == "string" and not {"pattern", "enum", "format"} & set(schema):
            op.has_free_text = True
        if schema.get("type") not in ("string", "integer", "number", "boolean"):
            self.error(
                node.where("schema"),
                f"{op.id}: parameter {name} must be of one type: string, integer, number, boolean or a list")

    def check_rights(self, op):
        node = op.node
        roles = node.get("x-roles")
        if roles is None:
            self.error((op.file, op.line), f"{op.id}: x-roles is missing")
            return
        op.roles = list(self.roles) if roles == "any" else list(roles) if isinstance(roles, list) else [roles]
        for role in op.roles:
            if role not in self.roles:
                self.error(node.where("x-roles"), f"{op.id}: there is no role {role}")
        if (not op.roles) != (node.get("security") == []):
            self.error(node.where("x-roles"), f"{op.id}: x-roles: [] and security: [] go together (a public operation)")
        if node.get("x-lane", "fast") not in ("fast", "heavy") or ("x-lane" in node and op.method != "get"):
            self.error(node.where("x-lane"), f"{op.id}: x-lane is fast or heavy, and only for GET")

    def check_body(self, op):
        body = op.node.get("requestBody")
        if body is None:
            if op.streams:
                self.error((op.file, op.line), f"{op.id}: x-streams without requestBody")
            return
        if op.method in ("get", "delete"):
            self.error(op.node.where("requestBody"), f"{op.id}: {op.method.upper()} takes no body")
            return
        content = body.get("content", Map())
        op.body_required = body.get("required", False)
        if op.streams:
            op.consumes = list(content)
            if not op.handler:
                self.error(op.node.where("x-streams"), f"{op.id}: x-streams needs x-handler")
            if not content:
                self.error(op.node.where("requestBody"), f"{op.id}: requestBody without content")
            return
        expected = "application/merge-patch+json" if op.method == "patch" else "application/json"
        if list(content) != [expected]:
            self.error(op.node.where("requestBody"), f"{op.id}: requestBody must have exactly {expected}")
            return
        op.body = content[expected].get("schema")
        schema = self.resolve(op.body) if op.body else Map()
        if schema.get("type") != "object":
            self.error(op.node.where("requestBody"), f"{op.id}: the body's schema must be of type object")
            op.body = None
            return
        self.mark_request(op.body)
        self.check_schema(op.body)

    def check_responses(self, op):
        responses = op.node.get("responses", Map())
        statuses = [s for s in responses if re.fullmatch(r"2\d\d", s)]
        if not statuses:
            self.error((op.file, op.line), f"{op.id}: no response of success")
            return
        op.status = op.node.get("x-status", int(statuses[0]))
        if str(op.status) not in statuses:
            self.error(op.node.where("x-status"), f"{op.id}: x-status {op.status} is not among the responses")
        for status, node in responses.items():
            where = responses.where(status)
            if not re.fullmatch(r"[2-5]\d\d", status):
                self.error(where, f"{op.id}: {status} is not a status")
                continue
            response = self.resolve(node)
            if not response.get("description"):
                self.error(where, f"{op.id}: response {status} has no description")
            content = response.get("content", Map())
            if status in ("204", "304"):
                if content:
                    self.error(where, f"{op.id}: {status} has no content")
                continue
            if not content:
                self.error(where, f"{op.id}: response {status} has no content")
            for media_type, media in content.items():
                if not isinstance(media, dict) or not media.get("schema"):
                    self.error(where, f"{op.id}: response {status} {media_type} has no schema")
                else:
                    self.walk_references(media["schema"])
        success = self.resolve(responses[str(op.status)] if str(op.status) in responses else responses[statuses[0]])
        for media_type, media in success.get("content", Map()).items():
            op.representations.append((media_type, media))
        if op.representations:
            schema = self.resolve(op.representations[0][1].get("schema", Map()))
            properties = schema.get("properties", Map())
            op.list = "items" in properties and "next" in properties

    def check_operation_problems(self, op):
        listed = op.node.get("x-problems", [])
        for code in listed:
            where = op.node.where("x-problems")
            if code not in self.problem:
                self.error(where, f"{op.id}: unknown problem code {code}")
            elif self.problem[code]["status"] == 0:
                self.error(where, f"{op.id}: problem {code} has no status, it can stand only in errors[]")
            elif listed.count(code) > 1:
                self.error(where, f"{op.id}: problem {code} stands twice")
        op.problems = [c for c in listed if c in self.problem and self.problem[c]["status"] != 0]

    def check_explicit_statuses(self, op):
        generic = self.generic_problems(op)
        for code in op.node.get("x-never", []):
            if code not in generic:
                self.error(op.node.where("x-never"), f"{op.id}: {code} in x-never is not a generic problem of it")
        op.never = list(op.node.get("x-never", []))
        possible = {self.problem[c]["status"] for c in op.problems + self.generic_problems(op)}
        responses = op.node.get("responses", Map())
        for status in responses:
            if status[:1] in "45" and status.isdigit() and int(status) not in possible:
                self.error(responses.where(status), f"{op.id}: no problem of x-problems has status {status}")
