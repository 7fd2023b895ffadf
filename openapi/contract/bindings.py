"""Statements held against the operations that they belong to.

SPDX-License-Identifier: MPL-2.0
"""
import os
import re

from .schemas import schema_types
from .statement import Statement, SqlError, problem_calls
from .yaml_file import Map

OIDS = {"bool": 16, "int8": 20, "int2": 21, "int4": 23, "text": 25, "date": 1082, "timestamptz": 1184, "uuid": 2950,
        "jsonb": 3802, "numeric": 1700, "text[]": 1009}
INTEGER_RANGE = {"int2": 2**15, "int4": 2**31, "int8": 2**63}
SUFFIXES = {"text/csv": "csv", "image/svg+xml": "svg", "text/html": "html", "text/calendar": "ics",
            "application/x-ndjson": "ndjson"}
# As in request.h.
MAX_BINDINGS, MAX_CURSOR = 32, 8


def is_text(op, media_type, render):
    """Whether a representation is a document that a statement writes: its only column is the body."""
    return render is None and not op.handler and media_type not in ("application/json", "text/csv")


class BindingRules:
    """Part of Contract."""

    def check_statements(self):
        for name in self.listing("sql/ops", ".sql"):
            shown = f"sql/ops/{name}"
            self.inputs.add(shown)
            try:
                with open(os.path.join(self.root, shown), encoding="utf-8") as f:
                    statement = Statement(name[:-4], shown, f.read())
            except SqlError as error:
                self.errors.append(str(error))
                continue
            except UnicodeDecodeError:
                self.error((shown, 1), "is not UTF-8")
                continue
            for parameter in statement.parameters:
                if parameter.type not in OIDS:
                    self.error(parameter.where, f"unknown type {parameter.type} of :{parameter.name}")
            if len(statement.parameters) > MAX_BINDINGS:
                self.error((shown, 1), f"has more than {MAX_BINDINGS} parameters")
            self.statements[statement.name] = statement

    def source_mentions(self, pattern):
        """Whether a C file of server/ops has something."""
        for name in self.listing("server/ops", ".c"):
            with open(os.path.join(self.root, "server/ops", name), encoding="utf-8") as f:
                if re.search(pattern, f.read()):
                    return True
        return False

    def check_operation_statements(self):
        claimed = set()
        for op in self.operations:
            op.statement = self.statements.get(op.id)
            representations = []
            for media_type, media in op.representations:
                suffix = SUFFIXES.get(media_type)
                statement = self.statements.get(f"{op.id}.{suffix}") if suffix else None
                if statement:
                    claimed.add(statement.name)
                    self.check_statement(op, statement, media_type)
                    if is_text(op, media_type, media.get("x-render")) and statement.cardinality != "one":
                        self.error((statement.file, 1), f"{statement.name}: a document has cardinality one")
                representations.append((media_type, statement, media.get("x-render")))
            where = (op.file, op.line)
            for place, (media_type, statement, render) in enumerate(representations):
                if place > 0 and media_type == "text/csv" and statement is None:
                    self.error(where, f"{op.id}: text/csv without sql/ops/{op.id}.csv.sql")
                if render and not self.source_mentions(rf"\bbool\s+{render}\("):
                    self.error(where, f"{op.id}: no file of server/ops defines {render}()")
                if is_text(op, media_type, render) and statement is None and media_type != representations[0][0]:
                    self.error(where, f"{op.id}: {media_type} needs x-render, x-handler or "
                               f"sql/ops/{op.id}.{SUFFIXES.get(media_type, 'EXTENSION')}.sql")
            op.representations = representations
            if op.handler:
                file = f"server/ops/{op.id}.c"
                if not os.path.exists(os.path.join(self.root, file)) or \
                        not self.source_mentions(rf"\bconst struct handler {op.id}_handler\b"):
                    self.error(where, f"operation {op.id} has no handler: {file} must define {op.id}_handler")
            elif op.statement is None:
                self.error(where, f"operation {op.id} has no statement: sql/ops/{op.id}.sql")
            if op.statement:
                claimed.add(op.id)
                self.check_statement(op, op.statement, None)
            self.check_explicit_statuses(op)
        for name, statement in sorted(self.statements.items()):
            if name.startswith("_"):
                for index, parameter in enumerate(statement.parameters):
                    parameter.binding = ("FROM_CALLER", index)
            elif name not in claimed:
                self.error((statement.file, 1), f"statement of an operation or representation that does not exist: {name}")

    def check_statement(self, op, statement, media_type):
        exports = media_type == "text/csv" and bool(op.representations) and op.representations[0][0] != "text/csv"
        top = (statement.file, 1)
        if exports:
            if statement.cardinality != "many":
                self.error(top, f"{statement.name}: a CSV export has cardinality many")
        elif media_type is None and not op.handler:
            expected = "many" if op.list else "none" if op.status == 204 else "one"
            if statement.cardinality != expected:
                self.error(
                    top, f"{statement.name}: cardinality is {statement.cardinality}, "
                    f"but the contract's response means {expected}")
            if op.list:
                names = {p.name for p in statement.parameters}
                if "limit" not in names and not op.node.get("x-unpaged"):
                    self.error(top, f"{statement.name}: a list needs :limit")
        for parameter in statement.parameters:
            mistake = self.bind(op, parameter, exports)
            if mistake:
                self.error(parameter.where, f"{statement.name}: {mistake}")
        if op.lane == "fast" and not exports:
            statement.make_bare({p.name for p in statement.parameters if self.may_be_absent(op, p)})
        for parameter in statement.parameters:
            if re.fullmatch(r"after_\d+", parameter.name) and f"_{parameter.name}" not in statement.sql:
                self.error(parameter.where, f"{statement.name}: :{parameter.name} without a column _{parameter.name}")
        for code, line in problem_calls(statement.text):
            if code in self.problem and code not in op.problems and code not in self.generic_problems(op):
                self.error((statement.file, line),
                           f"{statement.name}: raises {code}, which is not in x-problems of {op.id}")

    def may_be_absent(self, op, parameter):
        """A filter of the query without a default: most callers send none."""
        if parameter.binding is None or parameter.binding[0] != "FROM_PARAMETER":
            return False
        node = op.parameters[parameter.binding[1]]
        return node["in"] == "query" and not node.get("required") and "default" not in self.resolve(node["schema"])

    def bind(self, op, parameter, exports):
        """Finds what a statement's parameter is bound to. Answers what is wrong, or None."""
        name, kind = parameter.name, parameter.type
        def need(allowed, what):
            return None if kind in allowed else f":{name} is {what} and cannot be {kind}, only {' or '.join(allowed)}"
        after = re.fullmatch(r"after_([1-9]\d*)", name)
        if exports and (after or name in ("limit", "count", "cursor")):
            return f":{name} has no place in an export: it gives everything"
        # A parameter of the path or the query that is called body (a committee) stands before the body itself.
        if name == "body" and not any(p["name"] == "body" for p in op.parameters):
            parameter.binding = ("FROM_BODY", 0)
            return need(("jsonb", "text"), "the body") if op.body else f":body, but {op.id} takes no JSON body"
        if name == "if_match":
            parameter.binding = ("FROM_IF_MATCH", 0)
            return need(("text",), "an entity tag") if op.parameter(
                "header", "If-Match") else f":if_match, but {op.id} has no If-Match"
        if name == "limit":
            parameter.binding = ("FROM_LIMIT", 0)
            return need(("int4", "int8"), "the page size") if op.parameter(
                "query", "limit") else f":limit, but {op.id} has no limit"
        if after:
            parameter.binding = ("FROM_CURSOR", int(after[1]) - 1)
            if int(after[1]) > MAX_CURSOR:
                return f":{name}: at most {MAX_CURSOR} keys"
            return None if op.parameter("query", "cursor") else f":{name}, but {op.id} has no cursor"
        if name == "prefer_rollback":
            parameter.binding = ("FROM_PREFER_ROLLBACK", 0)
            return need(("bool",), "a yes or no") if op.parameter(
                "header", "Prefer") else f":{name}, but {op.id} has no Prefer"
        matches = [i for i, p in enumerate(op.parameters) if p["name"].lower().replace("-", "_") == name]
        body = self.resolve(op.body) if op.body else Map()
        in_body = name in body.get("properties", Map())
        if len(matches) + in_body > 1:
            return f":{name} is both a parameter and a property of the body, or two parameters"
        if matches:
            parameter.binding = ("FROM_PARAMETER", matches[0])
            node = op.parameters[matches[0]]
            schema = self.resolve(node["schema"])
            if schema.get("type") == "array":
                item = self.resolve(schema.get("items", Map()))
                return need(("text[]",), "a list") or (None if item.get("type") ==
                                                       "string" else f":{name}: a list's items must be strings")
            return need(*self.types_for(schema)) or self.integer_mistake(schema, parameter)
        if in_body:
            parameter.binding = ("FROM_BODY_PROPERTY", 0)
            schema = self.resolve(body["properties"][name])
            types = [t for t in schema_types(schema) if t != "null"]
            if types == ["number"]:
                return f":{name} is a number in the body: take it exactly from :body"
            if types == ["object"] or types == ["array"]:
                if self.has_number(schema):
                    return f":{name} has numbers inside: take them exactly from :body"
                return need(("jsonb",), f"an {types[0]}")
            if len(types) != 1:
                return f":{name} may be of several types: take it from :body"
            return need(*self.types_for(schema)) or self.integer_mistake(schema, parameter)
        return f":{name} is not a parameter of {op.id}"

    def types_for(self, schema):
        types = [t for t in schema_types(schema) if t != "null"]
        kind = types[0] if types else "string"
        if kind == "integer":
            return ("int4", "int8", "int2", "numeric"), "an integer"
        if kind == "number":
            return ("numeric",), "a number"
        if kind == "boolean":
            return ("bool",), "a boolean"
        by_format = {"date": ("date", "text"), "month": ("date", "text"), "date-time": ("timestamptz", "text"),
                     "uuid": ("uuid", "text")}
        return by_format.get(schema.get("format"), ("text",)), schema.get("format", "text")

    @staticmethod
    def integer_mistake(schema, parameter):
        limit = INTEGER_RANGE.get(parameter.type)
        if limit is None or parameter.type == "int8" or "integer" not in schema_types(schema):
            return None
        if "minimum" in schema and "maximum" in schema and schema["minimum"] >= -limit and schema["maximum"] < limit:
            return None
        return f":{parameter.name}: the schema's minimum and maximum do not keep it within {parameter.type}"
