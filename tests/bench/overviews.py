"""How long overviews take, and what the number of raw rows behind them costs.
SPDX-License-Identifier: MPL-2.0
"""
from statistics import median

from world import HOSPITALS, spread, statement


def overview_rows(bench):
    """What the number of raw rows costs an overview, and how long one takes in the database."""
    bench.load("small", 2, 1)
    bench.load("large", HOSPITALS, 3)
    calls = 9 if bench.quick else 25
    ask = ("divergence_ask('ddd_per_1000_per_day', NULL, '{0}', '2021-01-01', '2021-12-01', NULL, 'as_reported', "
           "NULL, 5, false, 'query/')")
    script = f"""SET search_path = medkoord, pg_temp;
        SELECT set_config('medkoord.subject', 'bench', false), set_config('medkoord.roles', ',reader,', false);
        SET jit = off;\n"""
    for source in ("small", "large"):
        statements = statement("get_divergence", measure="'ddd_per_1000_per_day'", source=f"'{source}'",
                               from_month="'2021-01-01'", to_month="'2021-12-01'", region_basis="'as_reported'",
                               level="5", sort="'atc'", measure_version="NULL::int4")
        script += f"PREPARE whole_{source} AS {statements};\n"
        script += (f"PREPARE sums_{source} AS SELECT s.* FROM {ask.format(source)} q "
                   "CROSS JOIN LATERAL divergence_sums(q, '2021-01-01', '2021-12-01', NULL) s;\n")
    kinds = [f"{kind}_{source}" for kind in ("sums", "whole") for source in ("small", "large")]
    for _ in range(calls + 2):  # the first two plan
        for kind in kinds:
            script += f"\\echo {kind}\nEXPLAIN (ANALYZE, TIMING OFF) EXECUTE {kind};\n"
    times = {kind: [] for kind in kinds}
    for line in bench.cluster.sql(script, "medkoord_server").splitlines():
        if line in times:
            kind = line
        elif line.startswith("Execution Time:"):
            times[kind].append(float(line.split()[2]))
    times = {kind: t[2:] for kind, t in times.items()}
    for kind in kinds:
        bench.say(f"{kind}: {spread(times[kind])} ms in the database")
    bench.figure("overview_rows_sums_x", median(times["sums_large"]) / median(times["sums_small"]), 1.2)
    bench.figure("overview_rows_whole_x", median(times["whole_large"]) / median(times["whole_small"]), 1.2)
    bench.figure("overview_sums_ms", median(times["sums_large"]), 5)
    bench.figure("overview_whole_ms", median(times["whole_large"]), 50)
