/* What the files of binding share: bind.c (parameters, body, arguments), bind_headers.c, bind_cursor.c.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_BIND_H
#define MEDKOORD_BIND_H

#include "server.h"

/* Index into op->parameters, or -1. Header names in any case. */
int bind_find(const struct operation *, enum parameter_in, const char *name);

/* bind_headers.c. Violations of headers are collected; a problem other than PROBLEM_NONE ends the request. */
enum problem_code bind_accept(struct request *); /* chooses r->representation */
enum problem_code bind_content(
    struct request *); /* Content-Type, Content-Encoding, whether there may be a body at all */
void bind_prefer(struct request *);
enum problem_code bind_if_match(struct request *); /* the entity tag, without quotes, becomes the parameter's value */

/* bind_cursor.c: false when the cursor is not one of this list with these filters. */
bool bind_cursor(struct request *, struct value cursor);

#endif
