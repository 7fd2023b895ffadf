-- get_body_calendar: the meetings of one body that the caller may see, as iCalendar.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :body text
SELECT c.calendar, left(md5(c.calendar), 20) AS _etag
FROM (SELECT meeting_calendar(b.body_no) AS calendar FROM body b WHERE b.slug = :body OFFSET 0) c
