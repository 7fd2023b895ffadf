"""Puts the contract into one OpenAPI 3.1 document, with what every operation has in common written out.

SPDX-License-Identifier: MPL-2.0
"""
import os

from . import COMPONENT_KINDS
from .schemas import schema_types

INTERNAL = {"x-handler", "x-lane", "x-streams", "x-render", "x-not-cached", "x-status", "x-unpaged", "x-never",
            "x-free-text", "x-one-line"}
TITLES = {
    400: "Bad request",
    401: "No valid token",
    403: "Not allowed",
    404: "Not found",
    406: "Not acceptable",
    409: "In conflict",
    412: "Changed in the meantime",
    413: "Too large",
    415: "Unsupported content",
    422: "The content breaks a rule",
    428: "If-Match is needed",
    500: "Server error",
    503: "Not available just now"}
HEADERS = {
    "X-Request-Id": ("The request's name in the log.", {"type": "string"}),
    "ETag": ("The version of what is answered.", {"type": "string"}),
    "Location": ("Where that which was created is found.", {"type": "string", "format": "uri-reference"}),
    "Retry-After": ("Seconds to wait before the request is sent again.", {"type": "integer", "minimum": 0}),
    "WWW-Authenticate": ("What kind of token is asked for, and what was wrong with the one given.", {"type": "string"}),
    "Idempotent-Replayed": ("Present when the answer is that of an earlier request with the same key.",
                            {"type": "string", "enum": ["true"]}),
    "Preference-Applied": ("Present when nothing was kept.", {"type": "string"}),
}


def component_name(file):
    return os.path.basename(file)[:-len(".yaml")]


