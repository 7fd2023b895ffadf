"""What the client library's structs and functions are; client_header.py and client_code.py write them down.

What C cannot express in the library's way is a mistake of the contract, named by file and line.
SPDX-License-Identifier: MPL-2.0
"""
import os
import re

from .bundle import component_name
from .schemas import schema_types
from .yaml_file import Map

MAX_FIELDS = 64    # as codec.c
SUFFIXES = {"text/csv": "csv", "image/svg+xml": "svg", "text/html": "html", "text/calendar": "ics",
            "application/x-ndjson": "ndjson"}
KINDS = {"string": "TEXT", "integer": "INTEGER", "number": "DECIMAL", "boolean": "BOOLEAN"}
C_TYPES = {"TEXT": "const char *", "DECIMAL": "const char *", "INTEGER": "int64_t ", "BOOLEAN": "bool "}
# Of C and C++: what no member, parameter or variable can be called; and what the generated functions call their own.
KEYWORDS = set("""alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl concept const
consteval constexpr constinit const_cast continue co_await co_return co_yield decltype default delete do double
dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable namespace new noexcept
not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires restrict return short
signed sizeof static static_assert static_cast struct switch template this thread_local throw true try typedef typeid
typename union unsigned using virtual void volatile wchar_t while xor xor_eq""".split())
OWN = {"client", "options", "body", "sink", "source", "error", "arguments", "result", "code", "list", "size"}


def snake(pascal):
    return re.sub(r"(?<!^)(?=[A-Z][a-z0-9])", "_", pascal).lower()


def plain(name):
    return name.lower().replace("-", "_")


def c_name(name):
    name = plain(name)
    return name + "_" if name in KEYWORDS else name


def constant(value):
    """The tail of a macro's name for a value of an enumeration; a minus sign in front is how `sort` says descending."""
    tail = "_DESCENDING" if value.startswith("-") else ""
    return re.sub(r"[^A-Za-z0-9]+", "_", value.lstrip("-")).upper() + tail


class Field:
    """A member of a struct."""
    def __init__(self, name, kind, shape, required, struct=None, description="", values=(), nullable=False):
        self.name, self.kind, self.shape, self.required, self.nullable = name, kind, shape, required, nullable
        self.struct, self.description = struct, description
        self.values = [v for v in values if isinstance(v, str)]   # of an enumeration
        self.c_name = "size_" if name == "size" else c_name(name)

    def element(self):
        return f"const struct mk_{self.struct.name} *" if self.kind == "STRUCT" else C_TYPES[self.kind]

    def declaration(self):
        if self.shape == "MANY":
            return f"size_t n_{self.c_name};\n    {self.element()}const *{self.c_name};"
        if self.shape == "MAP":
            named = self.struct.name if self.kind == "STRUCT" else self.kind.lower()
            return f"size_t n_{self.c_name};\n    const struct mk_named_{named} *{self.c_name};"
        if self.shape == "MAYBE" and self.kind in ("INTEGER", "BOOLEAN"):
            return f"const {self.element()}*{self.c_name};"
        return f"{self.element()}{self.c_name};"


class Struct:
    """A struct that an object of the contract becomes."""
    def __init__(self, name, description, where):
        self.name, self.description, self.where = name, description, where
        self.fields = []
        self.sized = False     # callers fill it: it begins with its size


