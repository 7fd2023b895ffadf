"""medkoord_ops.h: the client library's structs and functions, with what the contract says of them.

SPDX-License-Identifier: MPL-2.0
"""
import re
import textwrap

from .client import C_TYPES, Field, constant, plain
from .tables import BANNER, c_string

WIDTH = 120


def comment(paragraphs, indent=""):
    """A C comment of paragraphs, wrapped."""
    lines = []
    for paragraph in paragraphs:
        text = " ".join(str(paragraph).split()).replace("*/", "* /").replace("/*", "/ *")
        lines += textwrap.wrap(text, WIDTH - len(indent) - 6, break_long_words=False, break_on_hyphens=False)
    return f"{indent}/* " + f"\n{indent} * ".join(lines) + " */"


def header(writer):
    """medkoord_ops.h"""
    out = [comment(["The operations of medkoord's contract as functions, and what they take and answer as structs. Included by "
                    "medkoord.h.", BANNER, "SPDX-License-Identifier: MPL-2.0"]),
           "#ifndef MEDKOORD_OPS_H\n#define MEDKOORD_OPS_H\n\n#include \"medkoord.h\"\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n",
           comment(["---- what answers and bodies are made of ----",
                    "A member that can be missing or null is a pointer, NULL then. Of a list `n_x` says how many `x` has. What can "
                    "only be one of some words is text all the same, as a newer server may know more of them: the words known "
                    "today are macros. Structs that can be sent begin with their size, as others that a caller fills: start from "
                    "`{.size = sizeof(struct mk_...)}`."])]
    emitted = set()
    for struct in writer.structs.values():
        out.append("")
        for name in writer.named:
            if name in C_NAMED and name not in emitted and any(f.shape == "MAP" and f.kind.lower() == name for f in struct.fields):
                emitted.add(name)
                out.append(named_struct(name, writer.named[name]))
        out.append(comment([struct.description]))
        lines = [f"struct mk_{struct.name} {{"] + (["    size_t size;"] if struct.sized else [])
        for field in struct.fields:
            if field.description:
                lines.append(comment([field.description], "    "))
            lines.append("    " + field.declaration())
        out.append("\n".join(lines) + "\n};")
        for field in struct.fields:
            out += macros(f"{struct.name}_{plain(field.name)}", field.values)
        if struct.name in writer.named:
            out.append(named_struct(struct.name, writer.named[struct.name]))
        if struct.name in writer.results:
            out.append(f"MK_API void mk_{struct.name}_free(struct mk_{struct.name} *);")
        if struct.name in writer.nexts:
            out.append(comment(["The next item of a list of these; MK_END after the last."]))
            out.append(wrap_c(f"MK_API int mk_{struct.name}_next(mk_list *, struct mk_{struct.name} **ret_{struct.name}, mk_error *);"))
    tag = None
    for plan in writer.plans:
        if plan.op.node["tags"][0] != tag:
            tag = plan.op.node["tags"][0]
            out.append(f"\n/* ---- {tag} ---- */")
        out.append("")
        lines = [f"struct mk_{plan.op.id}_options {{", "    size_t size;"]
        for name, kind, node, _ in plan.optional:
            lines.append(comment([node.get("description", "")], "    "))
            lines.append("    " + Field(name, kind, "MAYBE", False).declaration())
        out.append("\n".join(lines) + "\n};")
        for name, _, node, schema in plan.positional + plan.optional:
            out += macros(f"{plan.op.id}_{plain(node['name'])}", schema.get("enum", []))
        for place, (name, parameters, how, media_type) in enumerate(plan.signatures()):
            out.append(comment(plan.documentation() if place == 0 else [f"The same as {media_type}, all of it in one stream."]))
            out.append(wrap_c(f"MK_API int {name}({parameters});"))
    out.append("\n#ifdef __cplusplus\n}\n#endif\n#endif\n")
    return "\n".join(out)


C_NAMED = {kind.lower() for kind in C_TYPES}


def named_struct(name, value):
    return (comment(["A member of an object that can have any. It never grows."])
            + f"\nstruct mk_named_{name} {{\n    const char *name;\n    {value}\n}};")


def macros(prefix, values):
    return [f"#define MK_{prefix.upper()}_{constant(v)} {c_string(v)}" for v in values if isinstance(v, str)]


def wrap_c(text):
    """A declaration, wrapped behind commas."""
    lines = [""]
    for word in re.split(r"(?<=,) ", text):
        if len(lines[-1]) + 1 + len(word) > WIDTH and lines[-1]:
            lines.append("    " + word)
        else:
            lines[-1] += (" " if lines[-1] else "") + word
    return "\n".join(lines)
