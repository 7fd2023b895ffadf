"""The generated functions of libmedkoord by ctypes: structs and prototypes as the contract says they are, laid out by ctypes.
SPDX-License-Identifier: MPL-2.0
"""
import ctypes
import json
import sys
from ctypes import POINTER, Structure, byref, c_bool, c_char_p, c_int, c_int64, c_size_t, c_void_p, pointer

import libmedkoord
from libmedkoord import END, OK, Error, Handle, Sink, Source, library

sys.path.insert(0, str(libmedkoord.ROOT / "openapi"))
from contract import Contract  # noqa: E402
from contract.client import ClientWriter  # noqa: E402

VALUES = {"TEXT": c_char_p, "DECIMAL": c_char_p, "INTEGER": c_int64, "BOOLEAN": c_bool}


def exactly(text):
    """JSON with its numbers as they are written."""
    def number(digits):
        return "number", digits
    return json.loads(text, parse_int=number, parse_float=number)


class Types:
    """Every struct of the header as a class of ctypes."""

    def __init__(self):
        contract = Contract(str(libmedkoord.ROOT)).check()
        self.writer = ClientWriter(contract).check()
        assert not contract.errors
        self.classes = {}
        for name, struct in self.writer.structs.items():
            fields = [("size", c_size_t)] if struct.sized else []
            for field in struct.fields:
                fields += self.members(field)
            self.classes[name] = type(name, (Structure,), {"_fields_": fields})
        self.plans = {plan.op.id: plan for plan in self.writer.plans}
        self.functions = {name: (plan, how) for plan in self.writer.plans for name, _, how, _ in plan.signatures()}

    def one(self, field):
        return POINTER(self.classes[field.struct.name]) if field.kind == "STRUCT" else VALUES[field.kind]

    def named(self, field):
        return type("Named", (Structure,), {"_fields_": [("name", c_char_p), ("value", self.one(field))]})

    def members(self, field):
        if field.shape in ("MANY", "MAP"):
            element = self.named(field) if field.shape == "MAP" else self.one(field)
            return [(f"n_{field.c_name}", c_size_t), (field.c_name, POINTER(element))]
        if field.shape == "MAYBE" and field.kind in ("INTEGER", "BOOLEAN"):
            return [(field.c_name, POINTER(VALUES[field.kind]))]
        return [(field.c_name, self.one(field))]

    # ---- structs to JSON ----

    def read_value(self, field, value):
        if field.kind == "STRUCT":
            return self.read(field.struct, value.contents)
        if field.kind == "TEXT":
            return value.decode()
        return value if field.kind == "BOOLEAN" else ("number", value.decode() if field.kind == "DECIMAL" else str(value))

    def read(self, struct, instance):
        result = {}
        assert not struct.sized or instance.size == ctypes.sizeof(instance)
        for field in struct.fields:
            value = getattr(instance, field.c_name)
            n = getattr(instance, f"n_{field.c_name}", 0)
            if value is None or (not isinstance(value, (bytes, int)) and not value):
                assert n == 0
                if field.required:
                    result[field.name] = None
            elif field.shape == "MANY":
                result[field.name] = [self.read_value(field, value[i]) for i in range(n)]
            elif field.shape == "MAP":
                result[field.name] = {value[i].name.decode(): self.read_value(field, value[i].value) for i in range(n)}
            elif field.shape == "MAYBE" and field.kind in ("INTEGER", "BOOLEAN"):
                result[field.name] = self.read_value(field, value[0])
            else:
                result[field.name] = self.read_value(field, value)
        return result

    def expected(self, struct, value):
        """What of a JSON object a struct holds: members it knows; one that is optional and null is the same as a missing one."""
        def inner(field, value):
            if field.kind != "STRUCT" or value is None:
                return value
            if field.shape == "MANY":
                return [self.expected(field.struct, v) for v in value]
            if field.shape == "MAP":
                return {k: self.expected(field.struct, v) for k, v in value.items()}
            return self.expected(field.struct, value)
        return {f.name: inner(f, value[f.name]) for f in struct.fields
                if f.name in value and (f.required or value[f.name] is not None)}

    # ---- JSON to structs ----

    def build_value(self, field, value, kept):
        if field.kind == "STRUCT":
            return pointer(self.build(field.struct, value, kept))
        return value if field.kind in ("INTEGER", "BOOLEAN") else str(value).encode()

    def build(self, struct, value, kept):
        """A struct as a caller fills it; `kept` holds what it points to."""
        instance = self.classes[struct.name]()
        kept.append(instance)
        if struct.sized:
            instance.size = ctypes.sizeof(instance)
        for field in struct.fields:
            if value.get(field.name) is None:
                continue
            given = value[field.name]
            if field.shape == "MANY":
                elements = (self.one(field) * len(given))(*[self.build_value(field, v, kept) for v in given])
                kept.append(elements)
                setattr(instance, f"n_{field.c_name}", len(given))
                setattr(instance, field.c_name, ctypes.cast(elements, POINTER(self.one(field))))
            elif field.shape == "MAYBE" and field.kind in ("INTEGER", "BOOLEAN"):
                setattr(instance, field.c_name, pointer(VALUES[field.kind](given)))
            else:
                setattr(instance, field.c_name, self.build_value(field, given, kept))
        return instance


