-- Two sessions of one person that take the last snapshot of the day at the same time: one of both.
-- What they commit is removed again. SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
INSERT INTO divergence_snapshot (title, measure, measure_version, basis, source, from_month, to_month, region_basis, as_of, level, items,
    overview, sha256, created_at, created_by)
SELECT 'together', 'ddd_per_1000_per_day', 1, 'ddd', 'amgros', '2021-01-01', '2021-01-01', 'as_reported', now(), 5, 0, '{}',
    encode(sha256('{}'), 'hex'), now() - interval '1 day' * (n / 99), 'together' FROM generate_series(0, 197) n;
BEGIN;
SET LOCAL search_path = medkoord, public, pg_temp;
SELECT plan(5);

SELECT two_sessions();
\set take '\'SELECT title FROM take_divergence_snapshot(\'\'together\'\', divergence_ask(\'\'ddd_per_1000_per_day\'\', NULL, \'\'amgros\'\', \'\'2021-01-01\'\', \'\'2021-01-01\'\', NULL, \'\'as_reported\'\', NULL, 5, false, \'\'/\'\'), NULL, \'\'atc\'\')\''

SELECT begins('one', 'together', 'forum_secretariat'), begins('two', 'together', 'forum_secretariat');
SELECT is(asks('one', :take), 'together', 'the hundredth of the day is taken; those of yesterday do not count');
SELECT second_finds(:take, 'You have taken 100 snapshots today.', 'another of the same person is refused');
SELECT begins('one', 'together-other', 'forum_secretariat'), begins('two', 'together-third', 'forum_secretariat');
SELECT is(asks('one', :take), 'together', 'somebody else takes one');
SELECT is(asks('two', :take), 'together', 'and nobody waits for others');
SELECT does('one', 'ROLLBACK'), does('two', 'ROLLBACK');

SELECT * FROM finish();
COMMIT;
ALTER TABLE divergence_snapshot DISABLE TRIGGER divergence_snapshot_never_changes;
DELETE FROM divergence_snapshot WHERE created_by LIKE 'together%';
ALTER TABLE divergence_snapshot ENABLE TRIGGER divergence_snapshot_never_changes;