class Bundler:
    def __init__(self, contract):
        self.contract = contract
        self.seen = []        # component files, in the order in which they are met
        self.closed = contract.request_schemas

    def copy(self, node, closed=False, example=False):
        """A copy with references into components, without what only the server's generator reads."""
        if isinstance(node, list):
            return [self.copy(value, closed, example) for value in node]
        if not isinstance(node, dict):
            return node
        if example:
            return {key: self.copy(value, False, True) for key, value in node.items()}
        if isinstance(node.get("$ref"), str) and hasattr(node, "file"):
            file = self.contract.reference(node)
            result = {"$ref": self.pointer(file)}
            if "description" in node:
                result["description"] = node["description"]
            return result
        result = {}
        for key, value in node.items():
            if key in INTERNAL:
                continue
            if key == "properties":
                result[key] = {name: self.copy(child, closed) for name, child in value.items()}
            else:
                result[key] = self.copy(value, closed, key in ("example", "default"))
        if "schema" in node and "example" not in node:
            example = self.contract.example(node)
            if example is not None:
                result["example"] = self.copy(example, False, True)
        if closed and "properties" in node and "object" in schema_types(node):
            result.setdefault("additionalProperties", False)
        return result

    def pointer(self, file):
        if file not in self.seen:
            self.seen.append(file)
        kind = os.path.basename(os.path.dirname(file))
        return f"#/components/{kind}/{component_name(file)}"

    def shared(self, kind, name):
        return {"$ref": self.pointer(f"openapi/{kind}/{name}.yaml")}

    def header(self, name):
        return {"$ref": f"#/components/headers/{name}"}

    def problem_responses(self, op, responses):
        contract, by_status = self.contract, {}
        generic = contract.generic_problems(op)
        for code in op.problems + generic:
            by_status.setdefault(contract.problem[code]["status"], []).append(code)
        for status, codes in sorted(by_status.items()):
            lines = [f"- `{c}`: {contract.problem[c]['title']}" for c in codes]
            response = {"description": TITLES.get(status, "Problem") + ".\n\n" + "\n".join(lines) + "\n"}
            headers = {"X-Request-Id": self.header("X-Request-Id")}
            if any(contract.problem[c].get("retry_after") for c in codes):
                headers["Retry-After"] = self.header("Retry-After")
            if status == 401:
                headers["WWW-Authenticate"] = self.header("WWW-Authenticate")
            response["headers"] = headers
            media = {"application/problem+json": {"schema": self.shared("schemas", "Problem")}}
            written = op.node["responses"].get(str(status))
            if written is not None:
                own = self.copy(contract.resolve(written))
                response["description"] = own["description"].rstrip() + "\n\n" + "\n".join(lines) + "\n"
                media = {**own.get("content", {}), **{k: v for k, v in media.items()
                                                      if k not in own.get("content", {})}}
            response["content"] = media
            response["x-problems"] = codes
            if all(c in generic for c in codes):
                response["x-generic"] = True
            responses[str(status)] = response

    def success_responses(self, op):
        responses = {}
        for status, node in sorted(op.node["responses"].items()):
            if status[0] in "45":
                continue
            response = self.copy(self.contract.resolve(node))
            headers = {"X-Request-Id": self.header("X-Request-Id")}
            if op.has_etag and status in ("200", "201"):
                headers["ETag"] = self.header("ETag")
            if status == "201" and op.answers("_location"):
                headers["Location"] = self.header("Location")
            if op.parameter("header", "Idempotency-Key"):
                headers["Idempotent-Replayed"] = self.header("Idempotent-Replayed")
            if op.parameter("header", "Prefer"):
                headers["Preference-Applied"] = self.header("Preference-Applied")
            response["headers"] = {**headers, **response.get("headers", {})}
            responses[status] = response
        if op.method == "get" and op.has_etag:
            responses.setdefault("304", {
                "description": "The caller has the current version.",
                "headers": {"X-Request-Id": self.header("X-Request-Id"), "ETag": self.header("ETag")},
                "x-generic": True})
        return responses

    def operation(self, op):
        result = {}
        for key, value in op.node.items():
            if key in ("parameters", "responses", "requestBody") or key in INTERNAL:
                continue
            result[key] = self.copy(value)
        result["x-roles"] = list(op.roles)
        parameters = [self.copy(node) for node in op.parameter_refs]
        shared = ["X-Request-Id", "Accept-Language"]
        if op.method == "get" and op.has_etag and not op.parameter("header", "If-None-Match"):
            shared.append("If-None-Match")
        result["parameters"] = parameters + [self.shared("parameters", name) for name in shared]
        if "requestBody" in op.node:
            result["requestBody"] = self.copy(op.node["requestBody"], closed=True)
        responses = self.success_responses(op)
        self.problem_responses(op, responses)
        result["responses"] = dict(sorted(responses.items()))
        return result

    def document(self):
        contract = self.contract
        root = {key: self.copy(value) for key, value in contract.openapi.items() if key not in ("paths", "components")}
        root["paths"] = {}
        for op in sorted(contract.operations, key=lambda o: (o.path, o.method)):
            root["paths"].setdefault(op.path, {})[op.method] = self.operation(op)
        components = {kind: {} for kind in COMPONENT_KINDS}
        done = 0
        while done < len(self.seen):
            file = self.seen[done]
            kind = os.path.basename(os.path.dirname(file))
            components[kind][component_name(file)] = self.copy(contract.load(file), closed=file in self.closed)
            done += 1
        self.list_codes(components["schemas"]["Problem"])
        components = {kind: dict(sorted(values.items())) for kind, values in components.items() if values}
        components["headers"] = {name: {"description": text, "schema": schema}
                                 for name, (text, schema) in HEADERS.items()}
        components["securitySchemes"] = self.copy(contract.openapi.get("components", {}).get("securitySchemes", {}))
        root["components"] = components
        # By code, so that a problem's type can point here: /v1/openapi.json#/x-problems/not_found
        root["x-problems"] = {entry["code"]: {key: entry[key] for key in ("status", "title", "title_da")}
                              for entry in contract.problems}
        return root

    def list_codes(self, problem):
        """The closed lists of codes, so that a client knows what to expect."""
        entries = self.contract.problems
        problem["properties"]["code"]["enum"] = sorted(e["code"] for e in entries if e["status"] != 0)
        problem["properties"]["errors"]["items"]["properties"]["code"]["enum"] = sorted(e["code"] for e in entries)
        problem["description"] = (
            "Why a request was not answered as asked. Programs read `code`; the texts are for people.\n")
