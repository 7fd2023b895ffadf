"""Rosters: what fifty years of appointments cost the roster of a day, and what the check of authority costs a request.
SPDX-License-Identifier: MPL-2.0
"""
import http.client
import json
import time
from statistics import median

from world import run, spread

# Every seat of every body held in turn, 44 days each, from 2017 on: 18,000 appointments in fifty years, the members of the
# committees aside. {0} takes a part of them.
APPOINTMENTS = """
    INSERT INTO appointment (person_no, body_no, role, region_no, appointed_by, valid_from, valid_to, end_reason)
    SELECT x.person_no, x.body_no, x.role, x.region_no, x.appointer, x.starts, x.ends, 'bench'
    FROM (SELECT p.first + (row_number() OVER (ORDER BY b.body_no, s.rule_no, g.region_no, t.n))::int % 2000 AS person_no, b.body_no, s.role,
              ar.region_no, CASE WHEN s.appointed_by = 'region' THEN ar.slug ELSE s.appointed_by END AS appointer,
              GREATEST('2017-04-01'::date + t.n * 44, b.valid_from, s.valid_from, g.valid_from) AS starts,
              LEAST('2017-04-01'::date + (t.n + 1) * 44, b.valid_to, g.valid_to) AS ends
          FROM (SELECT min(person_no) AS first FROM person) p, body b
          JOIN seat_rule s ON s.kind = b.kind
          LEFT JOIN region g ON s.each_region
          LEFT JOIN region ar ON ar.region_no = COALESCE(g.region_no, b.region_no,
              CASE WHEN s.kind = 'forum' AND s.role IN ('chair', 'secretariat') THEN 1 END)
          CROSS JOIN generate_series(0, 449) AS t (n)) x
    WHERE x.starts < x.ends AND {0};
"""
ACTOR = """SET search_path = medkoord, pg_temp;
    SELECT set_config('medkoord.subject', 'bench', false), set_config('medkoord.roles', ',admin,', false);"""
NOW = "daterange(x.starts, x.ends) @> today()"
DAYS = ["2018-06-15", "2025-06-15", "2030-06-15", "2045-06-15", "2060-06-15"]
# What the check asks, answered without looking.
BLIND = """
    CREATE OR REPLACE FUNCTION actor_person() RETURNS int LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN RETURN {0}; END $$;
    CREATE OR REPLACE FUNCTION actor_keeps_people() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN RETURN true; END $$;
    CREATE OR REPLACE FUNCTION actor_may(what text, in_body smallint) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$ BEGIN RETURN true; END $$;
    CREATE OR REPLACE FUNCTION actor_may_appoint(to_body smallint, to_role text, by_appointer text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$ BEGIN RETURN true; END $$;"""
CHECKS = ("actor_person()", "actor_keeps_people()", "actor_may(text, smallint)", "actor_may_appoint(smallint, text, text)")


def appointments_known(bench, part, name):
    if name not in bench.loaded:
        bench.loaded.add(name)
        people = "" if "people" in bench.loaded else "INSERT INTO person (name, subject) SELECT 'Person ' || n, 'person-' || n FROM generate_series(0, 1999) n;"
        bench.loaded.add("people")
        bench.cluster.sql(ACTOR + people + APPOINTMENTS.format(part))
        bench.cluster.sql("VACUUM ANALYZE")


def roster_any_day(bench):
    """The roster of the forum on days of fifty years against today's, and today's against the same without the fifty years."""
    path = "/v1/bodies/forum/roster"
    appointments_known(bench, NOW, "today's")
    bare = [bench.server.wrk(path, 4, bench.seconds)[0] for _ in range(bench.rounds)]
    appointments_known(bench, f"NOT {NOW}", "fifty years")
    n = bench.cluster.sql("SELECT count(*) FROM medkoord.appointment").strip()
    today, days = [], {day: [] for day in DAYS}
    for _ in range(bench.rounds):
        for day, got in days.items():
            today.append(bench.server.wrk(path, 4, max(1, bench.seconds // 2))[0])
            got.append(bench.server.wrk(f"{path}?as_of={day}", 4, max(1, bench.seconds // 2))[0])
    bench.say(f"today, of today's appointments alone: {spread(bare)} requests/s; of {n}: {spread(today)}")
    for day, got in days.items():
        bench.say(f"{day}: {spread(got)} requests/s")
    bench.figure("roster_any_day_x", max(median(today) / median(got) for got in days.values()), 1.2)
    bench.figure("roster_history_x", median(bare) / median(today), 1.2)


def authority(bench):
    """A write and a read that a seat held today allows, against the same with checks that do not look."""
    appointments_known(bench, NOW, "today's")
    appointments_known(bench, f"NOT {NOW}", "fifty years")
    number, subject = bench.cluster.sql("""SELECT p.person_no || ' ' || p.subject FROM medkoord.appointment a JOIN medkoord.person p USING (person_no)
        WHERE a.role = 'secretariat' AND a.body_no = 1 AND daterange(a.valid_from, a.ends_on) @> medkoord.today() LIMIT 1""").split()
    server = bench.server
    server.tokens["holder"] = run(server.program, "token", "--key", server.folder / "key.pem", "--role", "reader", "--subject", subject,
                                  "--expires", 86400, env={}).strip()
    looking = "\n".join(bench.cluster.sql(f"SELECT pg_get_functiondef('medkoord.{f}'::regprocedure)") + ";" for f in CHECKS)
    target = bench.cluster.sql(ACTOR + "SELECT id FROM person WHERE subject = 'person-1500'").splitlines()[-1]
    contact = server.call("PUT", f"/v1/people/{target}/contact", {"organisation": "bench"}, "holder")
    assert contact["organisation"] == "bench"

    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    path = f"/v1/people/{target}/contact"

    def write_once(i):
        """Milliseconds of one client's request that renames a person."""
        began = time.perf_counter()
        connection.request("PATCH", f"/v1/people/{target}", body=json.dumps({"name": f"Person {i}"}), headers={
            "Authorization": "Bearer " + server.tokens["holder"], "Content-Type": "application/merge-patch+json", "If-Match": "*"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"PATCH of a person: {answer.status}")
        return (time.perf_counter() - began) * 1000

    write, alone, full = ({"looking": [], "blind": []} for _ in range(3))
    try:
        for _ in range(2 * bench.rounds):
            for how, sql in (("blind", BLIND.format(number)), ("looking", looking)):
                bench.cluster.sql("SET search_path = medkoord, pg_temp;" + sql)
                for i in range(100):  # every connection plans anew
                    write_once(i)
                server.wrk(path, 16, 1, "holder")
                write[how].append(median(write_once(i) for i in range(100 if bench.quick else 400)))
                alone[how].append(server.wrk(path, 1, max(1, bench.seconds // 2), "holder")[0])
                full[how].append(server.wrk(path, 16, max(1, bench.seconds // 2), "holder")[0])
    finally:
        bench.cluster.sql("SET search_path = medkoord, pg_temp;" + looking)
    for how in ("looking", "blind"):
        bench.say(f"{how}: a write {spread(write[how])} ms, reads by one client {spread(alone[how])} requests/s, by 16 {spread(full[how])}")
    bench.figure("authority_write_x", median(write["looking"]) / median(write["blind"]), 1.05)
    bench.figure("authority_read_x", median(alone["blind"]) / median(alone["looking"]), 1.05)
    bench.figure("authority_read_16_x", median(full["blind"]) / median(full["looking"]), 1.05)
