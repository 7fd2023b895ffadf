"""The subset of JSON Schema that requests may use, which is what server/schema.c knows.

SPDX-License-Identifier: MPL-2.0
"""
import json
import re

from .yaml_file import Map

SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
ANNOTATIONS = {"title", "description", "example", "default", "deprecated"}
KEYWORDS = ANNOTATIONS | {"type", "properties", "required", "additionalProperties", "enum", "pattern", "minLength",
                          "maxLength", "minimum", "maximum", "items", "minItems", "maxItems", "uniqueItems",
                          "minProperties", "format"}
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
FORMATS = ("date", "month", "date-time", "uuid", "uri")


def pattern_mistake(pattern):
    """What makes a pattern mean different things in POSIX ERE and in ECMA-262, or None."""
    if not (pattern.startswith("^") and pattern.endswith("$")):
        return "is not anchored with ^ and $"
    i, n = 0, len(pattern)
    while i < n:
        c = pattern[i]
        if c == "\\":
            if i + 1 >= n or pattern[i + 1] not in r".[]()*+?{}|^$\/":
                return f"has \\{pattern[i + 1:i + 2]}, which POSIX does not know"
            i += 2
            continue
        if c == "[":
            end = i + 1
            if pattern[end:end + 1] == "^":
                end += 1
            if pattern[end:end + 1] == "]":
                return "has ] first in a bracket expression"
            end = pattern.find("]", end)
            if end < 0:
                return "has an open bracket expression"
            inside = pattern[i + 1:end]
            if "\\" in inside:
                return "has a backslash inside a bracket expression, which POSIX takes literally"
            if "[" in inside:
                return "has [ inside a bracket expression, which POSIX reads as a class"
            i = end + 1
            continue
        if c == "(" and pattern[i + 1:i + 2] == "?":
            return "has (?, which POSIX does not know"
        if c in "*+?}" and pattern[i + 1:i + 2] in ("?", "+", "*"):
            return "has a lazy, possessive or doubled quantifier"
        i += 1
    try:
        re.compile(pattern)
    except re.error as error:
        return f"does not compile: {error}"
    return None


def schema_types(node):
    types = node.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def canonical(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


class SchemaRules:
    """Part of Contract."""

    def mark_request(self, node):
        """Remembers the component files that request bodies reach: their objects are closed."""
        if isinstance(node, dict):
            if "$ref" in node:
                file = self.reference(node)
                if file and file not in self.request_schemas:
                    self.request_schemas.add(file)
                    self.mark_request(self.load(file))
            for key, value in node.items():
                if key not in ("example", "default", "enum"):
                    self.mark_request(value)
        elif isinstance(node, list):
            for value in node:
                self.mark_request(value)

    def check_schema(self, node, inside=()):
        """A request's schema must stay inside the subset that schema.c knows."""
        if not isinstance(node, dict):
            self.error(("openapi", 0), "a schema is not a mapping")
            return
        if "$ref" in node:
            file = self.reference(node)
            if file is None:
                return
            if file in inside:
                self.error(node.where("$ref"), f"{node['$ref']} contains itself, which a request's schema cannot")
                return
            self.check_schema(self.load(file), inside + (file,))
            return
        for key in node:
            if key not in KEYWORDS and not key.startswith("x-"):
                self.error(node.where(key), f"schema keyword {key} is not in the subset for requests")
        types = schema_types(node)
        if not types or any(t not in TYPES for t in types):
            self.error(node.where("type"), "a request's schema needs type")
        if "enum" in node and not all(isinstance(v, str) or v is None for v in node["enum"]):
            self.error(node.where("enum"), "enum takes strings only")
        if "enum" in node and "string" not in types:
            self.error(node.where("enum"), "enum needs type string")
        if "pattern" in node:
            mistake = pattern_mistake(node["pattern"])
            if mistake:
                self.error(node.where("pattern"), f"pattern {node['pattern']} {mistake}")
        if "format" in node and node["format"] not in FORMATS:
            self.error(node.where("format"), f"unknown format {node['format']}")
        for key in ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties"):
            if key in node and (not isinstance(node[key], int) or isinstance(node[key], bool)):
                self.error(node.where(key), f"{key} must be a whole number")
        if not isinstance(node.get("additionalProperties", False), bool):
            self.error(node.where("additionalProperties"), "additionalProperties is true or false")
        if "array" in types and "items" not in node:
            self.error(node.where("type"), "an array needs items")
        if "items" in node:
            self.check_schema(node["items"], inside)
        properties = node.get("properties", Map())
        for name, child in properties.items():
            if not SNAKE.match(name):
                self.error(properties.where(name), f"property {name} is not snake_case")
            self.check_schema(child, inside)
        for name in node.get("required", []):
            if name not in properties:
                self.error(node.where("required"), f"required property {name} is not described")

    def has_number(self, schema):
        schema = self.resolve(schema)
        if "number" in schema_types(schema) or schema.get("additionalProperties") is True:
            return True
        children = list(schema.get("properties", Map()).values())
        if "items" in schema:
            children.append(schema["items"])
        return any(self.has_number(child) for child in children)
