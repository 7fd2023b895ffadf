-- _store_idempotent_answer: keeps the answer with the key that this transaction has claimed.
-- SPDX-License-Identifier: MPL-2.0
-- cardinality: none
-- :key text
-- :status int4
-- :location text
-- :etag text
-- :body text
UPDATE idempotency_key SET status = :status, location = :location, etag = :etag, body = :body
WHERE subject = (SELECT actor_subject()) AND key = :key AND status IS NULL