class Failure(Exception):
    def __init__(self, code, error):
        self.code, self.status, self.problem, self.text = code, error.status, error.problem.decode(), error.text
        self.pointers, self.json = error.pointers, error.json
        self.request_id = error.request_id.decode()
        super().__init__(f"{code}: {self.text}")
        error.clear()


class Result(dict):
    """What a struct held; `json` is what it came from."""
    json = etag = None
    replayed = False


class Caller:
    """One handle and its functions. What is called stands in `called`."""
    called = set()

    def __init__(self, types, url, token=None, **options):
        self.types, self.handle = types, Handle(url, token, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.handle.__exit__()

    def options_of(self, plan, given, kept):
        fields = [("size", c_size_t)]
        for name, kind, _, _ in plan.optional:
            fields.append((name, c_char_p if kind in ("TEXT", "DECIMAL") else POINTER(VALUES[kind])))
        kind = type("Given", (Structure,), {"_fields_": fields})
        options = kind(size=ctypes.sizeof(kind))
        for name, value in given.items():
            setattr(options, name, value.encode() if isinstance(value, str) else pointer(dict(fields)[name]._type_(value)))
        kept.append(options)
        return byref(options)

    def call(self, name, /, *positional, body=None, content=None, sink=None, raw_body=None, **options):
        """Result, list of Results, or the sink's content."""
        plan, how = self.types.functions["mk_" + name]
        function, kept, error = getattr(library(), "mk_" + name), [], Error()
        words, kinds = [self.handle.client], [c_void_p]
        for value, (_, kind, _, _) in zip(positional, plan.positional, strict=True):
            words.append(value.encode() if isinstance(value, str) else value)
            kinds.append(VALUES[kind])
        if plan.body and how == "result":
            words.append(byref(self.types.build(plan.body, body, kept)) if body is not None else raw_body)
            kinds.append(c_void_p)
        if how == "source":
            words.append(byref(content))
            kinds.append(c_void_p)
        words.append(self.options_of(plan, options, kept) if options else None)
        kinds.append(c_void_p)
        result, sink = c_void_p(), sink or Sink()
        if how != "nothing":
            words.append(byref(sink) if how == "sink" else byref(result))
            kinds.append(c_void_p)
        function.argtypes, function.restype = kinds + [POINTER(Error)], c_int
        code = function(*words, byref(error))
        if code != OK:
            assert not result, "what is given out is untouched on failure"
            raise Failure(code, error)
        Caller.called.add("mk_" + name)
        if how == "nothing":
            return None
        if how == "sink":
            return sink.content
        return self.items(plan, result) if how == "list" else self.take(plan.result, result)

    def take(self, struct, result):
        """Reads a result, holds it against the JSON it came from, and frees it."""
        n = c_size_t()
        raw = ctypes.string_at(library().mk_result_json(result, byref(n)), n.value)
        value = Result(self.types.read(struct, ctypes.cast(result, POINTER(self.types.classes[struct.name])).contents))
        assert value == self.types.expected(struct, exactly(raw)), struct.name
        value.json = json.loads(raw)
        etag = library().mk_result_etag(result)
        value.etag, value.replayed = etag and etag.decode(), library().mk_result_replayed(result)
        assert library().mk_result_request_id(result)
        free = getattr(library(), f"mk_{struct.name}_free")
        free.argtypes, free.restype = [c_void_p], None
        free(result)
        Caller.called.add(f"mk_{struct.name}_free")
        return value

    def items(self, plan, listed):
        following = getattr(library(), f"mk_{plan.result.name}_next")
        following.argtypes, following.restype = [c_void_p, c_void_p, POINTER(Error)], c_int
        found, error = [], Error()
        try:
            while True:
                item = c_void_p()
                code = following(listed, byref(item), byref(error))
                if code == END:
                    break
                if code != OK:
                    raise Failure(code, error)
                found.append(self.take(plan.result, item))
            assert following(listed, byref(item), byref(error)) == END, "an ended list stays ended"
            Caller.called.add(f"mk_{plan.result.name}_next")
            total = library().mk_list_total(listed)
            assert total in (-1, len(found))
            return found
        finally:
            library().mk_list_destroy(listed)


__all__ = ["Caller", "Failure", "Sink", "Source", "Types", "exactly"]
