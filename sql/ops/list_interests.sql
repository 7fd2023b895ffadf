-- list_interests: interests that the caller may see, the latest declared first.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :person uuid
-- :kind text
-- :on date
-- :count text
-- :limit int8
-- :after_1 int4
SELECT id, person, name, kind, party, identifier, tie, valid_from AS "from", valid_to AS "to", end_reason, history, actions, changed_at,
    CASE WHEN :count = 'exact' THEN (SELECT count(*) FROM interests_page(:person, :kind, :on, 2147483647, NULL)) END AS _total,
    interest_no AS _after_1
FROM interests_page(:person, :kind, :on, CASE WHEN :after_1 IS NULL THEN 2147483647 ELSE :after_1 END, :limit)
ORDER BY interest_no DESC
