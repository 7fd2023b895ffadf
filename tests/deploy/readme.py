#!/usr/bin/python3
"""readme.py: runs the console sessions of README.md and holds what they print against what README.md says they print.
SPDX-License-Identifier: MPL-2.0

usage: tests/deploy/readme.py URL   (of a running instance with the demo in it; --write puts the real output into README.md)

A command begins with "$ " and goes on in lines indented by four spaces; the other lines are its output. Commands with the
output "..." are not run: deploy/run has been.
"""
import pathlib
import re
import subprocess
import sys

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
END = "-- end of output --"


def sessions(text):
    """The commands of all ```console blocks with their outputs: [command, output]."""
    steps = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append([line[2:], []])
            elif line.startswith("    ") and not steps[-1][1]:
                steps[-1][0] += "\n" + line
            else:
                steps[-1][1].append(line)
    return steps


def run(commands, url):
    """Runs the commands in one shell and answers what each printed, on both outputs."""
    script = "exec 2>&1\n" + "".join(f"{command}\nprintf '\\n%s\\n' '{END}'\n" for command in commands)
    script = re.sub(r"^U=.*$", f"U={url}", script, flags=re.M)
    out = subprocess.run(["bash", "-c", script], cwd=README.parent, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         text=True, timeout=120).stdout
    return [part.strip("\n").splitlines() for part in out.split(END + "\n")[:-1]]


def main():
    text = README.read_text(encoding="utf-8")
    steps = [step for step in sessions(text) if "..." not in step[1]]
    assert len(steps) > 5, "README.md has no session"
    outputs = run([command for command, _ in steps], sys.argv[1])
    assert len(outputs) == len(steps), "the session broke off"
    wrong = 0
    for (command, written), printed in zip(steps, outputs):
        if written != printed:
            wrong += 1
            print(f"$ {command}\nREADME.md says:", *written, "it printed:", *printed, sep="\n")
            if "--write" in sys.argv:
                old, new = (f"$ {command}\n" + "".join(line + "\n" for line in lines) for lines in (written, printed))
                text = text.replace(old, new)
    if "--write" in sys.argv:
        README.write_text(text, encoding="utf-8")
    sys.exit(1 if wrong else 0)


main()
