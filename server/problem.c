/* What went wrong, as application/problem+json (RFC 9457), and from SQLSTATE and constraint to a problem code.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_name(const void *name, const void *entry) {
    return strcmp(name, ((const struct problem_name *)entry)->name);
}

static enum problem_code find(const char *name, const struct problem_name *list, size_t n) {
    const struct problem_name *entry = name == NULL ? NULL : bsearch(name, list, n, sizeof *list, compare_name);
    return entry == NULL ? PROBLEM_NONE : entry->code;
}

enum problem_code problem_from_code(const char *code) {
    return find(code, problem_by_code, n_problem_by_code);
}

void problem_set(struct request *r, enum problem_code code, const char *detail) {
    r->problem = code;
    r->status = problem_kinds[code].status;
    r->problem_detail = detail;
}

static void add_member(struct buffer *b, const char *name, const char *text) {
    if (text == NULL)
        return;
    buffer_format(b, ",\"%s\":", name);
    buffer_json(b, text, strlen(text));
}

/* What this caller said, made safe to say back: bytes that are not printable ASCII are percent-encoded. */
static void add_instance(struct buffer *b, const char *path) {
    buffer_text(b, ",\"instance\":\"");
    for (const unsigned char *p = (const unsigned char *)path; *p != '\0'; p++) {
        if (*p > 0x20 && *p < 0x7f && *p != '"' && *p != '\\' && *p != '<' && *p != '>')
            buffer_char(b, (char)*p);
        else
            buffer_format(b, "%%%02X", *p);
    }
    buffer_char(b, '"');
}

void problem_write(struct request *r) {
    const struct problem_kind *kind = &problem_kinds[r->problem];
    struct buffer *b = &r->reply;
    b->length = 0;
    b->failed = false;
    buffer_format(b, "{\"type\":\"/v1/openapi.json#/x-problems/%s\"", kind->code);
    add_member(b, "title", r->danish ? kind->title_da : kind->title);
    buffer_format(b, ",\"status\":%d", kind->status);
    add_member(b, "detail", r->problem_detail);
    add_instance(b, r->path);
    add_member(b, "code", kind->code);
    add_member(b, "request_id", r->id);
    if (r->n_violations > 0) {
        buffer_text(b, ",\"errors\":[");
        for (size_t i = 0; i < r->n_violations; i++) {
            buffer_text(b, i == 0 ? "{\"pointer\":" : ",{\"pointer\":");
            buffer_json(b, r->violations[i].pointer, strlen(r->violations[i].pointer));
            add_member(b, "code", r->violations[i].code);
            add_member(b, "detail", r->violations[i].detail);
            buffer_char(b, '}');
        }
        buffer_char(b, ']');
    }
    if (r->problem_members != NULL)
        buffer_text(b, r->problem_members);
    buffer_char(b, '}');
    if (b->failed)
        b->length = 0; /* out of memory: the status alone says it */
    r->content_type_out = "application/problem+json";
    if (kind->retry_after > 0) {
        const char *seconds = arena_printf(&r->arena, "%d", kind->retry_after);
        if (seconds != NULL)
            request_header(r, "Retry-After", seconds);
    }
    if (r->danish)
        request_header(r, "Content-Language", "da");
}

/* DETAIL of our own problems: a JSON array of {"code", "detail", "pointer"} when several things are wrong at once. */
static bool add_faults(struct request *r, const char *text) {
    json_error_t error;
    bool no_memory = false;
    json_t *faults = text == NULL ? NULL : json_parse(text, strlen(text), 0, &error, &no_memory), *fault;
    size_t i;
    json_array_foreach(faults, i, fault) {
        const char *code = json_string_value(json_object_get(fault, "code")),
                   *detail = json_string_value(json_object_get(fault, "detail"));
        const char *pointer = json_string_value(json_object_get(fault, "pointer"));
        enum problem_code known = code == NULL ? PROBLEM_NONE : problem_from_code(code);
        if (known != PROBLEM_NONE)
            request_violation(r, problem_kinds[known].code, pointer == NULL ? "" : pointer, "%s",
                              detail == NULL ? "" : detail);
    }
    json_decref(faults);
    return r->n_violations > 0;
}

/* Our own rules raise SQLSTATE MK000 with the problem's code as the constraint's name, text for the caller as the
 * message and a JSON pointer as the column's name; several at once stand in DETAIL. A violated constraint is looked up
 * by its name, anything else by its SQLSTATE and then by its class. PostgreSQL's own messages are for the log alone. */
void problem_from_db(struct request *r, const struct db_result *result) {
    const char *state = db_error_field(result, 'C'), *constraint = db_error_field(result, 'n');
    const char *message = db_error_field(result, 'M'), *column = db_error_field(result, 'c');
    enum problem_code code = PROBLEM_NONE;
    const char *detail = NULL;
    if (state == NULL)
        state = "";
    if (strcmp(state, "MK000") == 0) {
        code = problem_from_code(constraint);
        detail = message == NULL ? NULL : arena_copy(&r->arena, message, strlen(message));
        if (code != PROBLEM_NONE && !add_faults(r, db_error_field(result, 'D')) && column != NULL &&
            column[0] != '\0' && detail != NULL)
            request_violation(r, problem_kinds[code].code, column, "%s", detail);
    }
    if (code == PROBLEM_NONE)
        code = find(constraint, problem_by_constraint, n_problem_by_constraint);
    if (code == PROBLEM_NONE)
        code = find(state, problem_by_sqlstate, n_problem_by_sqlstate);
    if (code == PROBLEM_NONE) {
        char class[3] = {state[0], state[0] == '\0' ? '\0' : state[1]};
        code = find(class, problem_by_sqlstate, n_problem_by_sqlstate);
    }
    if (code == PROBLEM_NONE ||
        problem_kinds[code].status == 0) /* libpq's own failures, such as no memory, have none */
        code = state[0] == '\0' ? PROBLEM_OVERLOADED : PROBLEM_INTERNAL_ERROR;
    if (problem_kinds[code].status >= 500)
        log_line(LOG_ERROR, "statement failed", "request_id", r->id, "operation", r->op == NULL ? "" : r->op->id,
                 "sqlstate", state, "message", message == NULL ? "" : message, NULL);
    problem_set(r, code, detail);
}
