-- get_meeting_count: how many meetings of a year a body has held and called, against what is expected.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :body text
-- :year int4
SELECT c.body, c.year, c.expected, c.called, c.held, c.cancelled, CASE WHEN c.expected > c.called + c.held THEN c.expected - c.called - c.held WHEN c.expected IS NOT NULL THEN 0 END AS missing,
    left(md5(c::text), 20) AS _etag
FROM (
    SELECT b.slug AS body, y.year,
        CASE WHEN daterange(b.valid_from, b.valid_to) && daterange(make_date(y.year, 1, 1), make_date(y.year + 1, 1, 1))
             THEN b.meetings_a_year END::int AS expected,
        (count(*) FILTER (WHERE m.state = 'called'))::int AS called,
        (count(*) FILTER (WHERE m.state IN ('held', 'minutes_approved')))::int AS held,
        (count(*) FILTER (WHERE m.state = 'cancelled' AND m.called_at IS NOT NULL))::int AS cancelled
    FROM body b
    CROSS JOIN (SELECT COALESCE(:year, EXTRACT(year FROM today())::int) AS year) y
    LEFT JOIN meeting m ON m.body_no = b.body_no AND m.starts_at >= danish_midnight(make_date(y.year, 1, 1))
        AND m.starts_at < danish_midnight(make_date(y.year + 1, 1, 1))
    WHERE b.slug = :body
    GROUP BY b.body_no, y.year
) c
