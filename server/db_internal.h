/* What db.c and db_stream.c share: how a connection is opened.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_DB_INTERNAL_H
#define MEDKOORD_DB_INTERNAL_H

#include "contract.h"

#include <libpq-fe.h>

struct conf;
/* Begins a non-blocking connection with the settings of a lane (N_LANES: an upload or export). NULL: out of memory. */
PGconn *db_connect_start(const struct conf *, enum lane);

#endif
