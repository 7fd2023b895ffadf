-- Limits: what a coordinator sees of a refused file, and how many snapshots one person takes in a day.
-- SPDX-License-Identifier: MPL-2.0

-- ---- rejections ----

-- For covers_only(), which runs as the owner. Every other function of the owner's asks for coverage that counts, or for a
-- caller who sees all of it.
CREATE POLICY consumption_coverage_of_owner ON consumption_coverage FOR SELECT TO medkoord_owner USING (true);
-- Whether a delivery speaks of these regions and no other. Before it is accepted a coordinator does not see which others.
CREATE FUNCTION covers_only(p_delivery_no int, p_regions smallint[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = medkoord, pg_temp
RETURN COALESCE((SELECT bool_and(c.region_no = ANY (p_regions)) FROM consumption_coverage c
                 WHERE c.delivery_no = p_delivery_no), false);

-- A line tells of one hospital, and does not say of which region. So a coordinator sees lines only of a delivery that is of
-- the coordinator's own regions alone; of one over several, what is wrong with the file as a whole, as its totals are
-- shown too. How many there were of each code is part of the delivery and shown with it.
DROP POLICY consumption_rejection_read ON consumption_rejection;
CREATE POLICY consumption_rejection_read ON consumption_rejection FOR SELECT USING (
    (SELECT sees_all_deliveries()) OR ((SELECT actor_has('region_coordinator')) AND CASE
        WHEN line IS NOT NULL THEN covers_only(delivery_no, (SELECT actor_regions()))
        ELSE EXISTS (SELECT FROM consumption_coverage c
                     WHERE c.delivery_no = consumption_rejection.delivery_no
                       AND c.region_no = ANY ((SELECT actor_regions())::smallint[])) END));
-- Prices are confidential in a refused file as well. What stands where a column's name should be is anything: in a file
-- without a header, the first line's cost.
CREATE POLICY consumption_rejection_cost ON consumption_rejection AS RESTRICTIVE FOR SELECT USING (
    (SELECT may_see_cost()) OR (column_name IS DISTINCT FROM 'cost_ore' AND code <> 'control_cost'
                                AND (code <> 'bad_column' OR value IS NULL)));

GRANT EXECUTE ON FUNCTION covers_only(int, smallint[]) TO medkoord_server;

-- ---- snapshots ----

CREATE INDEX divergence_snapshot_by_creator ON divergence_snapshot (created_by, created_at);

-- A snapshot is kept for ever, so nobody takes more than a hundred in a day. One at a time of each person's: the lock is
-- held until the transaction ends, and what counts is read after it was had.
CREATE FUNCTION limit_divergence_snapshots() RETURNS trigger LANGUAGE plpgsql SET search_path = medkoord, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.created_by, 7090881));
    IF (SELECT count(*) FROM divergence_snapshot s
        WHERE s.created_by = NEW.created_by AND s.created_at >= today()::timestamp AT TIME ZONE 'Europe/Copenhagen') >= 100 THEN
        PERFORM problem('too_many_snapshots', 'You have taken 100 snapshots today.');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER divergence_snapshot_limit BEFORE INSERT ON divergence_snapshot
    FOR EACH ROW EXECUTE FUNCTION limit_divergence_snapshots();