class ClientWriter:
    """Collects structs, macros and functions. Mistakes go to contract.errors."""
    def __init__(self, contract):
        self.contract = contract
        self.structs = {}      # by name, each after those it points to
        self.building = set()
        self.named = {}        # struct mk_named_X that maps need -> declaration
        self.macros = {}       # name -> value
        self.taken = self.hand_written()
        self.operations = sorted(contract.operations, key=lambda o: (o.path, o.method))

    def error(self, where, message):
        self.contract.error(where, f"{message} (client library)")

    def hand_written(self):
        """What medkoord.h declares itself, so that no generated name is one of these."""
        path = os.path.join(self.contract.root, "libclient", "medkoord.h")
        if not os.path.exists(path):
            return set()
        self.contract.inputs.add("libclient/medkoord.h")
        with open(path, encoding="utf-8") as f:
            text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
        names = re.findall(r"^MK_API[^;{]*?\b(mk_\w+)\(", text, flags=re.M) + re.findall(r"\b(mk_\w+);", text)
        names += re.findall(r"^typedef struct (mk_\w+)", text, flags=re.M) + re.findall(r"^enum (mk_\w+) \{", text, flags=re.M)
        return set(names) | set(re.findall(r"\bMK_\w+", text))

    def take(self, name, where):
        if name in self.taken:
            self.error(where, f"the name {name} is already taken")
        self.taken.add(name)

    # ---- structs ----

    def scalar(self, schema, where):
        """The kind of a schema that is one value, and whether it can be null."""
        types = schema_types(schema)
        kinds = [t for t in types if t != "null"]
        if len(kinds) != 1 or kinds[0] not in KINDS:
            self.error(where, f"a value of type {types} cannot be expressed")
            return "TEXT", False
        return KINDS[kinds[0]], "null" in types

    def is_map(self, schema):
        return isinstance(schema.get("additionalProperties"), dict) and not schema.get("properties")

    def object_of(self, node, inline_name, above=""):
        """The struct of an object's schema; `inline_name` when it has no file of its own."""
        schema = self.contract.resolve(node)
        name = snake(component_name(self.contract.reference(node))) if "$ref" in node else inline_name
        return self.struct_named(name, schema, above)

    def struct_named(self, name, schema, above):
        where = schema.where()
        if name in self.structs:
            if self.structs[name].where != where:
                self.error(where, f"struct mk_{name} is already that of {self.structs[name].where[0]}")
            return self.structs[name]
        if name in self.building:
            self.error(where, f"struct mk_{name} contains itself")
            return Struct(name, "", where)
        if not schema.get("properties"):
            self.error(where, f"struct mk_{name}: an object without properties cannot be expressed")
        self.take(f"mk_{name}", where)
        self.building.add(name)
        struct = Struct(name, schema.get("description") or above, where)
        properties, seen = schema.get("properties", Map()), set()
        for key, child in properties.items():
            field = self.field(struct, key, child, key in schema.get("required", []), properties.where(key))
            names = {field.c_name} | ({f"n_{field.c_name}"} if field.shape in ("MANY", "MAP") else set())
            if names & seen:
                self.error(properties.where(key), f"struct mk_{name}: member {field.c_name} stands twice")
            seen |= names
            struct.fields.append(field)
        if len(struct.fields) > MAX_FIELDS:
            self.error(where, f"struct mk_{name}: more than {MAX_FIELDS} members")
        self.building.discard(name)
        self.structs[name] = struct
        return struct

    def field(self, struct, key, node, required, where):
        schema = self.contract.resolve(node)
        text = node.get("description") or schema.get("description", "")
        types = [t for t in schema_types(schema) if t != "null"]
        nullable = "null" in schema_types(schema)
        inline, above = f"{struct.name}_{plain(key)}", f"Of `{key}` of struct mk_{struct.name}."
        self.enumeration(inline, schema, where)
        if types == ["array"]:
            item_node = schema.get("items", Map())
            item = self.contract.resolve(item_node)
            self.enumeration(inline, item, where)
            if schema_types(item) == ["object"] and not self.is_map(item):
                return Field(key, "STRUCT", "MANY", required, self.object_of(item_node, inline, above), text, (), nullable)
            kind, item_nullable = self.scalar(item, where)
            if item_nullable or nullable:
                self.error(where, "a list that is null or holds null cannot be expressed")
            return Field(key, kind, "MANY", required, None, text, item.get("enum", []))
        if types == ["object"] and self.is_map(schema):
            return self.map_field(struct, key, node, schema, required, text, inline)
        if types == ["object"]:
            shape = "ONE" if required and not nullable else "MAYBE"
            return Field(key, "STRUCT", shape, required, self.object_of(node, inline, above), text, (), nullable)
        kind, nullable = self.scalar(schema, where)
        return Field(key, kind, "ONE" if required and not nullable else "MAYBE", required, None, text, schema.get("enum", []), nullable)

    def map_field(self, struct, key, node, schema, required, text, inline):
        value_node = schema["additionalProperties"]
        value = self.contract.resolve(value_node)
        if schema_types(value) == ["object"]:
            name = snake(component_name(self.contract.reference(node))) if "$ref" in node else inline
            of = self.object_of(value_node, name, f"Of `{key}` of struct mk_{struct.name}.")
            self.name_map(of.name, f"const struct mk_{of.name} *value;")
            return Field(key, "STRUCT", "MAP", required, of, text, (), "null" in schema_types(schema))
        kind, nullable = self.scalar(value, schema.where("additionalProperties"))
        if nullable:
            self.error(schema.where("additionalProperties"), "a map that holds null cannot be expressed")
        self.name_map(kind.lower(), f"{C_TYPES[kind]}value;")
        return Field(key, kind, "MAP", required, None, text, (), "null" in schema_types(schema))

    def name_map(self, name, value):
        if name not in self.named:
            self.take(f"mk_named_{name}", ("openapi", 1))
            self.named[name] = value

    def enumeration(self, prefix, schema, where):
        for value in schema.get("enum", []):
            if isinstance(value, str):
                name = f"MK_{prefix.upper()}_{constant(value)}"
                if name in self.taken or self.macros.setdefault(name, value) != value:
                    self.error(where, f"the macro {name} is already taken")

    def mark_sized(self, struct):
        if not struct.sized:
            struct.sized = True
            for field in struct.fields:
                if field.kind == "STRUCT":
                    self.mark_sized(field.struct)

    # ---- the whole ----

    def check(self):
        """Works everything out; what cannot be expressed is in contract.errors then."""
        self.plans = [Plan(self, op) for op in self.operations]
        self.nexts = {}
        for plan in self.plans:
            if plan.op.list and plan.result:
                self.nexts.setdefault(plan.result.name, plan.result)
        self.results = {p.result.name: p.result for p in self.plans if p.result}
        for name in self.nexts:
            self.take(f"mk_{name}_next", self.structs[name].where)
        for name in self.results:
            self.take(f"mk_{name}_free", self.structs[name].where)
        return self


