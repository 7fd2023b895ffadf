#!/bin/bash
# Prints the schema of a migrated throwaway cluster as sql/schema.sql holds it: without what differs from day to day, or from
# one minor version of PostgreSQL 15 to the next (some write a changed table's alias with AS, others without).
# SPDX-License-Identifier: MPL-2.0
# usage: tests/schema.sh DIR   (a folder that tests/pg.sh start and migrate were given)
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
printf '%s\n%s\n' '-- The schema that the migrations make, for reading and reviews; written by tests/schema.sh, never by hand.' \
    '-- SPDX-License-Identifier: MPL-2.0'
/usr/lib/postgresql/15/bin/pg_dump --schema-only --schema=medkoord "$("$top/tests/pg.sh" url "$1" postgres)" |
    sed -E '/^-- Dumped (from|by)/d; /^\\(un)?restrict /d; s/^( *(DELETE FROM|UPDATE) [a-z_.]+) AS ([a-z]+)$/\1 \3/' | cat -s
