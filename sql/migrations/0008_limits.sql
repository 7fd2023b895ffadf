-- Limits: what a coordinator sees of a rejected delivery, and how many snapshots a person takes in a day.
-- Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0

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
