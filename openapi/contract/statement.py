"""Reads one statement of sql/ops: header comment, named parameters, and the text with $1..$n.

SPDX-License-Identifier: MPL-2.0
"""
import re

CARDINALITIES = ("none", "one", "many")
# What cannot hold a parameter (strings, identifiers, comments, casts, assignments), then a parameter itself.
TOKENS = re.compile(r"""
    (?P<escape>\b[eE]'(?:[^'\\]|\\.|'')*')
  | (?P<string>'(?:[^']|'')*')
  | (?P<identifier>"(?:[^"]|"")*")
  | (?P<dollar>\$(?P<tag>[A-Za-z_]\w*)?\$.*?\$(?(tag)(?P=tag))\$)
  | (?P<comment>--[^\n]*)
  | (?P<block>/\*)
  | (?P<cast>::|:=)
  | (?P<number>\$\d+)
  | (?P<end>;)
  | :(?P<name>[a-z_][a-z0-9_]*)
""", re.VERBOSE | re.DOTALL)


class SqlError(Exception):
    """A statement that cannot be read; the text is `file:line: what`."""


class Parameter:
    """A declared parameter; binding is filled in when it is held against its operation."""
    def __init__(self, name, kind, where):
        self.name, self.type, self.where, self.binding = name, kind, where, None


def end_of_block_comment(text, start):
    """PostgreSQL's block comments nest."""
    depth, i = 0, start
    while i < len(text):
        if text.startswith("/*", i):
            depth, i = depth + 1, i + 2
        elif text.startswith("*/", i):
            depth, i = depth - 1, i + 2
            if depth == 0:
                return i
        else:
            i += 1
    return len(text)


class Statement:
    """Cardinality, parameters in the order of the header, and sql with $n in their places. bare is the same with NULL for
    what may be absent (absent, by name); None when nothing may be."""
    def __init__(self, name, file, text):
        self.name, self.file, self.text = name, file, text
        self.cardinality, self.parameters = None, []
        self.bare, self.absent = None, set()
        self.body_line = self.read_header(text.split("\n"))
        self.sql = self.number_parameters(text.split("\n"), self.body_line)

    def fail(self, line, message):
        raise SqlError(f"{self.file}:{line}: {message}")

    def read_header(self, lines):
        at = 0
        for at, line in enumerate(lines):
            if line.strip() and not line.startswith("--"):
                break
            if at == 0:
                operation = self.name.split(".")[0]
                if not re.match(rf"-- {operation}\b[^:]*: \S", line):
                    self.fail(1, f"the first line must be `-- {operation}: what it does`")
            declared = re.match(r"--\s*cardinality:\s*(\S*)\s*$", line)
            if declared:
                if declared[1] not in CARDINALITIES:
                    self.fail(at + 1, f"cardinality is one of {', '.join(CARDINALITIES)}")
                self.cardinality = declared[1]
            if re.match(r"--\s*:", line):
                match = re.match(r"--\s*:([a-z_][a-z0-9_]*)\s+([a-z0-9]+(?:\[\])?)\s*(?:--.*|\(.*\))?$", line)
                if not match:
                    self.fail(at + 1, "a parameter is declared as `-- :name type`")
                if any(p.name == match[1] for p in self.parameters):
                    self.fail(at + 1, f":{match[1]} is declared twice")
                self.parameters.append(Parameter(match[1], match[2], (self.file, at + 1)))
        if self.cardinality is None:
            self.fail(1, "the header has no `-- cardinality:`")
        return at

    def make_bare(self, absent):
        if absent:
            self.absent = absent
            self.bare = self.number_parameters(self.text.split("\n"), self.body_line)

    def number_parameters(self, lines, body_line):
        text = "\n".join(lines[body_line:])
        places = {p.name: f"NULL::{p.type}" if p.name in self.absent else f"${i + 1}"
                  for i, p in enumerate(self.parameters)}
        used, out, at, ended = set(), [], 0, False
        while True:
            match = TOKENS.search(text, at)
            between = text[at:match.start() if match else len(text)]
            if ended and between.strip():
                self.fail(body_line + 1 + text.count("\n", 0, at), "a file holds one statement")
            out.append(between)
            if match is None:
                break
            line = body_line + 1 + text.count("\n", 0, match.start())
            at = match.end()
            if match["block"]:
                at = end_of_block_comment(text, match.start())
                out.append(" ")
            elif match["comment"]:
                pass
            elif match["end"]:
                ended = True
            elif ended:
                self.fail(line, "a file holds one statement")
            elif match["number"]:
                self.fail(line, f"write the parameter's name, not {match['number']}")
            elif match["name"]:
                if match["name"] not in places:
                    self.fail(line, f":{match['name']} is not declared in the header")
                used.add(match["name"])
                out.append(places[match["name"]])
            else:
                out.append(match[0])
        for parameter in self.parameters:
            if parameter.name not in used:
                self.fail(parameter.where[1], f":{parameter.name} is declared and not used")
        sql = "\n".join(line.rstrip() for line in "".join(out).split("\n") if line.strip())
        if not sql:
            self.fail(1, "has no statement")
        return sql


def problem_calls(text):
    """(code, line) of every problem('code' in SQL, comments aside."""
    plain = re.sub(r"--[^\n]*", "", text)
    return [(match[1], plain.count("\n", 0, match.start()) + 1)
            for match in re.finditer(r"\bproblem\s*\(\s*'([^']*)'", plain)]
