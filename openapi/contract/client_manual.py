"""Manual pages of the client library's functions: one page for each group of operations, mk_<tag>(3), in mdoc.

SPDX-License-Identifier: MPL-2.0
"""
import datetime
import os
import re


def escape(text):
    """Text of a line: what mdoc would take for its own is escaped."""
    text = " ".join(str(text).split()).replace("\\", "\\e").replace("-", "\\-")
    text = "".join(c if ord(c) < 128 else f"\\[u{ord(c):04X}]" for c in text)
    return "\\&" + text if text[:1] in (".", "'") else text


def page_date():
    """The day of the page: that of the sources, so that the same tree makes the same page."""
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", 0))
    day = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc) if epoch else datetime.datetime.now(datetime.timezone.utc)
    return f"{day:%B} {day.day}, {day.year}"


def sentences(text):
    """mdoc wants each sentence on a line of its own."""
    return [escape(s) for s in re.split(r"(?<=[.:])\s+(?=[A-Z])", " ".join(str(text).split())) if s]


def function(out, name, parameters):
    out += [".Ft int", f".Fo {name}"] + [f'.Fa "{p}"' for p in parameters.split(", ")] + [".Fc"]


def manuals(writer):
    """{file name: content}"""
    groups = {}
    for plan in writer.plans:
        groups.setdefault(plan.op.node["tags"][0], []).append(plan)
    about = {tag["name"]: tag["description"] for tag in writer.contract.openapi["tags"]}
    result = {}
    for tag, plans in groups.items():
        page = f"mk_{tag}"
        results = sorted({p.result.name for p in plans if p.result})
        nexts = sorted({p.result.name for p in plans if p.result and p.op.list})
        names = [signature[0] for p in plans for signature in p.signatures()]
        names += [f"mk_{name}_next" for name in nexts] + [f"mk_{name}_free" for name in results]
        out = ['.\\" SPDX-License-Identifier: MPL-2.0', f".Dd {page_date()}", f".Dt {page.upper()} 3", ".Os medkoord", ".Sh NAME"]
        out += [f".Nm {name} ," for name in [page] + names[:-1]] + [f".Nm {names[-1]}", f".Nd {escape(about[tag].rstrip('.'))}"]
        out += [".Sh LIBRARY", "medkoord client library (libmedkoord, \\-lmedkoord)", ".Sh SYNOPSIS", ".In medkoord.h"]
        for plan in plans:
            for name, parameters, _, _ in plan.signatures():
                function(out, name, parameters)
        for name in nexts:
            function(out, f"mk_{name}_next", f"mk_list *list, struct mk_{name} **ret_{name}, mk_error *error")
        for name in results:
            out += [".Ft void", f'.Fn mk_{name}_free "struct mk_{name} *{name}"']
        out += [".Sh DESCRIPTION"]
        for plan in plans:
            for place, (name, _, _, media_type) in enumerate(plan.signatures()):
                out += [f".Ss {name}"]
                if place:
                    out += sentences(f"The same as {media_type}, all of it in one stream.")
                    continue
                for paragraph in plan.documentation():
                    out += sentences(paragraph) + [".Pp"]
                out += describe_options(plan)
                while out[-1] == ".Pp":
                    out.pop()
        structs = {}
        for plan in plans:
            reach(plan.body, structs)
            reach(plan.result, structs)
        for struct in structs.values():
            out += describe_struct(struct)
        out += [".Sh SEE ALSO", ".Xr libmedkoord 3 ,", ".Xr mk_error 3 ,", ".Xr mk_list 3 ,", ".Xr mk_result 3"]
        result[f"{page}.3"] = "\n".join(out) + "\n"
    return result


def reach(struct, found):
    """What a struct is made of, after it."""
    if struct is None or struct.name in found:
        return
    found[struct.name] = struct
    for field in struct.fields:
        reach(field.struct, found)


def describe_struct(struct):
    out = [f".Ss struct mk_{struct.name}"] + sentences(struct.description) + [".Bl -tag -width Ds"]
    if struct.sized:
        out += ['.It Vt "size_t size"', "Its own size."]
    for field in struct.fields:
        *counts, last = [line.strip().rstrip(";") for line in field.declaration().splitlines()]
        out += [f'.It Vt "{"; ".join([*counts, last])}"'] + (sentences(field.description or "") or ["\\&"])
        if field.values:
            out += [escape(f"One of: {', '.join(field.values)}.")]
    return out + [".El"]


def describe_options(plan):
    if not plan.optional:
        return []
    out = ["Options:", ".Bl -tag -width Ds"]
    for name, _, node, schema in plan.optional:
        out += [f".It Fa {name}"] + (sentences(node.get("description", "")) or ["."])
        words = [str(v) for v in schema.get("enum", [])]
        if words:
            out += [escape(f"One of: {', '.join(words)}.")]
    return out + [".El"]
