"""The client library as its users meet it: what it exports, what it cannot do to the program around it, and what valgrind says of
its calls.
SPDX-License-Identifier: MPL-2.0
"""
import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))
from libmedkoord import library_file  # noqa: E402
from medkoord_api import ROOT  # noqa: E402
from test_calls import place  # noqa: E402, F401

# Each would print, end the program, change its locale, signals, environment, descriptors or allocator, or depend on its locale.
FORBIDDEN = set("""printf fprintf vfprintf dprintf puts fputs putchar fputc perror syslog __printf_chk __fprintf_chk __vfprintf_chk stdout stderr
exit _exit _Exit quick_exit abort atexit __assert_fail setlocale uselocale signal sigaction raise kill alarm setitimer sigprocmask
strcasecmp strncasecmp tolower toupper isalpha strtod strcoll setenv unsetenv putenv chdir umask fork system popen mallopt curl_global_init_mem CRYPTO_set_mem_functions ERR_print_errors_fp""".split())


def symbols(which):
    out = subprocess.run(["nm", "-D", which, library_file()], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {line.split()[-1].split("@")[0] for line in out.splitlines()}


def test_it_exports_what_the_headers_declare():
    headers = [ROOT / "libclient" / "medkoord.h", library_file().parents[1] / "openapi" / "medkoord_ops.h"]
    declared = {name for file in headers for name in re.findall(r"^MK_API[^;]*?\b(mk_\w+)\(", file.read_text(), re.M)}
    assert len(declared) > 80 and symbols("--defined-only") - {"LIBMEDKOORD_0"} == declared


def test_it_leaves_the_program_alone():
    needed = symbols("--undefined-only")
    assert "malloc" in needed and needed & FORBIDDEN == set()


def test_valgrind_finds_nothing(place):  # noqa: F811
    program = ["valgrind", "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect", "--error-exitcode=9", "--fair-sched=yes"]
    calls = library_file().parents[1] / "tests" / "client" / "calls"
    assert b"__asan_init" not in calls.read_bytes()
    done = subprocess.run([*program, calls, *place, "threads"], env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)
    assert done.returncode == 0 and "16 threads" in done.stdout, done.stdout[-6000:]


def test_memory_of_a_long_push():
    """Of 256 MiB in place of the 1 GiB of bench.py: what grows with the file is seen here already."""
    done = subprocess.run([ROOT / "tests" / "client" / "bench.py", "--only", "memory", "--mib", "256"], stdout=subprocess.PIPE, text=True, timeout=600,
                          env={**os.environ, "TEST_BUILD": str(library_file().parents[1])})
    told = json.loads(done.stdout)
    assert done.returncode == 0 and told["large"]["peak_kib"] > 0, told
