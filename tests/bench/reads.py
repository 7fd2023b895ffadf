"""Short reads: as fast as they go, against pgbench with the same statements, and beside long ones.
SPDX-License-Identifier: MPL-2.0
"""
import concurrent.futures
import time
from statistics import median

from world import pgbench, spread, statement

# As the server sends it before each read, with the same four settings.
ACTOR = """SELECT set_config('medkoord.subject', :subject, true), set_config('medkoord.roles', :roles, true),
    set_config('medkoord.region', '', true), set_config('medkoord.request_id', :request_id, true)"""
WHO = {"subject": "reader", "roles": ",reader,", "request_id": "0123456789abcdef"}
ONE, LIST = "/v1/atc-codes/A01AA01", "/v1/atc-codes?limit=50"
OVERVIEW = "/v1/divergence?from_month=2021-01&to_month=2021-12&source="


class Limit:
    """What pgbench reaches with a script: the two best numbers of clients, of which the better counts in the end."""

    def __init__(self, bench, script, **variables):
        self.bench, self.script, self.variables = bench, script, variables
        rates = {n: self.run(n, 1 if bench.quick else 3) for n in ((4, 8, 16) if bench.quick else (1, 2, 4, 8, 12, 16, 24, 32, 64))}
        self.rates = {n: [] for n in sorted(rates, key=rates.get)[-2:]}
        bench.say("pgbench by clients: " + ", ".join(f"{n}: {r:,.0f}/s" for n, r in rates.items()))

    def run(self, clients, seconds):
        return pgbench(self.bench.cluster, self.script, clients, seconds, **self.variables)

    def measure(self):
        for n, got in self.rates.items():
            got.append(self.run(n, self.bench.seconds // 2))

    def rate(self, name):
        clients = max(self.rates, key=lambda n: median(self.rates[n]))
        self.bench.say(f"pgbench, {name}, {clients} clients: {spread(self.rates[clients])} requests/s")
        return median(self.rates[clients])


def read_one(bench):
    """One resource by id against pgbench with the same two statements in one pipeline."""
    bench.codes_known()
    limit = Limit(bench, f"\\startpipeline\n{ACTOR};\n{statement('get_atc_code', atc=':atc')};\n\\endpipeline\n", atc="A01AA01", **WHO)
    rate = {16: [], 64: []}
    for _ in range(bench.rounds):
        limit.measure()
        for n, got in rate.items():
            got.append(bench.server.wrk(ONE, n, bench.seconds)[0])
    best = limit.rate("the same select")
    for n, got in rate.items():
        bench.say(f"server, {n} connections: {spread(got)} requests/s")
        bench.figure(f"read_one_{n}_x", median(got) / best, 0.75, at_least=True)


def list_50(bench):
    """A list of 50 against pgbench that has PostgreSQL write the JSON, and against pgbench that takes plain rows."""
    bench.codes_known()
    text = statement("list_atc_codes", limit="51")
    plain = Limit(bench, f"\\startpipeline\n{ACTOR};\n{text};\n\\endpipeline\n", **WHO)
    as_json = Limit(bench, f"\\startpipeline\n{ACTOR};\nSELECT json_agg(x) FROM ({text}) x;\n\\endpipeline\n", **WHO)
    rate = {16: [], 64: []}
    for _ in range(bench.rounds):
        plain.measure()
        as_json.measure()
        for n, got in rate.items():
            got.append(bench.server.wrk(LIST, n, bench.seconds)[0])
    best_plain, best_json = plain.rate("plain rows"), as_json.rate("json_agg")
    for n, got in rate.items():
        bench.say(f"server, {n} connections: {spread(got)} requests/s")
        bench.figure(f"list_50_{n}_json_x", median(got) / best_json, 1.8, at_least=True)
        bench.figure(f"list_50_{n}_rows_x", median(got) / best_plain, 0.85, at_least=True)


def lanes(bench):
    """One resource by id while 16 clients ask for overviews all the time."""
    bench.codes_known()
    alone, beside, heavy = [], [], []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for _ in range(bench.rounds):
            alone.append(bench.server.wrk(ONE, 16, bench.seconds))
            other = pool.submit(bench.server.wrk, OVERVIEW + "small", 16, bench.seconds + 2)
            time.sleep(1)
            beside.append(bench.server.wrk(ONE, 16, bench.seconds))
            heavy.append(other.result()[0])
    for name, got in (("alone", alone), ("beside", beside)):
        bench.say(f"{name}: {spread([r for r, _ in got])} requests/s, p99 {spread([p for _, p in got])} ms")
    bench.say(f"overviews beside: {spread(heavy)} requests/s")
    bench.figure("lanes_rate_x", median(r for r, _ in beside) / median(r for r, _ in alone), 0.9, at_least=True)
    bench.figure("lanes_p99_x", median(p for _, p in beside) / median(p for _, p in alone), 3)
