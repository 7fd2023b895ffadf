/* Connections of their own for what does not fit the pipelined lanes: uploads (COPY) and exports (row by row). Each
 * belongs to one user at a time; a loop has at most conf->stream_connections for uploads and as many for exports, so
 * that readers hold up no delivery. Who comes later waits, behind other subjects that have fewer of them. Callbacks run
 * on the loop's thread, never from within the call that asked for them, and may do anything with the stream, closing it
 * included.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_DB_STREAM_H
#define MEDKOORD_DB_STREAM_H

#include "server.h"

struct db_stream;
/* DB_ROWS: done, with a result. DB_ERROR: the statement failed, with a result (db_error_field()). DB_UNAVAILABLE,
 * DB_DEADLINE, DB_OVERLOADED: the connection is lost or was never there, result NULL; only db_stream_close() is left.
 */
typedef void (*db_stream_fn)(void *state, enum db_outcome, const struct db_result *);

enum db_stream_kind { STREAM_UPLOAD, STREAM_EXPORT, N_STREAM_KINDS };
/* Finds or opens a connection, begins a transaction on it as r's caller (read only for an export), and then calls
 * begun. r must live as long as the stream. NULL when out of memory. */
struct db_stream *db_stream_begin(struct request *, enum db_stream_kind, db_stream_fn begun, void *state);
/* At any time; NULL is legal. A transaction that is not finished is rolled back with its connection. */
void db_stream_close(struct db_stream *);

/* One at a time. deadline_ms 0: stream_idle_ms. */
void db_stream_command(struct db_stream *, const char *sql, long deadline_ms,
                       db_stream_fn done); /* COMMIT that rolled back: DB_ERROR */
void db_stream_statement(struct db_stream *, const struct statement *, const char *const *values, const int *lengths,
                         long deadline_ms, db_stream_fn done);
/* Sets the problem that an outcome other than DB_ROWS means; ends nothing. */
void db_stream_problem(struct request *, enum db_outcome, const struct db_result *);
/* Row by row: row is called for each with a result of one row, then done with none. row answers whether it can take
 * more; when not, nothing is read until db_stream_go_on(). */
typedef bool (*db_stream_row_fn)(void *state, const struct db_result *);
void db_stream_rows(struct db_stream *, const struct statement *, const char *const *values, const int *lengths,
                    db_stream_row_fn row, db_stream_fn done);
void db_stream_go_on(struct db_stream *);

/* After a COPY ... FROM STDIN command. db_stream_put() takes everything; false: hold back until writable is called
 * (with DB_ROWS). When the copy ends early (an error, a lost connection), writable is called with that outcome, also
 * unasked: then nothing more may be put. */
void db_stream_copy(struct db_stream *, const char *sql, db_stream_fn begun, db_stream_fn writable);
bool db_stream_put(struct db_stream *, const char *bytes, size_t n);
void db_stream_copy_fail(struct db_stream *, db_stream_fn done); /* takes it back: done is called with DB_ERROR */
void db_stream_copy_end(struct db_stream *, long deadline_ms, db_stream_fn done);

#endif
