"""Where the URL and the token come from, and that a token is seen by nobody.
SPDX-License-Identifier: MPL-2.0
"""
import contextlib
import os
import pathlib
import signal
import socket
import stat
import subprocess

import pytest

from test_output import PROBLEM, REGION, answering


def config_of(medkoord):
    return medkoord.folder / "config" / "medkoord" / "config"


def keep(medkoord, text, mode=0o600):
    path = config_of(medkoord)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


LIST = {"items": [REGION], "next": None}


def test_flags_before_environment_before_file(away, tmp_path):
    (tmp_path / "other").touch(0o600)
    (tmp_path / "other").write_text("t.flag.x")
    bare = {"who": None, "MEDKOORD_URL": None}
    with answering(200, LIST) as server:
        def sent(*words, **environment):
            assert away("regions", "list", *words, **{**bare, **environment}).code == 0
            return server.seen.pop()["Authorization"]
        keep(away, f"# kept\nurl = {server.url}\ntoken = t.file.x\n")
        assert sent() == "Bearer t.file.x"
        assert sent(MEDKOORD_TOKEN="t.env.x") == "Bearer t.env.x"
        assert sent(MEDKOORD_TOKEN_FILE=str(tmp_path / "other")) == "Bearer t.flag.x"
        assert sent("--token-file", "other", MEDKOORD_TOKEN="t.env.x") == "Bearer t.flag.x"
        assert sent(MEDKOORD_URL=server.url) == "Bearer t.file.x"
        assert sent("--url", server.url, MEDKOORD_URL="http://127.0.0.1:1") == "Bearer t.file.x"


def test_a_kept_token_goes_to_its_own_server_only(away):
    with answering(200, LIST) as server:
        keep(away, "url = https://medkoord.example\ntoken = t.file.x\n")
        result = away("regions", "list", who=None, MEDKOORD_URL=server.url)
        assert result.code == 2 and "is not sent to" in result.err and server.seen == []
        assert away("service", "get-health", who=None, MEDKOORD_URL=server.url).code in (0, 4)
        assert all("Authorization" not in seen for seen in server.seen)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_configuration_that_others_can_read_is_refused(away, mode):
    path = keep(away, "url = http://127.0.0.1:1\ntoken = t.file.x\n", mode)
    result = away("regions", "list", who=None, MEDKOORD_URL=None)
    assert result.code == 2 and f"chmod 600 {path}" in result.err and "t.file.x" not in result.err


def test_a_broken_configuration_is_told_by_line(away):
    keep(away, "url = http://127.0.0.1:1\npassword = secret-word\n")
    result = away("regions", "list", who=None, MEDKOORD_URL=None)
    assert result.code == 2 and "line 2" in result.err and "secret-word" not in result.err
    keep(away, "url = http://127.0.0.1:1\ntoken = secret word\n")
    result = away("regions", "list", who=None, MEDKOORD_URL=None)
    assert result.code == 2 and "secret" not in result.err


def test_a_token_file_that_others_can_read_is_warned_of(medkoord):
    path = medkoord.token_file("admin")
    path.chmod(0o644)
    result = medkoord("regions", "list")
    assert result.code == 0 and "can be read by others" in result.err


def test_nothing_configured(away):
    assert "no server" in away("regions", "list", who=None, MEDKOORD_URL=None).err
    result = away("regions", "list", who=None)
    assert result.code == 2 and "no token" in result.err


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://x", "http://me:secret@127.0.0.1", "http://127.0.0.1/?a"])
def test_an_url_that_is_none(away, url):
    result = away("regions", "list", MEDKOORD_URL=url)
    assert result.code == 2 and "http:// or https://" in result.err and "secret" not in result.err and "mk_" not in result.err
    assert "skal være" in away("regions", "list", MEDKOORD_URL=url, LC_ALL="da_DK.UTF-8").err


@pytest.mark.parametrize("words", [("--token", "a.b.secret"), ("--token=a.b.secret",)])
def test_a_token_is_no_flag(away, words):
    for command in (("regions", "list"), ("login",), ("push", "x"), ("status",)):
        result = away(*command, *words)
        assert result.code == 2 and "never given as a flag" in result.err and "secret" not in result.err
        before = away(*words, *command)
        between = away(command[0], *words, *command[1:])
        for result in (before, between):
            assert result.code == 2 and "never given as a flag" in result.err and "secret" not in result.err + result.out
    for words in (("-token", "a.b.secret", "regions", "list"), ("--tokn", "a.b.secret", "regions", "list"), ("regions", "--bearer", "a.b.secret", "list")):
        result = away(*words)
        assert result.code == 2 and "secret" not in result.err + result.out, result
    result = away("api", "GET", "/v1/regions", "--header", "Authorization: Bearer a.b.secret")
    assert result.code == 2 and "secret" not in result.err


def test_verbose_and_errors_never_show_the_token(medkoord):
    medkoord("regions", "list", "--verbose")  # the fixture searches what is printed
    medkoord("api", "GET", "/v1/regions", "--verbose", "--include")
    with answering(401, {**PROBLEM, "status": 401}, "application/problem+json") as server:
        assert medkoord("regions", "list", "--verbose", MEDKOORD_URL=server.url).code == 3


