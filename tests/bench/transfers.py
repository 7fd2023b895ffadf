"""Uploads, and reads beside an upload and an export.
SPDX-License-Identifier: MPL-2.0
"""
import concurrent.futures
import time
from statistics import median

from reads import ONE
from world import HOSPITALS, File, spread


def upload(bench):
    """A delivery through HTTP against psql \\copy of the same file into an equal table with its primary key."""
    rows = 200_000 if bench.quick else 1_000_000
    file = File(bench.world.folder / "upload.csv", 2021, 2021, HOSPITALS, 400, 6, rows)
    bench.restart()
    bench.cluster.sql("""CREATE TABLE bench.rows (month date, hospital text COLLATE "C", atc text COLLATE "C",
        article_number text COLLATE "C", product text, packs numeric, ddd numeric NOT NULL, cost_ore bigint,
        PRIMARY KEY (month, hospital, atc, article_number))""", "medkoord_server")
    copy, first, again = [], [], []
    idle = bench.server.memory_kib()
    for i in range(bench.rounds):
        bench.cluster.sql("TRUNCATE bench.rows; CHECKPOINT")
        began = time.perf_counter()
        bench.cluster.sql(f"\\copy bench.rows FROM '{file.path}' (FORMAT csv, HEADER)\n", "medkoord_server")
        copy.append(time.perf_counter() - began)
        for times in (first, again):
            delivery = bench.server.announce(f"upload-{i}", file)
            bench.cluster.sql("CHECKPOINT")
            times.append(bench.server.upload(delivery, file))
    for name, times in (("psql \\copy", copy), ("delivery", first), ("re-delivery", again)):
        bench.say(f"{name} of {rows:,} rows: {spread(times)} s, {rows / median(times):,.0f} rows/s")
    grown = (bench.server.memory_kib("VmHWM") - idle) / 1024
    bench.say(f"memory above idle, at most: {grown:.1f} MiB")
    bench.figure("upload_x", median(copy) / median(first), 1.0, at_least=True)
    bench.figure("upload_again_x", median(copy) / median(again), 0.45, at_least=True)
    bench.figure("upload_memory_mib", grown, 16)
    file.path.unlink()
    if not bench.quick:
        upload_large(bench)


def upload_large(bench):
    file = File(bench.world.folder / "upload.csv", 2021, 2021, HOSPITALS, 1200, 8, product="Product " + "x" * 190)
    bench.restart()
    delivery = bench.server.announce("upload-large", file)
    idle = bench.server.memory_kib()
    seconds = bench.server.upload(delivery, file, "Prefer: tx=rollback")
    grown = (bench.server.memory_kib("VmHWM") - idle) / 1024
    bench.say(f"{file.path.stat().st_size / (1 << 30):.2f} GiB, {file.rows:,} rows: {seconds:.1f} s, {grown:.1f} MiB above idle")
    bench.figure("upload_gib_memory_mib", grown, 32)
    file.path.unlink()


def beside_transfers(bench):
    """One resource by id at half the top rate, while a delivery is uploaded and everything is exported, all by one server."""
    bench.load("large", HOSPITALS, 3)
    file = File(bench.world.folder / "upload.csv", 2021, 2021, HOSPITALS, 400, 6, 200_000 if bench.quick else 1_000_000)
    export = "/v1/consumption?source=large&from_month=2020-01&to_month=2021-12&by=hospital"
    alone, beside, took = [], [], []
    for i in range(3):  # the export alone takes half a minute
        half = bench.server.wrk(ONE, 64, bench.seconds)[0] / 2
        with bench.server.pace(ONE, half, 64) as paced:
            time.sleep(bench.seconds)
        alone.append(paced.result)
        delivery = bench.server.announce(f"beside-{i}", file)
        bench.cluster.sql("CHECKPOINT")
        with concurrent.futures.ThreadPoolExecutor(2) as pool, bench.server.pace(ONE, half, 64) as paced:
            transfers = pool.submit(bench.server.upload, delivery, file), pool.submit(bench.server.export, export)
            took.append((half, transfers[0].result(), *transfers[1].result()))
        beside.append(paced.result)
    bench.say(f"half the top rate: {spread([t[0] for t in took])} requests/s; upload of {file.rows:,} rows: {spread([t[1] for t in took])} s; "
              f"export of {took[0][3]:,} rows: {spread([t[2] for t in took])} s")
    for name, got in (("alone", alone), ("beside", beside)):
        bench.say(f"{name}: {sum(g['answered'] for g in got):,} answered, {sum(g['failed'] for g in got)} failed; in ms: " + ", ".join(
            f"{key} {spread([g[key + '_ms'] for g in got])}" for key in ("median", "p90", "p99", "max", "sent_late_p99")))
    bench.figure("beside_transfers_p99_x", median(g["p99_ms"] / g["median_ms"] for g in beside), 5)
    bench.figure("beside_transfers_p99_alone_x", median(b["p99_ms"] / a["median_ms"] for a, b in zip(alone, beside)), 5)
    bench.figure("beside_transfers_failed", sum(g["failed"] for g in beside), 0)
    file.path.unlink()
