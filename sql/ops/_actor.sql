-- _actor: who acts, for the rest of the transaction. The first statement of every request.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: none
-- :subject text
-- :roles text
-- :region text
-- :request_id text
SELECT set_config('medkoord.subject', :subject, true), set_config('medkoord.roles', :roles, true),
    set_config('medkoord.region', :region, true), set_config('medkoord.request_id', :request_id, true)