class Plan:
    """What one operation's functions look like."""
    def __init__(self, writer, op):
        self.writer, self.op, contract = writer, op, writer.contract
        self.body = self.result = None
        self.where = (op.file, op.line)
        if op.body is not None:
            if "$ref" not in op.body:
                writer.error(self.where, f"{op.id}: a body's schema needs a file of its own")
            self.body = writer.object_of(op.body, f"{op.id}_body")
            writer.mark_sized(self.body)
        self.media = [media_type for media_type, _, _ in op.representations]
        success = contract.resolve(op.node["responses"][str(op.status)])
        self.content = success.get("content", Map())
        if self.media and self.media[0] == "application/json":
            schema = self.content[self.media[0]]["schema"]
            if op.list:
                schema = contract.resolve(contract.resolve(schema)["properties"]["items"])["items"]
            if "$ref" in schema:
                self.result = writer.object_of(schema, op.id)
                self.result.description = self.result.description or f"What mk_{op.id}() answers."
            elif op.list or op.method != "get":
                writer.error(self.where, f"{op.id}: what it answers needs a schema with a file of its own")
        elif op.method != "get" and self.media:
            writer.error(self.where, f"{op.id}: an answer that is not JSON is for GET only")
        writer.take(f"mk_{op.id}", self.where)
        writer.take(f"mk_{op.id}_options", self.where)
        self.exports = []
        for media_type in self.media[1:]:
            if media_type not in SUFFIXES or op.method != "get":
                writer.error(self.where, f"{op.id}: a function for {media_type} cannot be named")
                continue
            writer.take(f"mk_{op.id}_{SUFFIXES[media_type]}", self.where)
            self.exports.append((SUFFIXES[media_type], media_type))
        self.positional, self.optional = [], []
        for node in op.parameters:
            schema = contract.resolve(node["schema"])
            kind, nullable = writer.scalar(schema, node.where("schema"))
            if nullable:
                writer.error(node.where("schema"), f"{op.id}: parameter {node['name']} cannot be null")
            writer.enumeration(f"{op.id}_{plain(node['name'])}", schema, node.where("schema"))
            name = c_name(node["name"])
            name += "_" if name in OWN and name not in ("source",) else ""
            positional = node["in"] == "path" or (node["in"] == "query" and node.get("required"))
            name += "_" if positional and name == "source" else ""
            if node["in"] == "header" and kind != "TEXT":
                writer.error(node.where("schema"), f"{op.id}: header {node['name']} must be text")
            (self.positional if positional else self.optional).append((name, kind, node, schema))
        names = [p[0] for p in self.positional + self.optional]
        if len(set(names)) != len(names):
            writer.error(self.where, f"{op.id}: two parameters have the same name")

    def parameters(self, middle, last):
        words = ["mk_client *client"] + [f"{C_TYPES[kind]}{name}" for name, kind, _, _ in self.positional] + middle
        words += [f"const struct mk_{self.op.id}_options *options"] + last + ["mk_error *error"]
        return ", ".join(words)

    def signatures(self):
        """(name, parameters, how) of each function."""
        op = self.op
        middle = [f"const struct mk_{self.body.name} *body"] if self.body else ["const mk_source *source"] if op.streams else []
        if op.list:
            last, how = ["mk_list **ret_list"], "list"
        elif self.result:
            last, how = [f"struct mk_{self.result.name} **ret_{self.result.name}"], "source" if op.streams else "result"
        elif self.media:
            last, how = ["const mk_sink *sink"], "sink"
        else:
            last, how = [], "nothing"
        result = [(f"mk_{op.id}", self.parameters(middle, last), how, self.media[0] if self.media else None)]
        for suffix, media_type in self.exports:
            result.append((f"mk_{op.id}_{suffix}", self.parameters([], ["const mk_sink *sink"]), "sink", media_type))
        return result

    def documentation(self):
        op, contract = self.op, self.writer.contract
        lines = [op.node["summary"].rstrip(".") + "."] + re.split(r"\n\s*\n|\n(?=- )", op.node.get("description", ""))
        lines += [f"{name}: {node.get('description', '')}" for name, _, node, _ in self.positional]
        roles = "Public." if not op.roles else "For every role." if op.roles == contract.roles else \
            f"For {', '.join(op.roles)}."
        lines.append(f"{op.method.upper()} {op.path}. {roles}")
        problems = op.problems + contract.generic_problems(op)
        if problems:
            lines.append("Problems: " + ", ".join(problems) + ".")
        return [line for line in lines if line.strip()]
