-- list_meetings: meetings that the caller may see, the latest first.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: many
-- :body text
-- :year int4
-- :state text
-- :from date
-- :to date
-- :concerns text
-- :count text
-- :limit int8
-- :after_1 timestamptz
-- :after_2 text
WITH matching AS NOT MATERIALIZED (
    SELECT m.meeting_no, m.reference, m.body_no, m.title, m.starts_at, m.ends_at, m.place, m.state,
        CASE WHEN m.body_no = ANY ((SELECT actor_bodies('read_draft'))::smallint[]) THEN m.changed_at ELSE m.open_changed_at END AS changed_at
    FROM meeting m
    WHERE (:body IS NULL OR m.body_no = (SELECT require_body(:body, 'query/body')))
      AND (:year IS NULL OR (m.starts_at >= danish_midnight(make_date(:year, 1, 1)) AND m.starts_at < danish_midnight(make_date(:year + 1, 1, 1))))
      AND (:state IS NULL OR m.state = :state)
      AND (:from IS NULL OR m.starts_at >= danish_midnight(:from))
      AND (:to IS NULL OR m.starts_at < danish_midnight(:to + 1))
      AND (:concerns IS NULL OR EXISTS (SELECT FROM agenda_item a WHERE a.meeting_no = m.meeting_no AND a.link_ref = :concerns))
)
SELECT m.reference, b.slug AS body, m.title, m.starts_at, m.ends_at, m.place, m.state, m.changed_at,
    CASE WHEN :count = 'exact' THEN (SELECT count(*) FROM matching) END AS _total,
    m.starts_at AS _after_1, m.reference AS _after_2
FROM matching m JOIN body b ON b.body_no = m.body_no
WHERE (m.starts_at, m.reference) < (CASE WHEN :after_1 IS NULL THEN 'infinity' ELSE :after_1 END,
                                     CASE WHEN :after_2 IS NULL THEN 'MT-9999-9999999' ELSE :after_2 END)
ORDER BY m.starts_at DESC, m.reference DESC
LIMIT :limit
