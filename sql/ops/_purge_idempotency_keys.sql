-- _purge_idempotency_keys: removes keys older than 7 days, 10,000 at a time; needs no actor. Call again while it answers 10,000.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
SELECT purge_idempotency_keys() AS purged
