"""The server as a process: its memory, its start, its keys.
SPDX-License-Identifier: MPL-2.0
"""
import time
from statistics import median

from reads import ONE
from world import spread


def memory(bench):
    """What the server takes when nobody asks, and more for each connection."""
    bench.codes_known()
    bench.restart()
    idle = bench.server.memory_kib()
    n = 200 if bench.quick else 1000
    warm = bench.server.hold_idle(ONE, 20)
    before = bench.server.memory_kib()
    held = bench.server.hold_idle(ONE, n)
    after = bench.server.memory_kib()
    for s in warm + held:
        s.close()
    bench.say(f"idle {idle / 1024:.1f} MiB, {n} connections more: {(after - before) / n:.1f} KiB each")
    bench.figure("memory_idle_mib", idle / 1024, 30)
    bench.figure("memory_connection_kib", (after - before) / n, 20)


def start_to_ready(bench):
    """From exec to the first 200 of /readyz, on a migrated database."""
    times = []
    for _ in range(5 if bench.quick else 15):
        bench.server.stop()
        times.append(bench.server.start() * 1000)
    bench.say(f"{spread(times)} ms")
    bench.figure("start_to_ready_ms", median(times), 100)


def reload(bench):
    """Keys read again, over and over, while one resource by id is asked for at half the top rate."""
    bench.codes_known()
    half = bench.server.wrk(ONE, 64, bench.seconds)[0] / 2
    before = bench.server.logged("keys loaded")
    with bench.server.pace(ONE, half, 64) as paced:
        stop = time.perf_counter() + 2 * bench.seconds
        while time.perf_counter() < stop:
            bench.server.change_keys()
            time.sleep(0.02)
    got = paced.result
    bench.say(f"{bench.server.logged('keys loaded') - before} reloads, {got['due']:,} requests, {got['answered']:,} answered, {got['failed']} failed, "
              f"p99 {got['p99_ms']:.2f} ms")
    bench.figure("reload_failed", got["failed"], 0)
