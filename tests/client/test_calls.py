"""Representative calls of the client library (calls.c) against a real server: each allocation fails once, and 16 handles in 16
threads. In the build with the address sanitizer nothing leaks.
SPDX-License-Identifier: MPL-2.0
"""
import json
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))
from medkoord_api import BUILD, Cluster, Keys, Server  # noqa: E402


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """URL and token of a server of our own."""
    cluster = Cluster()
    try:
        keys = Keys(tmp_path_factory.mktemp("keys"))
        server = Server(cluster.url(), keys).start()
        proxy = subprocess.Popen(["/usr/bin/python3", pathlib.Path(__file__).parent / "misbehaving.py"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        os.environ["CALLS_PROXY"] = f"http://127.0.0.1:{json.loads(proxy.stdout.readline())['http']}"
        os.environ["no_proxy"] = "127.0.0.1"
        yield f"http://127.0.0.1:{server.port}", keys.token("admin")
        proxy.communicate(timeout=10)
        assert server.remove() == 0
    finally:
        cluster.remove()


def run(program, place, what, **environment):
    done = subprocess.run([program, *place, what], env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=900)
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def test_each_allocation_fails_once(place, tmp_path):
    shared = tmp_path / "fail_nth"
    shared.write_bytes(bytes(16))
    options = ":".join(o for o in (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0", "allocator_may_return_null=1") if o)
    out = run(BUILD / "tests" / "client" / "calls", place, "torture", FAIL_NTH=str(shared), ASAN_OPTIONS=options,
              LD_PRELOAD=str(BUILD / "tests" / "torture" / "fail_nth.so"))
    assert out.count(" allocations: ") >= 20 # calls


def test_16_handles_in_16_threads(place):
    run(BUILD / "tests" / "client" / "calls_threads", place, "threads", TSAN_OPTIONS="halt_on_error=0:exitcode=66")
