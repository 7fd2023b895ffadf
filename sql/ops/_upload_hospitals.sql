-- _upload_hospitals: hospitals and the runs of covered months in which each belongs to one region; closed ones too.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :delivery_no int4
WITH placed AS (
    SELECT m.hospital_no, m.region_no, m.month,
        -- The same all through a run: months since year 0, less the rank.
        EXTRACT(year FROM m.month) * 12 + EXTRACT(month FROM m.month)
        - row_number() OVER (PARTITION BY m.hospital_no, m.region_no ORDER BY m.month) AS run
    FROM delivery_hospital_months(:delivery_no) m
)
SELECT h.code, p.hospital_no, p.region_no, min(p.month) AS from_month, max(p.month) AS to_month
FROM placed p JOIN hospital h ON h.hospital_no = p.hospital_no
GROUP BY h.code, p.hospital_no, p.region_no, p.run
ORDER BY h.code, from_month
