#!/usr/bin/python3
"""Tests of what the generator writes for the client library: the tiny contract of test_generate.py, and the real one.

SPDX-License-Identifier: MPL-2.0
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from test_generate import HEAD, NEW_THING, PROJECT, THINGS, Tiny  # noqa: E402

from contract import Contract  # noqa: E402

LIBCLIENT = os.path.join(PROJECT, "libclient")
THING_SCHEMA = "openapi/schemas/Thing.yaml"
WEIGHT = "weight: {type: number, description: Its weight.}"


def with_member(text, required=True):
    """An edit of Thing: one more member."""
    return {THING_SCHEMA: HEAD + f"type: object\nrequired: [name, weight{', more' if required else ''}]\nproperties:\n"
            f"  name: {{type: string, description: Its name.}}\n  {WEIGHT}\n  more: {text}\n"}


# name: (edits, what must be said)
MISTAKES = {
    "several types": (with_member("{type: [string, integer], description: x.}"),
                      "Thing.yaml:8: a value of type ['string', 'integer'] cannot be expressed (client library)"),
    "no type": (with_member("{description: x.}"), "Thing.yaml:8: a value of type [] cannot be expressed"),
    "a list that is null": (with_member("{type: [array, 'null'], items: {type: string}, description: x.}"),
                            "Thing.yaml:8: a list that is null or holds null cannot be expressed"),
    "a list of null": (with_member("{type: array, items: {type: [string, 'null']}, description: x.}"),
                       "a list that is null or holds null cannot be expressed"),
    "a list of lists": (with_member("{type: array, items: {type: array, items: {type: string}}, description: x.}"),
                        "a value of type ['array'] cannot be expressed"),
    "a map of null": (with_member("{type: object, additionalProperties: {type: [integer, 'null']}, description: x.}"),
                      "a map that holds null cannot be expressed"),
    "an object of anything": (with_member("{type: object, description: x.}"),
                              "struct mk_thing_more: an object without properties cannot be expressed"),
    "an object that contains itself": (with_member("{type: array, items: {$ref: Thing.yaml}, description: x.}"),
                                       "struct mk_thing contains itself"),
    "two members of one name": (with_member("{type: array, items: {type: string}, description: x.}\n"
                                            "  n_more: {type: integer, description: x.}"),
                                "struct mk_thing: member n_more stands twice"),
    "two values of one macro": (with_member("{type: string, enum: [a-b, a_b], description: x.}"),
                                "the macro MK_THING_MORE_A_B is already taken"),
    "a body without a file": ({THINGS: ("schema: {$ref: ../schemas/NewThing.yaml}",
                                        "schema: {type: object, properties: {name: {type: string, maxLength: 5, description: x.}}}"),
                               NEW_THING: None, "sql/ops/create_thing.sql": "-- create_thing: adds one.\n-- SPDX-License-Identifier: MPL-2.0\n"
                               "-- cardinality: one\n-- :name text\nINSERT INTO thing SELECT :name RETURNING name, weight\n"},
                              "create_thing: a body's schema needs a file of its own"),
    "items without a file": ({THINGS: ("items: {$ref: ../schemas/Thing.yaml}",
                                       "items: {type: object, properties: {name: {type: string, description: x.}}}")},
                             "list_things: what it answers needs a schema with a file of its own"),
    "a list as parameter": ({THINGS: ("schema: {type: string, enum: [red, blue]}",
                                      "style: form, explode: false, schema: {type: array, maxItems: 2, items: {type: string, enum: [red]}}"),
                             "sql/ops/list_things.sql": (":colour text", ":colour text[]"),
                             "sql/ops/list_things.csv.sql": (":colour text", ":colour text[]")},
                            "things.yaml:10: a value of type ['array'] cannot be expressed"),
    "a name of the library's own": ({"openapi/schemas/List.yaml": HEAD + "type: object\nrequired: [a]\nproperties:\n  a: {type: string, description: x.}\n",
                                     **with_member("{$ref: List.yaml}")},
                                    "the name mk_list is already taken"),
}


class TheClient(unittest.TestCase):
    def generate(self, tiny, *options):
        return subprocess.run([os.path.join(PROJECT, "openapi", "generate.py"), "--root", tiny.root, *options], capture_output=True, text=True)

    def written(self, tiny):
        """The header's text."""
        os.makedirs(os.path.join(tiny.root, "libclient"), exist_ok=True)
        with open(os.path.join(LIBCLIENT, "medkoord.h"), encoding="utf-8") as f:
            tiny.write("libclient/medkoord.h", f.read())
        out = os.path.join(tiny.root, "client")
        result = self.generate(tiny, "--client", "--out", out)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(os.path.join(out, "medkoord_ops.h"), encoding="utf-8") as f:
            return f.read()

    def test_what_cannot_be_expressed_is_named(self):
        for name, (edits, message) in MISTAKES.items():
            with self.subTest(name), Tiny(edits) as tiny:
                with open(os.path.join(LIBCLIENT, "medkoord.h"), encoding="utf-8") as f:
                    tiny.write("libclient/medkoord.h", f.read())
                result = self.generate(tiny, "--check")
                self.assertEqual(result.returncode, 1)
                self.assertIn(message, result.stderr)

    def test_the_header_says_what_the_contract_says(self):
        with Tiny() as tiny:
            text = re.sub(r"\s+", " ", re.sub(r" */\*.*?\*/", "", self.written(tiny), flags=re.S))
        for part in (
                "struct mk_thing { const char *name; const char *weight; };",
                "struct mk_new_thing { size_t size; const char *name; const char *month; const int64_t *size_; const char *weight; "
                "size_t n_parts; const char *const *parts; };",
                "struct mk_list_things_options { size_t size; const char *colour; const int64_t *limit; const char *cursor; };",
                '#define MK_LIST_THINGS_COLOUR_RED "red"',
                "MK_API void mk_thing_free(struct mk_thing *);",
                "MK_API int mk_thing_next(mk_list *, struct mk_thing **ret_thing, mk_error *);",
                "MK_API int mk_list_things(mk_client *client, const struct mk_list_things_options *options, mk_list **ret_list, mk_error *error);",
                "MK_API int mk_list_things_csv(mk_client *client, const struct mk_list_things_options *options, const mk_sink *sink, mk_error *error);",
                "MK_API int mk_create_thing(mk_client *client, const struct mk_new_thing *body, const struct mk_create_thing_options *options, "
                "struct mk_thing **ret_thing, mk_error *error);",
                "struct mk_create_thing_options { size_t size; const char *idempotency_key; };",
                "MK_API int mk_get_thing(mk_client *client, const char *thing, const struct mk_get_thing_options *options, struct mk_thing **ret_thing, "
                "mk_error *error);",
                "MK_API int mk_delete_thing(mk_client *client, const char *thing, const struct mk_delete_thing_options *options, mk_error *error);"):
            self.assertIn(part, text)

    def test_maps_words_and_what_may_be_missing(self):
        with Tiny(with_member("{type: [object, 'null'], additionalProperties: {type: integer}, description: x.}\n"
                              "  class: {type: string, enum: [one, -two, 3 or 4], description: x.}\n"
                              "  late: {type: [boolean, 'null'], description: x.}\n"
                              "  inner: {type: object, description: x., required: [n], properties: {n: {type: integer, description: x.}}}\n"
                              "  texts: {type: object, description: x., additionalProperties: {type: object, required: [da], properties: "
                              "{da: {type: string, description: x.}}}}")) as tiny:
            text = re.sub(r"\s+", " ", re.sub(r" */\*.*?\*/", "", self.written(tiny), flags=re.S))
        for part in ("struct mk_named_integer { const char *name; int64_t value; };",
                     "size_t n_more; const struct mk_named_integer *more; const char *class_; const bool *late; const struct mk_thing_inner *inner; "
                     "size_t n_texts; const struct mk_named_thing_texts *texts; };",
                     "struct mk_thing_inner { int64_t n; };",
                     "struct mk_named_thing_texts { const char *name; const struct mk_thing_texts *value; };",
                     '#define MK_THING_CLASS_ONE "one"', '#define MK_THING_CLASS_TWO_DESCENDING "-two"', '#define MK_THING_CLASS_3_OR_4 "3 or 4"'):
            self.assertIn(part, text)

    def test_everything_compiles_without_a_warning(self):
        with Tiny({THINGS: ("description: All things (ting).", "description: 'Things, */ /* \"what\" ?? \\ æ'")}) as tiny:
            self.written(tiny)
            out = os.path.join(tiny.root, "client")
            flags = ["-Wall", "-Wextra", "-Werror", "-I", LIBCLIENT, "-I", out, "-fsyntax-only"]
            push = "struct mk_new_consumption_delivery;\nstruct mk_consumption_delivery_report;\n"
            tiny.write("client/all.c", push + "#include \"client_ops.c\"\n")
            tiny.write("client/use.c", push + "#include <medkoord.h>\nint main(void) { return MK_OK; }\n")
            for compiler in (["cc", "-std=gnu11", "-D_GNU_SOURCE", "all.c"], ["cc", "-std=c11", "-pedantic", "use.c"],
                             ["cc", "-std=c17", "-pedantic", "use.c"], ["c++", "-std=c++17", "-pedantic", "-x", "c++", "use.c"]):
                result = subprocess.run([*compiler[:-1], *flags, os.path.join(out, compiler[-1])], capture_output=True, text=True)
                self.assertEqual(result.returncode, 0, result.stderr)

    def test_files_that_say_it_already_are_left_alone(self):
        with Tiny() as tiny:
            self.written(tiny)
            file = os.path.join(tiny.root, "client", "client_ops.c")
            os.utime(file, ns=(0, 0))
            depfile = os.path.join(tiny.root, "d")
            out = os.path.join(tiny.root, "client")
            self.assertEqual(self.generate(tiny, "--client", "--out", out, "--depfile", depfile).returncode, 0)
            self.assertEqual(os.stat(file).st_mtime_ns, 0)
            with open(depfile, encoding="utf-8") as f:
                target, rest = f.read().split(":", 1)
            self.assertEqual(target, os.path.join(out, "medkoord_ops.h"))
            self.assertIn(os.path.join(tiny.root, THINGS), rest)
            self.assertIn(os.path.join(tiny.root, "libclient/medkoord.h"), rest)

    def test_every_operation_of_the_contract_has_its_functions(self):
        with tempfile.TemporaryDirectory() as out:
            subprocess.run([os.path.join(PROJECT, "openapi", "generate.py"), "--client", "--out", out], check=True)
            with open(os.path.join(out, "medkoord_ops.h"), encoding="utf-8") as f:
                declared = set(re.findall(r"^MK_API int mk_(\w+)\(mk_client", f.read(), re.M))
        operations = Contract(PROJECT).check().operations
        suffixes = {"text/csv": "csv", "image/svg+xml": "svg", "text/html": "html", "text/calendar": "ics"}
        exports = {f"{o.id}_{suffixes[m]}" for o in operations for m, _, _ in o.representations[1:]}
        self.assertEqual(declared, {o.id for o in operations} | exports)
        self.assertGreater(len(operations), 30)


if __name__ == "__main__":
    unittest.main()
