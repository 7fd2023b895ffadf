-- get_roster: who sits in a body on a day, and what the terms of reference miss.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :body text
-- :as_of date
SELECT b.slug AS body, d.as_of, s.seats, f.findings, left(md5(concat(d.as_of, s.seats, f.findings)), 20) AS _etag
FROM body b
CROSS JOIN LATERAL (SELECT COALESCE(:as_of, today()) AS as_of) d
CROSS JOIN LATERAL (
    SELECT COALESCE(json_agg(json_build_object('role', r.role, 'region', r.region, 'member', r.member, 'required', r.required,
        'status', r.status, 'appointed_by', r.appointed_by, 'appointments', r.appointments)), '[]') AS seats
    FROM roster_seats(b.body_no, d.as_of) r
    OFFSET 0
) s
CROSS JOIN LATERAL (
    SELECT COALESCE(json_agg(r), '[]') AS findings FROM roster_findings(b.body_no, d.as_of) r OFFSET 0
) f
WHERE b.slug = :body
