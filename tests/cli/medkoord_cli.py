"""What the tests of the command stand on: the command with an environment of its own, at a pipe or at a terminal.
SPDX-License-Identifier: MPL-2.0
"""
import contextlib
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))
from medkoord_api import BUILD, ROOT  # noqa: E402

PROGRAM = BUILD / "libclient" / "cli" / "medkoord"
SANITIZERS = ("ERROR: AddressSanitizer", "runtime error:", "LeakSanitizer")


class Result:
    def __init__(self, code, out, err):
        self.code, self.raw = code, out
        self.out, self.err = out.decode(), err.decode()

    def __repr__(self):
        return f"<{self.code}\n--- out\n{self.out[:3000]}\n--- err\n{self.err[:3000]}>"


class Command:
    """Runs `medkoord`. Whatever it prints is searched for tokens and for what sanitizers say."""

    def __init__(self, folder, url, tokens):
        self.folder, self.url, self.tokens = pathlib.Path(folder), url, tokens
        self.secrets = set()

    def token_file(self, who):
        path = self.folder / ("token-" + who.replace(":", "-"))
        if not path.exists():
            path.touch(0o600)
            path.write_text(self.tokens(who) + "\n")
        self.secrets.add(path.read_text().strip())
        return path

    def environment(self, who="admin", **more):
        made = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder / "config"),
                "LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "MEDKOORD_URL": self.url, "TMPDIR": str(self.folder)}
        made.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
        if who:
            made["MEDKOORD_TOKEN_FILE"] = str(self.token_file(who))
        made.update(more)
        return {k: v for k, v in made.items() if v is not None}

    def check(self, text):
        for secret in self.secrets:
            assert secret not in text and secret.split(".")[-1] not in text, "a token was printed"
        for word in SANITIZERS:
            assert word not in text, text[-6000:]

    def __call__(self, *words, who="admin", input=b"", cwd=None, timeout=120, **environment):
        done = subprocess.run([PROGRAM, *map(str, words)], env=self.environment(who, **environment), input=input,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd or self.folder, timeout=timeout)
        result = Result(done.returncode, done.stdout, done.stderr)
        self.check(result.out + result.err)
        return result

    def start(self, *words, who="admin", **environment):
        return subprocess.Popen([PROGRAM, *map(str, words)], env=self.environment(who, **environment), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder)

    @contextlib.contextmanager
    def terminal(self, *words, who="admin", columns=80, **environment):
        terminal = Terminal([PROGRAM, *map(str, words)], self.environment(who, **environment), columns, self.folder)
        try:
            yield terminal
        finally:
            terminal.end()
            self.check(terminal.text)


class Terminal:
    """A program with a terminal of its own for everything."""

    def __init__(self, words, environment, columns, cwd, rows=24):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

        def own():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=cwd, preexec_fn=own)
        os.close(slave)
        self.text = ""
        self.bytes = b""

    def read(self, seconds):
        """False at the end."""
        if select.select([self.master], [], [], seconds)[0]:
            try:
                piece = os.read(self.master, 65536)
            except OSError: # the other side is gone
                return False
            self.bytes += piece
            self.text = self.bytes.decode(errors="replace")
            return piece != b""
        return True

    def expect(self, pattern, seconds=60):
        end = time.monotonic() + seconds
        while not re.search(pattern, self.text):
            assert time.monotonic() < end, f"no {pattern!r} in {self.text!r}"
            assert self.read(0.2) or re.search(pattern, self.text), f"ended without {pattern!r}: {self.text!r}"

    def send(self, text):
        os.write(self.master, text.encode())

    def wait(self, seconds=60):
        end = time.monotonic() + seconds
        while self.read(0.2):
            assert time.monotonic() < end, self.text
        return self.process.wait(max(1, end - time.monotonic()))

    @property
    def plain(self):
        """Without colours, line ends as in files."""
        return re.sub(r"\x1b\[[0-9;]*[mK]", "", self.text).replace("\r\n", "\n")

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.master)
