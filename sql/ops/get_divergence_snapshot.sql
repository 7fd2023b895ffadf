-- get_divergence_snapshot: a frozen overview, to the byte.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :snapshot uuid
SELECT s.id, s.title, s.measure, s.measure_version, s.source, divergence_month_name(s.from_month) AS from_month,
    divergence_month_name(s.to_month) AS to_month, s.region_basis, s.as_of, s.atc, s.level, s.material, s.items, s.sha256,
    s.created_at, s.created_by, s.overview, s.sha256 AS _etag
FROM divergence_snapshot s
WHERE s.id = :snapshot
