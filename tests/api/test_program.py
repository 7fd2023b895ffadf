"""The program itself: its subcommands, its options, what it says when they are wrong.
SPDX-License-Identifier: MPL-2.0
"""
import socket
import subprocess

import pytest

from medkoord_api import PROGRAM, ROOT, Server


def run(*words, **environment):
    environment.setdefault("PATH", "/usr/bin:/bin")
    return subprocess.run([PROGRAM, *map(str, words)], env={k: str(v) for k, v in environment.items()}, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60)


def test_version_and_help():
    assert run("--version").stdout.startswith("medkoordd 0.")
    help_text = run("--help").stdout
    for command in ("serve", "migrate", "token", "check"):
        assert command in help_text
        assert run(command, "--help").returncode == 0 and "medkoordd " + command in run(command, "--help").stdout


@pytest.mark.parametrize("words", [[], ["brew"], ["serve", "--no-such-option"], ["token", "--role"], ["migrate", "extra"]])
def test_wrong_words_are_named_and_exit_with_2(words):
    got = run(*words)
    assert got.returncode == 2 and got.stdout == "" and got.stderr.strip()


def test_a_token_says_what_was_asked_for(keys):
    import base64
    import json
    import time
    got = run("token", "--key", keys.key, "--role", "region_coordinator,reader", "--region", "nordjylland", "--subject", "anna", "--expires", "60")
    claims = json.loads(base64.urlsafe_b64decode(got.stdout.split(".")[1] + "=="))
    assert claims["roles"] == ["region_coordinator", "reader"] and claims["region"] == "nordjylland" and claims["sub"] == "anna"
    assert claims["exp"] - claims["iat"] == 60 and abs(claims["iat"] - time.time()) < 60
    assert run("token", "--key", keys.key, "--role", "region_coordinator").returncode == 2
    assert "--region" in run("token", "--key", keys.key, "--role", "region_coordinator").stderr


def test_every_wrong_option_is_named_with_its_line(tmp_path):
    file = tmp_path / "medkoord.conf"
    file.write_text("# a comment\nport = 8080\nprot = 8081\nloops = many\nlisten_address\nfast_deadline_ms = -5\n")
    got = run("check", "--config", file, MEDKOORD_LOG_LEVL="info")
    assert got.returncode != 0
    for line in (3, 4, 5, 6):
        assert f"medkoord.conf:{line}:" in got.stderr + got.stdout, got.stderr + got.stdout
    assert "MEDKOORD_LOG_LEVL" in got.stderr + got.stdout


def test_a_taken_port_gets_one_line(cluster, keys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        got = run("serve", MEDKOORD_PORT=port, MEDKOORD_DATABASE=cluster.url(), MEDKOORD_JWKS=keys.jwks)
    assert got.returncode == 1 and str(port) in got.stderr and "MEDKOORD_PORT" in got.stderr


def test_a_second_server_does_not_share_the_port_silently(server, cluster, keys):
    got = run("serve", MEDKOORD_PORT=server.port, MEDKOORD_DATABASE=cluster.url(), MEDKOORD_JWKS=keys.jwks)
    assert got.returncode == 1 and "is taken" in got.stderr


def test_migrate_from_nothing_twice_and_check(keys):
    import shutil
    import tempfile
    folder = tempfile.mkdtemp(prefix="medkoord-pg.", dir="/tmp")
    script = str(ROOT / "tests" / "pg.sh")
    try:
        subprocess.run([script, "start", folder], check=True)
        url = {role: subprocess.run([script, "url", folder, "medkoord_" + role], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
               for role in ("server", "migrator")}
        environment = {"MEDKOORD_DATABASE": url["server"], "MEDKOORD_MIGRATE_DATABASE": url["migrator"], "MEDKOORD_JWKS": keys.jwks}
        before = run("check", **environment)
        assert before.returncode == 1 and "migrate" in before.stdout + before.stderr
        dry = run("migrate", "--dry-run", **environment)
        assert dry.returncode == 0 and "0001_base" in dry.stdout + dry.stderr
        assert run("check", **environment).returncode == 1, "a dry run changed the database"
        first, second = run("migrate", **environment), run("migrate", **environment)
        assert first.returncode == 0, first.stderr
        assert second.returncode == 0, second.stderr
        good = run("check", **environment)
        assert good.returncode == 0, good.stdout + good.stderr
        privileged = run("check", **{**environment, "MEDKOORD_DATABASE": url["server"].replace("medkoord_server", "postgres")})
        assert privileged.returncode == 1 and "superuser" in privileged.stdout + privileged.stderr
        keyless = run("check", **{**environment, "MEDKOORD_JWKS": folder + "/nothing.json"})
        assert keyless.returncode == 1 and "nothing.json" in keyless.stdout + keyless.stderr
    finally:
        subprocess.run([script, "stop", folder])
        shutil.rmtree(folder, ignore_errors=True)


def test_start_to_ready_and_stop(cluster, keys):
    server = Server(cluster.url(), keys, loops=1).start()
    assert server.events("serving")[0]["port"] == str(server.port)
    assert server.events("database ready")
    assert server.remove() == 0
