-- get_meeting_calendar: every meeting that the caller may see, as iCalendar.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
SELECT c.calendar, left(md5(c.calendar), 20) AS _etag
FROM (SELECT meeting_calendar(NULL) AS calendar OFFSET 0) c
