-- ATC codes: form and level, names, search.
-- SPDX-License-Identifier: MPL-2.0
\set QUIET on
SET search_path = medkoord, public, pg_temp;
\i :statements
BEGIN;
SET LOCAL SESSION AUTHORIZATION medkoord_server;
SELECT plan(33);

-- form and level
SELECT is(atc_level(atc), level::smallint, concat(atc, ' is of level ', level))
FROM (VALUES ('J', 1), ('J01', 2), ('J01C', 3), ('J01CA', 4), ('J01CA02', 5), ('QJ', 1), ('QJ01', 2), ('QJ01C', 3), ('QJ01CA', 4), ('QJ01CA02', 5)) v (atc, level);
SELECT is(atc_level(atc), NULL, quote_literal(atc) || ' is no ATC code')
FROM unnest(ARRAY['', 'J0', 'J01CA0', 'j01', 'J01CA022', 'J01ÆA02', 'QQJ01', 'J01 ']) atc;

-- who may what
SELECT * FROM act_as('reader,region_coordinator,forum_secretariat,auditor', 'hovedstaden');
SELECT fails_with($$ EXECUTE put_atc_code ('J01CA02', 'pivampicillin', 'WHO', NULL) $$, '42501', 'only amgros and admin name codes');
SELECT * FROM act_as('amgros');
SELECT is((SELECT j - 'first_seen_at' FROM listed('put_atc_code', $$'J01CA02', 'Pivampicillin', 'WHO', NULL$$) j),
    '{"atc": "J01CA02", "level": 5, "name": "Pivampicillin", "name_source": "WHO", "_etag": "1", "_status": 201, "_location": "/v1/atc-codes/J01CA02"}',
    'a new code with its name');
INSERT INTO atc_code (atc) VALUES ('J01'), ('J01CA01'), ('J02AC01'), ('QJ01CA01');
SELECT fails_with($$ EXECUTE put_atc_code ('J01', 'Antibiotika', 'Sundhedsdatastyrelsen', NULL) $$, 'precondition_required');
SELECT is((SELECT concat_ws(' ', j ->> 'name', j ->> '_etag', j ->> '_status') FROM listed('put_atc_code', $$'J01', 'ANTIBAKTERIELLE MIDLER, BØRN', 'WHO', '1'$$) j),
    'ANTIBAKTERIELLE MIDLER, BØRN 2 200', 'a code that a delivery brought gets its name');
SELECT fails_with($$ EXECUTE put_atc_code ('J01', 'X', 'Y', '1') $$, 'precondition_failed');
SELECT fails_with($$ EXECUTE put_atc_code ('C01', 'X', 'Y', '1') $$, 'precondition_failed');
SELECT fails_with($$ EXECUTE put_atc_code ('J0', 'X', 'Y', NULL) $$, 'atc_code_form');
SELECT fails_with($$ EXECUTE put_atc_code ('C01', 'X', NULL, NULL) $$, 'atc_code_name_has_source');

-- search
SELECT * FROM act_as('reader');
SELECT is((SELECT string_agg(j ->> 'atc', ' ') FROM listed('list_atc_codes', 'NULL, NULL, NULL, NULL, 51, NULL') j), 'J01 J01CA01 J01CA02 J02AC01 QJ01CA01', 'all');
SELECT is((SELECT string_agg(j ->> 'atc', ' ') FROM listed('list_atc_codes', '''J01'', NULL, NULL, NULL, 51, NULL') j), 'J01 J01CA01 J01CA02', 'by prefix');
SELECT is((SELECT string_agg(j ->> 'atc', ' ') FROM listed('list_atc_codes', 'NULL, ''bør'', NULL, NULL, 51, NULL') j), 'J01', 'by name, whatever the case, in Danish');
SELECT is_empty($$ EXECUTE list_atc_codes (NULL, '%', NULL, NULL, 51, NULL) $$, 'a per cent sign is itself');
SELECT is((SELECT string_agg(concat_ws(' ', j ->> 'atc', j ->> '_total'), ', ') FROM listed('list_atc_codes', '''J01'', NULL, 5, ''exact'', 51, ''J01CA01''') j), 'J01CA02 2', 'by level; a page, with the total');
SELECT is_empty($$ EXECUTE get_atc_code ('C01') $$, 'not seen yet');
SELECT * FROM act_as('', subject => '');
SELECT is_empty($$ EXECUTE get_atc_code ('J01') $$, 'nobody reads nothing');

SELECT * FROM finish();
ROLLBACK;