@pytest.mark.parametrize("host, warned", [
    ("localhost", False), ("LOCALHOST:8080", False), ("127.0.0.1", False), ("127.9.8.7:1", False), ("[::1]:1", False), ("localhost/base", False),
    ("localhost.evil.invalid", True), ("127.evil.invalid", True), ("localhosts", True), ("[::2]", True), ("128.0.0.1", True)])
def test_a_token_that_goes_out_plain_is_warned_of(away, host, warned):
    result = away("regions", "list", "--proxy", "http://127.0.0.1:1", "--timeout", "0.2", MEDKOORD_URL=f"http://{host}")
    assert ("without encryption" in result.err) is warned, result


# ---- login ----

def test_login_from_standard_input(medkoord, api):
    token = api.token("reader")
    medkoord.secrets.add(token)
    result = medkoord("login", who=None, input=token.encode() + b"\n")
    assert result.code == 0 and str(config_of(medkoord)) in result.err and result.out == ""
    path = config_of(medkoord)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_text() == f"url = {medkoord.url}\ntoken = {token}\n"
    assert medkoord("regions", "list", who=None, MEDKOORD_URL=None).code == 0
    assert os.listdir(path.parent) == ["config"]


def test_login_follows_a_link(medkoord, tmp_path):
    path = config_of(medkoord)
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "kept")
    words = ("login", "--token-file", medkoord.token_file("reader"))
    nowhere = medkoord(*words, who=None)
    assert nowhere.code == 1 and "cannot write" in nowhere.err and path.is_symlink()
    (tmp_path / "kept").touch(0o644)
    assert medkoord(*words, who=None).code == 0 and path.is_symlink()
    assert "token = " in (tmp_path / "kept").read_text() and stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o600


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_signal_leaves_no_token_behind(medkoord, tmp_path, call):
    """In the middle of writing: a library loaded before raises it when the call is made."""
    arguments = {"fsync": ("int fd", "fd"), "rename": ("const char *a, const char *b", "a, b")}[call]
    (tmp_path / "raise.c").write_text(f"""#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
int {call}({arguments[0]}) {{ raise(SIGTERM); return ((int (*)({arguments[0]}))dlsym(RTLD_NEXT, "{call}"))({arguments[1]}); }}
""")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "raise.so", tmp_path / "raise.c"], check=True)
    result = medkoord("login", "--no-check", who=None, input=b"a.b.c", LD_PRELOAD=str(tmp_path / "raise.so"),
                      ASAN_OPTIONS="verify_asan_link_order=0")
    assert result.code == -signal.SIGTERM and os.listdir(config_of(medkoord).parent) == ["config"], result
    assert config_of(medkoord).read_text().endswith("token = a.b.c\n")


def test_login_keeps_0600_whatever_was_there_and_whatever_the_umask(medkoord):
    path = keep(medkoord, "url = x\n", 0o644)
    before = os.umask(0)
    try:
        assert medkoord("login", "--token-file", medkoord.token_file("reader"), who=None).code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and "token = " in path.read_text()


def test_login_at_a_terminal_shows_nothing_and_ps_shows_nothing(medkoord, api):
    token = api.token("reader")
    medkoord.secrets.add(token)
    with medkoord.terminal("login", "--url", medkoord.url, who=None, MEDKOORD_URL=None) as t:
        t.expect("not shown")
        t.send(token + "\n")
        t.expect("kept in")
        words = pathlib.Path(f"/proc/{t.process.pid}/cmdline")
        assert not words.exists() or token.encode() not in words.read_bytes()
        assert t.wait() == 0
    assert token in config_of(medkoord).read_text()
    with medkoord.terminal("login", who=None) as t:
        t.expect("not shown")
        t.send("\x03")
        assert t.wait() == 130


def test_login_keeps_nothing_that_the_server_refuses(medkoord):
    medkoord.secrets.add("wrong.token.here")
    result = medkoord("login", who=None, input=b"wrong.token.here")
    assert result.code == 3 and not config_of(medkoord).exists()
    assert medkoord("login", who=None, input=b"no token at all").code == 2
    assert medkoord("login", who=None, input=b"").code == 2
    assert medkoord("login", "--no-check", who=None, input=b"wrong.token.here").code == 0 and config_of(medkoord).exists()
    unreachable = medkoord("login", "--url", "http://127.0.0.1:1", "--timeout", "1", who=None, input=b"wrong.token.here")
    assert unreachable.code == 5


def test_the_words_of_a_running_command_hold_no_token(medkoord):
    """While it waits for an answer, what ps would show."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        process = medkoord.start("regions", "list", MEDKOORD_URL=f"http://127.0.0.1:{silent.getsockname()[1]}")
        silent.settimeout(30)
        with contextlib.closing(silent.accept()[0]):
            words = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
            process.terminate()
            process.communicate()
    assert "regions" in words and not any(secret in words for secret in medkoord.secrets)
