-- _claim_idempotency_key: takes the caller's key until the transaction ends, or answers what is stored with it.
-- All columns NULL: the key was free and the request goes on. Problems: request_in_progress, idempotency_key_reused.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: one
-- :key text
-- :operation text
-- :digest text
SELECT status, location, etag, body FROM claim_idempotency_key(:key, :operation, :digest)
