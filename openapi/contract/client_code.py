"""client_ops.c: the tables and functions behind medkoord_ops.h.

SPDX-License-Identifier: MPL-2.0
"""
import json

from .client_header import comment, wrap_c
from .schemas import schema_types
from .tables import BANNER, LITERAL_LIMIT, c_bytes, c_string, yes
from .yaml_file import Map

HEAD = """#include "internal.h"

/* A member of options that may be shorter than ours, from a program built with an older header. */
#define OPTION(member)                                                                                                   \\
    (options != NULL && options->size >= offsetof(__typeof__(*options), member) + sizeof options->member ? options->member : NULL)
"""


def text_or_null(value):
    return "NULL" if value is None else c_string(value)


def example_text(value):
    return None if value is None else yes(value) if isinstance(value, bool) else str(value)


class CodeWriter:
    def __init__(self, writer):
        self.writer = writer
        self.lines = [comment(["The operations of the contract: their tables and functions.", BANNER,
                               "SPDX-License-Identifier: MPL-2.0"]), HEAD]
        self.lists = {}

    def add(self, text):
        self.lines.append(text)

    def long_text(self, name, content):
        if content is None or len(content.encode()) <= LITERAL_LIMIT:
            return text_or_null(content)
        self.add(f"static const char {name}[] = {c_bytes(content.encode())};")
        return name

    def string_list(self, values):
        key = tuple(values)
        if key not in self.lists:
            self.lists[key] = f"texts_{len(self.lists)}"
            words = "".join(f"{c_string(v)}, " for v in values)
            self.add(f"static const char *const {self.lists[key]}[] = {{{words}NULL}};")
        return self.lists[key]

    # ---- types ----

    def type(self, struct):
        name = f"mk_{struct.name}"
        rows = []
        for field in struct.fields:
            counted = f"offsetof(struct {name}, n_{field.c_name})" if field.shape in ("MANY", "MAP") else "0"
            of = f"&type_{field.struct.name}" if field.struct else "NULL"
            rows.append(f"    {{{c_string(field.name)}, MK_{field.kind}, MK_{field.shape}, {yes(field.required)}, "
                        f"{yes(field.nullable)}, "
                        f"offsetof(struct {name}, {field.c_name}), {counted}, {of}}}")
        self.add(f"static const struct mk_field fields_{struct.name}[] = {{\n" + ",\n".join(rows) + "};")
        self.add(f"static const struct mk_type type_{struct.name} = {{{c_string(struct.name)}, sizeof(struct {name}), "
                 f"{yes(struct.sized)}, {len(rows)}, fields_{struct.name}}};\n")

    # ---- operations ----

    def parameters(self, plan, index):
        names = []
        for place, node in enumerate(plan.op.parameters):
            schema = self.writer.contract.resolve(node["schema"])
            form = schema.get("format")
            values = [v for v in schema.get("enum", []) if v is not None]
            listed = self.string_list(values) if values else "NULL"
            name = f"parameter_{index}_{place}"
            self.add(f"static const mk_parameter {name} = {{{c_string(node['name'])}, {c_string(node['in'])}, "
                     f"{c_string(schema_types(schema)[0])}, {text_or_null(form)}, "
                     f"{text_or_null(node.get('description'))}, {text_or_null(example_text(node.get('example')))}, {listed}, "
                     f"{yes(node.get('required'))}}};")
            names.append("&" + name)
        self.add(f"static const mk_parameter *const parameters_{index}[] = {{{''.join(n + ', ' for n in names)}NULL}};")

    def operation(self, plan, index):
        op, body = plan.op, plan.op.node.get("requestBody", Map())
        content = body.get("content", Map())
        example = next((self.writer.contract.example(m) for m in content.values()), None)
        self.parameters(plan, index)
        if op.streams:
            example = None
        description = self.long_text(f"description_{index}", op.node.get("description"))
        example = self.long_text(f"example_{index}", None if example is None else json.dumps(example, ensure_ascii=False))
        fields = [
            f"name = {c_string(op.id)}", f"tag = {c_string(op.node['tags'][0])}", f"method = {c_string(op.method.upper())}",
            f"path = {c_string(op.path)}", f"summary = {c_string(op.node['summary'])}", f"description = {description}",
            f"parameters = parameters_{index}", f"consumes = {self.string_list(list(content))}",
            f"produces = {self.string_list(plan.media)}",
            f"body_type = {text_or_null(plan.body and plan.body.name)}",
            f"result_type = {text_or_null(plan.result and plan.result.name)}", f"body_example = {example}",
            f"is_list = {yes(op.list)}", f"streams = {yes(op.streams)}",
            f"keyed = {yes(op.parameter('header', 'Idempotency-Key'))}", f"authorized = {yes(op.roles)}"]
        self.add(f"static const mk_operation operation_{index} = {{." + ",\n    .".join(fields) + "};\n")

    def largest_page(self, plan):
        """What `limit` of a list can be at most, as text."""
        limit = plan.op.parameter("query", "limit") if plan.op.list else None
        most = None if limit is None else self.writer.contract.resolve(limit["schema"]).get("maximum")
        return None if most is None else str(most)

    def tables(self):
        for struct in self.writer.structs.values():
            self.type(struct)
        plans = self.writer.plans
        for index, plan in enumerate(plans):
            self.operation(plan, index)
        rows = ",\n    ".join(f"&operation_{i}" for i in range(len(plans)))
        self.add(f"const mk_operation *const mk_all_operations[] = {{\n    {rows},\n    NULL}};\n")
        rows = ",\n    ".join("{" + ", ".join([f"&type_{s.name}" if s else "NULL" for s in (p.body, p.result)] +
                                            [text_or_null(self.largest_page(p))]) + "}" for p in plans)
        self.add(f"static const struct mk_operation_types operation_types[] = {{\n    {rows}}};\n")
        self.add("const struct mk_operation_types *mk_operation_types(const mk_operation *operation) {\n"
                 "    for (size_t i = 0; mk_all_operations[i] != NULL; i++)\n"
                 "        if (mk_all_operations[i] == operation)\n"
                 "            return &operation_types[i];\n"
                 "    return NULL;\n}\n")

    # ---- functions ----

    def arguments(self, plan):
        """The lines that make the arguments, and how to name them in the call."""
        rows, lines = [], []
        for name, kind, node, _ in plan.positional + plan.optional:
            positional = any(name == p[0] for p in plan.positional)
            value = name if positional else f"OPTION({name})"
            if kind in ("INTEGER", "BOOLEAN"):
                lines.append(f"    char {name}_text[24];")
                pointer = f"&{name}" if positional else value
                value = f"mk_{kind.lower()}_text({name}_text, {pointer})"
            rows.append(f"{{{c_string(node['name'])}, {value}}}")
        if not rows:
            return [], "NULL, 0"
        lines.append("    const mk_argument arguments[] = {" + ",\n                                     ".join(rows) + "};")
        return lines, f"arguments, {len(rows)}"

    def function(self, plan, index, name, parameters, how, media_type):
        call = {"result": "mk_call_result", "source": "mk_call_source", "list": "mk_call_list", "sink": "mk_call_sink", "nothing": "mk_call_result"}[how]
        lines, arguments = self.arguments(plan)
        out = [wrap_c(f"int {name}({parameters}) {{"),
               "    if (!mk_struct_is_good(options, sizeof *options))",
               "        return mk_fail_options(error);"]
        out += lines
        first = f"client, &operation_{index}, {arguments}"
        if how == "sink":
            out.append(f"    return {call}({first}, {c_string(media_type)}, sink, error);")
        elif how == "nothing":
            out.append(f"    return {call}({first}, {'body' if plan.body else 'NULL'}, NULL, error);")
        elif how == "list":
            out.append(f"    return {call}({first}, ret_list, error);")
        else:
            given = "source, NULL" if how == "source" else "body" if plan.body else "NULL"
            out += ["    void *result;",
                    f"    int code = {call}({first}, {given}, ret_{plan.result.name} == NULL ? NULL : &result, error);",
                    "    if (code == MK_OK)",
                    f"        *ret_{plan.result.name} = result;",
                    "    return code;"]
        self.add("\n".join(out) + "\n}\n")

    def functions(self):
        for name in self.writer.results:
            self.add(f"void mk_{name}_free(struct mk_{name} *{name}) {{\n    mk_result_free({name});\n}}\n")
        for name in self.writer.nexts:
            self.add(wrap_c(f"int mk_{name}_next(mk_list *list, struct mk_{name} **ret_{name}, mk_error *error) {{") + f"""
    void *item;
    int code = mk_list_item(list, &type_{name}, ret_{name} == NULL ? NULL : &item, error);
    if (code == MK_OK)
        *ret_{name} = item;
    return code;
}}
""")
        for index, plan in enumerate(self.writer.plans):
            for name, parameters, how, media_type in plan.signatures():
                self.function(plan, index, name, parameters, how, media_type)


def client_ops_c(writer):
    code = CodeWriter(writer)
    code.tables()
    code.functions()
    return "\n".join(code.lines)
