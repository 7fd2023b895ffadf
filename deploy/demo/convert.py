#!/usr/bin/python3
"""convert.py: the original public files to what deploy/demo/load pushes; the same input gives the same bytes.
SPDX-License-Identifier: MPL-2.0

usage: convert.py ABX_SALES.csv ABX_AWARE.csv POPULATION.csv   (README.md beside this file names the sources)

Nothing is made up or left out: the two delivery files together hold every row of ABX_SALES.csv.
"""
import csv
import gzip
import hashlib
import io
import json
import pathlib
import sys
from decimal import Decimal

HERE = pathlib.Path(__file__).resolve().parent
SLUGS = {  # the sources' short and official names, in the official order
    "Nordjylland": "nordjylland",
    "Midtjylland": "midtjylland",
    "Syddanmark": "syddanmark",
    "Hovedstaden": "hovedstaden",
    "Sjælland": "sjaelland",
}
DELIVERIES = [  # name, first month, last month, status; 2021 stops at July in the source, so it is provisional
    ("2015-2020", "2015-01", "2020-12", "final"),
    ("2021", "2021-01", "2021-07", "provisional"),
]
AMGROS = "Amgros figures as published in anhoej/abxaware"
AWARE = "anhoej/abxaware, abx_aware"


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_table(name, columns, rows):
    """Tabs between the cells: none of them holds one, and any tool can read it."""
    assert not any("\t" in cell or "\n" in cell for row in rows for cell in row)
    (HERE / name).write_text("".join("\t".join(row) + "\n" for row in [columns, *rows]), encoding="utf-8")
    print(f"{name}: {len(rows)} rows")


def write_hospitals(sales):
    hospitals = {row["hosp"]: (row["hospital"], SLUGS[row["region"]]) for row in sales}
    write_table("hospitals.tsv", ["code", "name", "region"], [(code, *rest) for code, rest in hospitals.items()])


def write_atc_codes(sales, aware):
    """Names of every code in the sales and of the groups above them; level 5 by the INN of the sales."""
    names = {row["atc"]: (row["drug"], AMGROS) for row in sales}
    for row in aware:
        if any(code.startswith(row["atc"]) for code in names):
            names.setdefault(row["atc"], (row["generic_name"], AWARE))
    rows = []
    for code in sorted(names):
        name, source = names[code]
        rows.append((code, name[0] + name[1:].lower() if name.isupper() else name, source))
    write_table("atc_codes.tsv", ["atc", "name", "name_source"], rows)


def write_populations(populations):
    rows = [
        (SLUGS[row["region"].removeprefix("Region ")], row["date"], row["population"], row["evidence"], row["source"])
        for row in populations
    ]
    write_table("populations.tsv", ["region", "date", "population", "evidence", "source"], sorted(rows))


def write_delivery(sales, name, first, last, status):
    """The rows as gzip (no time stamp inside, so that the bytes stay the same) and the announcement with control totals."""
    rows = [row for row in sales if first <= row["month"][:7] <= last]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["month", "hospital", "atc", "product", "ddd"])
    writer.writerows((row["month"][:7], row["hosp"], row["atc"], row["drug"], row["ddd"]) for row in rows)
    file = HERE / f"consumption-{name}.csv.gz"
    file.write_bytes(gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0))
    ddd = sum(Decimal(row["ddd"]) for row in rows)
    announcement = {
        "source": "amgros",
        "label": f"Hospital antibiotics (J01) {name}",
        "status": status,
        "coverage": [{"region": slug, "from_month": first, "to_month": last} for slug in SLUGS.values()],
        "control": {"rows": len(rows), "ddd": "DDD"},
        "sha256": hashlib.sha256(text.getvalue().encode()).hexdigest(),
    }
    body = json.dumps(announcement, indent=2, ensure_ascii=False).replace('"DDD"', str(ddd))  # exact, never a float
    (HERE / f"consumption-{name}.json").write_text(body + "\n", encoding="utf-8")
    print(f"{file.name}: {len(rows)} rows, {ddd} DDD")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sales, aware, populations = (read(path) for path in sys.argv[1:])
    sales.sort(key=lambda row: (row["month"], row["region"], row["hosp"], row["atc"]))
    write_hospitals(sales)
    write_atc_codes(sales, aware)
    write_populations(populations)
    for delivery in DELIVERIES:
        write_delivery(sales, *delivery)


main()
