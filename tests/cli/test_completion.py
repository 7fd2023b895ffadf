"""Completion, in the shells themselves.
SPDX-License-Identifier: MPL-2.0
"""
import os
import shutil
import subprocess

import pytest

from medkoord_cli import PROGRAM, Terminal


def environment(folder):
    return {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8", "TERM": "xterm",
            "ZDOTDIR": str(folder), **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}


def bash(folder, words):
    script = ('source <(medkoord completion bash)\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _medkoord; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "--norc", "-c", script, "bash", "medkoord", *words], env=environment(folder), cwd=folder, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.stderr == ""
    return done.stdout.split()


def fish(folder, words):
    done = subprocess.run(["fish", "--no-config", "-c", "medkoord completion fish | source; complete -C $argv[1]", "medkoord " + " ".join(words)],
                          env=environment(folder), cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


CASES = [
    (["hosp"], {"hospitals"}),
    (["hospitals", ""], {"create", "get", "list", "transition", "update"}),
    (["hospitals", "l"], {"list"}),
    (["hospitals", "list", "--reg"], {"--region"}),
    (["consumption", "list", "--by", ""], {"region", "hospital"}),
    (["hospitals", "transition", "X", "--action", "c"], {"close"}),
    (["divergence", "list-"], {"list-measures", "list-snapshots"}),
    (["divergence", "J01CA04", "--sv"], {"--svg"}),
    (["push", "file", "--stat"], {"--status"}),
    (["push", "rows"], {"rows.csv"}),
    (["completion", ""], {"bash", "zsh", "fish"}),
    (["api", "P"], {"POST", "PUT", "PATCH"}),
    (["nothing-like-this", ""], set()),
]


@pytest.mark.parametrize("words, offered", CASES)
@pytest.mark.parametrize("shell", [bash, fish])
def test_offers(tmp_path, shell, words, offered):
    (tmp_path / "rows.csv").touch()
    assert shutil.which(shell.__name__), f"{shell.__name__} is not installed: deploy/lib.sh names it"
    assert set(shell(tmp_path, words)) == offered


def test_zsh(tmp_path):
    assert shutil.which("zsh")
    (tmp_path / ".zshrc").write_text("autoload -U compinit; compinit -u -D\nsource <(medkoord completion zsh)\nPS1='ready> '\n")
    (tmp_path / "rows.csv").touch()
    terminal = Terminal(["zsh", "-i"], environment(tmp_path), 120, tmp_path)
    try:
        terminal.expect("ready> ")
        for typed, shown in (("medkoord hosp\t", "hospitals"), ("lis\t", "list"), ("--reg\t", "--region"), ("\x15medkoord push ro\t", "ws.csv"),
                             ("\x15medkoord consumption list --by reg\t", "ion"), ("\x15medkoord divergence \t", "list-snapshots")):
            before = len(terminal.text)
            terminal.send(typed)
            terminal.expect(r"(?s).{%d}.*%s" % (before, shown))
    finally:
        terminal.end()


def test_needs_no_server_and_no_configuration(tmp_path):
    for shell in ("bash", "zsh", "fish"):
        done = subprocess.run([PROGRAM, "completion", shell], env=environment(tmp_path), stdout=subprocess.PIPE, check=True, text=True)
        assert "medkoord" in done.stdout
        assert subprocess.run([shell, "-n"], input=done.stdout, text=True, env=environment(tmp_path)).returncode == 0
