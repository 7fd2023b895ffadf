-- get_meeting: the agenda of a meeting for print, or its minutes, in Danish: which is asked for, or the minutes once there are any that
-- the caller may read.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :meeting text
-- :document text
WITH shown AS MATERIALIZED (
    SELECT m.meeting_no, m.version, m.body_no = ANY ((SELECT actor_bodies('read_draft'))::smallint[]) AS member, m.reference, COALESCE(m.body_name, b.name) AS body, m.title, m.starts_at, m.ends_at, m.place, m.state,
        t.reason, i.meeting_no IS NOT NULL AND :document IS DISTINCT FROM 'agenda' AS has_minutes, i.text AS minutes, a.changed_at AS approved_at, a.name AS approver
    FROM meeting m
    JOIN body b ON b.body_no = m.body_no
    LEFT JOIN meeting_transition t ON t.meeting_no = m.meeting_no AND t.action = 'cancel'
    LEFT JOIN meeting_minutes i ON i.meeting_no = m.meeting_no
    LEFT JOIN meeting_transition a ON a.meeting_no = m.meeting_no AND a.action = 'approve_minutes'
    WHERE m.reference = :meeting AND (i.meeting_no IS NOT NULL OR :document IS DISTINCT FROM 'minutes')
), page AS MATERIALIZED (
    SELECT s.member, s.version, concat(
        E'<!DOCTYPE html>\n<html lang="da">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n<title>',
        h.heading, ' ', s.reference, ': ', html_text(s.title), E'</title>\n<style>\n',
        E'@page { size: A4; margin: 20mm; }\n',
        E'body { font: 11pt/1.45 Georgia, serif; color: #111; max-width: 42em; margin: 2em auto; padding: 0 1em; }\n',
        E'h1 { font-size: 18pt; line-height: 1.2; margin: .2em 0 .8em; }\nh2 { font-size: 12pt; margin: 1.4em 0 .3em; }\n',
        E'.body, .state { font-family: Arial, sans-serif; font-size: 10pt; margin: 0; }\n',
        E'.state { border: 1px solid; padding: .4em .7em; margin: 1em 0; }\n',
        E'dl { display: grid; grid-template-columns: max-content 1fr; gap: .2em 1.2em; margin: 0 0 1.5em; }\n',
        E'dt { font-weight: bold; }\ndd { margin: 0; }\nsection { break-inside: avoid; }\n',
        E'.text { white-space: pre-line; overflow-wrap: anywhere; margin: .3em 0; }\n.about { color: #444; font-size: 10pt; margin: .2em 0; }\n',
        E'.decision { border-left: 3px solid; padding-left: .8em; }\n',
        E'@media print { body { max-width: none; margin: 0; padding: 0; } }\n</style>\n</head>\n<body>\n<header>\n<p class="body">',
        html_text(s.body), E'</p>\n<h1>', h.heading, ': ', html_text(s.title), E'</h1>\n',
        '<p class="state">' || html_text(CASE
            WHEN s.state = 'cancelled' THEN concat_ws(' ', 'Mødet er aflyst.', s.reason)
            WHEN s.state = 'draft' THEN 'Udkast: mødet er ikke indkaldt.'
            WHEN s.has_minutes AND s.state = 'held' THEN 'Udkast: referatet er ikke godkendt.'
            WHEN s.has_minutes THEN concat('Godkendt ', danish_date(danish_day(s.approved_at)), ' af ' || s.approver, '.')
        END) || E'</p>\n',
        E'</header>\n<main>\n<dl>\n<dt>Tid</dt><dd>', html_text(concat(
            danish_date(danish_day(s.starts_at)), ' kl. ', danish_time(s.starts_at), '–',
            CASE WHEN danish_day(s.ends_at) > danish_day(s.starts_at) THEN danish_date(danish_day(s.ends_at)) || ' kl. ' END, danish_time(s.ends_at))),
        E'</dd>\n', '<dt>Sted</dt><dd>' || html_text(s.place) || E'</dd>\n', '<dt>Møde</dt><dd>', s.reference, E'</dd>\n',
        CASE WHEN s.has_minutes THEN (
            SELECT string_agg(concat('<dt>', w.heading, '</dt><dd>', w.names, E'</dd>\n'), '' ORDER BY w.n)
            FROM (SELECT k.n, k.heading, string_agg(html_text(COALESCE(t.name, p.name)), ', ' ORDER BY COALESCE(t.name, p.name), p.id) AS names
                  FROM (VALUES (1, 'present', 'Til stede'), (2, 'apologies', 'Afbud'), (3, 'absent', 'Fraværende')) AS k (n, attendance, heading)
                  JOIN meeting_attendance t ON t.meeting_no = s.meeting_no AND t.attendance = k.attendance
                  JOIN person p ON p.person_no = t.person_no
                  GROUP BY k.n, k.heading) w) END,
        E'</dl>\n',
        CASE WHEN s.has_minutes THEN '<p class="text">' || html_text(s.minutes) || E'</p>\n' END,
        (SELECT string_agg(concat(
             '<section>', E'\n<h2>', a.item, '. ', html_text(a.title), CASE WHEN a.closed THEN ' (lukket punkt)' END, E'</h2>\n',
             '<p class="about">' || NULLIF(concat_ws(' · ',
                 CASE a.purpose WHEN 'information' THEN 'Til orientering' WHEN 'discussion' THEN 'Til drøftelse' WHEN 'decision' THEN 'Til beslutning' END,
                 CASE a.link_kind WHEN 'case' THEN 'Sag ' WHEN 'snapshot' THEN 'Øjebliksbillede ' WHEN 'application' THEN 'Ansøgning '
                     WHEN 'list' THEN 'Prioriteret oversigt ' END || html_text(COALESCE(d.title, a.link_ref))), '') || E'</p>\n',
             '<p class="text">' || html_text(a.text) || E'</p>\n',
             '<p class="about">Inhabile: ' || r.names || E'</p>\n',
             '<p class="text">' || html_text(x.text) || E'</p>\n',
             '<p class="text decision"><strong>Beslutning:</strong> ' || html_text(x.decision) || E'</p>\n',
             E'</section>\n'), '' ORDER BY a.item)
         FROM agenda_item a
         LEFT JOIN divergence_snapshot d ON d.snapshot_no = a.snapshot_no
         LEFT JOIN meeting_minutes_item x ON s.has_minutes AND x.meeting_no = a.meeting_no AND x.item = a.item
         LEFT JOIN (SELECT e.item, string_agg(html_text(e.name), ', ' ORDER BY e.name, e.person) AS names
                    FROM meeting_recused(s.meeting_no) e WHERE s.has_minutes GROUP BY e.item) r ON r.item = a.item
         WHERE a.meeting_no = s.meeting_no),
        E'</main>\n</body>\n</html>\n') AS html
    FROM shown s CROSS JOIN LATERAL (SELECT CASE WHEN s.has_minutes THEN 'Referat' ELSE 'Dagsorden' END AS heading) h
)
SELECT html, meeting_etag(member, version, html) AS _etag FROM page
