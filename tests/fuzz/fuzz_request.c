/* Fuzz target of all that stands before the database in a request's head: the gate, route, token, roles, path, query
 * and header binding. Whatever is accepted reaches the database as PostgreSQL takes it, and a list's next page is found
 * again by the cursor that it is given; whatever is refused is refused with a problem that is whole.
 *
 * Input: the head of a request as on the wire, its lines ended by LF or CR LF; "Authorization: T" becomes a valid
 * token.
 * SPDX-License-Identifier: MPL-2.0 */
#include "auth.h"
#include "fuzz.h"
#include "http_gate.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct shared shared;
static struct loop loop;
static char authorization[2048];

/* ---- a loop with a key and a token that has all roles ---- */

static void encode(const void *bytes, size_t n, char *ret, size_t capacity) {
    MUST(text_to_base64url(bytes, n, ret, capacity) != (size_t)-1);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    static struct conf conf;
    unsigned char raw[32], signature[64];
    size_t n = sizeof raw, length = sizeof signature;
    char x[64], jwks[256], error[256], roles[512] = "", claims[1024];
    MUST(schema_init());
    route_init();
    log_set_level((enum log_level)(LOG_ERROR + 1));
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    MUST(EVP_PKEY_get_raw_public_key(key, raw, &n) == 1);
    encode(raw, n, x, sizeof x);
    snprintf(jwks, sizeof jwks, "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k\",\"x\":\"%s\"}]}", x);
    for (size_t i = 0; i < n_roles; i++)
        snprintf(roles + strlen(roles), sizeof roles - strlen(roles), "%s\"%s\"", i == 0 ? "" : ",", role_names[i]);
    snprintf(claims, sizeof claims, "{\"iss\":\"i\",\"aud\":\"a\",\"sub\":\"s\",\"exp\":253402300799,\"roles\":[%s]}",
             roles);
    static const char header[] = "{\"alg\":\"EdDSA\",\"kid\":\"k\"}";
    strcpy(authorization, "Bearer ");
    char *token = authorization + 7;
    encode(header, sizeof header - 1, token, 100);
    strcat(token, ".");
    encode(claims, strlen(claims), token + strlen(token), 1500);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    MUST(EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
         EVP_DigestSign(context, signature, &length, (unsigned char *)token, strlen(token)) == 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    strcat(token, ".");
    encode(signature, length, token + strlen(token), 100);
    shared.conf = &conf;
    shared.rules = (struct auth_rules){"i", "a", 0};
    loop.shared = &shared;
    loop.keys = auth_keys_parse(jwks, strlen(jwks), error, sizeof error);
    loop.cache = auth_cache_create(16);
    loop.metrics = metrics_create();
    MUST(loop.keys != NULL && loop.cache != NULL && loop.metrics != NULL);
    return 0;
}

/* ---- a head in memory, as libmicrohttpd leaves it there ---- */

struct head_line {
    const char *name, *value;
    size_t name_length, length;
};
struct wire {
    char *bytes;
    const char *method, *target, *version, *end;
    struct head_line lines[120];
    size_t n_lines;
};

/* The line at *at, NUL-ended in place; *at: behind the two bytes of its CR LF. */
static char *cut_line(char **at, const char *end) {
    char *line = *at, *stop = memchr(line, '\n', (size_t)(end - line));
    MUST(stop != NULL && stop[-1] == '\r');
    stop[-1] = stop[0] = '\0';
    *at = stop + 1;
    return line;
}

/* false: libmicrohttpd itself would refuse this. */
static bool to_wire(struct wire *wire, const char *data, size_t size) {
    struct buffer bytes = {0};
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\r' || (data[i] == '\n' && i == 0))
            continue;
        if (data[i] == '\n')
            buffer_text(&bytes, "\r\n");
        else
            buffer_char(&bytes, data[i]);
    }
    char *at = wire->bytes = bytes.bytes;
    const char *end = wire->end = bytes.bytes + bytes.length;
    char *line = cut_line(&at, end), *space = strchr(line, ' '), *last = strrchr(line, ' ');
    if (space == NULL || last == space)
        return false;
    *space = *last = '\0';
    wire->method = line;
    wire->target = space + 1;
    wire->version = last + 1;
    while (at < end) {
        char *next = at;
        line = cut_line(&next, end);
        char *colon = memchr(line, ':', (size_t)(next - line) - 2);
        if (colon == NULL || wire->n_lines == sizeof wire->lines / sizeof *wire->lines)
            return false;
        char *value = colon + 1 + strspn(colon + 1, " \t");
        *colon = '\0';
        wire->lines[wire->n_lines++] =
            (struct head_line){line, value, (size_t)(colon - line), (size_t)(next - value) - 2};
        at = next;
    }
    return true;
}

static struct request *take(const struct wire *wire) {
    struct request *r = request_create(&loop, NULL, wire->target);
    struct gate_head head;
    MUST(r != NULL);
    gate_line(&head, r, wire->method, wire->target, wire->version);
    for (size_t i = 0; i < wire->n_lines; i++) {
        const struct head_line *l = &wire->lines[i];
        if (!gate_header(&head, l->name, l->name_length, l->value, l->length))
            break;
    }
    gate_end(&head, wire->end + 2); /* behind the empty line */
    if (gate_check(&head, r, wire->method, wire->version))
        request_check_head(r);
    return r;
}

/* ---- what must hold ---- */

static void check_reply(const struct request *r) {
    for (size_t i = 0; i < r->n_headers; i++) /* nothing of the request can begin a line of the answer */
        for (const unsigned char *c = (const unsigned char *)r->headers[i].value; *c != '\0'; c++)
            MUST(*c >= 0x20 && *c != 0x7f);
    MUST(r->id[0] != '\0' && strlen(r->id) < sizeof r->id);
    if (r->problem == PROBLEM_NONE) { /* only OPTIONS is answered from the head alone */
        MUST(r->status == 204 && r->method == METHOD_OPTIONS && r->op == NULL && r->reply.length == 0);
        return;
    }
    MUST(r->status >= 400 && r->status < 500);
    MUST(fuzz_is_jsonb(r->reply.bytes, r->reply.length));
    json_t *problem = json_loadb(r->reply.bytes, r->reply.length, JSON_REJECT_DUPLICATES, NULL), *fault;
    MUST(json_integer_value(json_object_get(problem, "status")) == r->status);
    MUST(json_string_value(json_object_get(problem, "code")) != NULL);
    size_t i;
    json_array_foreach(json_object_get(problem, "errors"), i, fault) {
        const char *code = json_string_value(json_object_get(fault, "code"));
        MUST(code != NULL && problem_from_code(code) != PROBLEM_NONE);
    }
    json_decref(problem);
}

static void check_value(const struct schema *s, const char *text, size_t n) {
    MUST(strlen(text) == n && fuzz_is_text(text, n));
    if (s->types & TYPE_STRING) {
        size_t characters = mbstowcs(NULL, text, 0);
        MUST(characters != (size_t)-1 && characters >= s->min_length &&
             (s->max_length == 0 || characters <= s->max_length));
        if (s->format == FORMAT_DATE)
            MUST(fuzz_is_date(text));
        char first[16];
        snprintf(first, sizeof first, "%.8s-01", text);
        if (s->format == FORMAT_MONTH)
            MUST(n == 7 && fuzz_is_date(first));
        if (s->format == FORMAT_UUID)
            MUST(n == 36 && strspn(text, "0123456789abcdefABCDEF-") == 36);
        bool found = s->enumeration == NULL;
        for (const char *const *e = s->enumeration; !found && *e != NULL; e++)
            found = strcmp(*e, text) == 0;
        MUST(found);
        if (s->pattern >= 0) {
            regex_t pattern;
            MUST(regcomp(&pattern, schema_patterns[s->pattern], REG_EXTENDED | REG_NOSUB) == 0);
            MUST(regexec(&pattern, text, 0, NULL, 0) == 0);
            regfree(&pattern);
        }
    } else if (s->types & TYPE_BOOLEAN) {
        MUST(strcmp(text, "true") == 0 || strcmp(text, "false") == 0);
    } else if (s->types & TYPE_INTEGER) {
        char *stop;
        long long value = strtoll(text, &stop, 10);
        MUST(n > 0 && *stop == '\0' && strchr("-0123456789", text[0]) != NULL);
        MUST(!s->has_minimum || value >= s->minimum);
        MUST(!s->has_maximum || value <= s->maximum);
    }
}

static void check_parameters(struct request *r) {
    for (size_t i = 0; i < r->op->n_parameters; i++) {
        const struct parameter *p = &r->op->parameters[i];
        struct value value = r->parameters[i];
        if (value.text == NULL) {
            MUST(!p->required || p->in == IN_HEADER);
            continue;
        }
        if (strcasecmp(p->name, "If-Match") == 0) { /* the tag without its quotes, or a star */
            MUST(memchr(value.text, '"', value.length) == NULL && strlen(value.text) == value.length);
            continue;
        }
        char *copy = strndup(value.text, value.length), *rest = copy, *item;
        MUST(strlen(copy) == value.length);
        if (p->list)
            while ((item = strsep(&rest, ",")) != NULL)
                check_value(p->schema, item, strlen(item));
        else
            check_value(p->schema, value.text, value.length);
        free(copy);
    }
}

static void check_arguments(struct request *r, const struct statement *s) {
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n_bindings; i++)
        if (s->bindings[i].from == FROM_BODY || s->bindings[i].from == FROM_BODY_PROPERTY)
            return; /* the body's turn comes later; see fuzz_body.c */
    MUST(bind_arguments(r, s));
    for (size_t i = 0; i < s->n_bindings; i++)
        if (r->arguments[i] != NULL)
            MUST(fuzz_is_text(r->arguments[i], (size_t)r->argument_lengths[i]) || s->bindings[i].from == FROM_IF_MATCH);
}

static bool has_pages(const struct request *r) {
    bool cursor = false;
    for (size_t i = 0; i < r->op->n_parameters; i++)
        cursor = cursor || (r->op->parameters[i].in == IN_QUERY && strcmp(r->op->parameters[i].name, "cursor") == 0);
    return cursor && (r->representation == NULL || !r->representation->stream);
}

/* The address of the page behind keys like these leads back to the same list, filters and keys. */
static void check_next_page(struct request *r, struct wire *wire) {
    static const char *const keys[] = {"2024-01-01", NULL, "S\xc3\xb8ren & \"co\", a/b", ""};
    const char *url = bind_next_url(r, keys, 4);
    MUST(url != NULL);
    struct wire again = {.method = wire->method};
    struct buffer head = {0};
    buffer_format(&head, "%s %s HTTP/1.1\nHost: x\n", wire->method, url);
    if (r->authorization.text != NULL)
        buffer_format(&head, "Authorization: %s\n", authorization);
    MUST(to_wire(&again, head.bytes, head.length));
    buffer_free(&head);
    struct request *page = take(&again);
    MUST(page->stage == STAGE_BODY && page->op == r->op && page->n_cursor == 4 && page->limit == r->limit);
    for (size_t i = 0; i < 4; i++)
        MUST(keys[i] == NULL ? page->cursor[i] == NULL : strcmp(keys[i], page->cursor[i]) == 0);
    for (size_t i = 0; i < r->op->n_parameters; i++) {
        const struct parameter *p = &r->op->parameters[i];
        if (p->in == IN_HEADER || strcmp(p->name, "cursor") == 0)
            continue;
        const char *a = r->parameters[i].text, *b = page->parameters[i].text;
        MUST((a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0));
    }
    request_destroy(page);
    free(again.bytes);
}

/* ---- one input ---- */

static void with_token(struct buffer *out, const char *data, size_t size) {
    static const char mark[] = "Authorization: T\n";
    const char *at = memmem(data, size, mark, sizeof mark - 1);
    buffer_add(out, data, at == NULL ? size : (size_t)(at - data));
    if (at == NULL)
        return;
    buffer_format(out, "Authorization: %s\n", authorization);
    at += sizeof mark - 1;
    buffer_add(out, at, size - (size_t)(at - data));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > 40000 || data[0] == '\n')
        return 0;
    struct buffer head = {0};
    with_token(&head, (const char *)data, size);
    if (head.bytes[head.length - 1] != '\n')
        buffer_char(&head, '\n');
    struct wire wire = {0};
    if (to_wire(&wire, head.bytes, head.length)) {
        struct request *r = take(&wire);
        if (r->stage == STAGE_ANSWERED) {
            check_reply(r);
        } else {
            MUST(r->stage == STAGE_BODY && r->op != NULL && r->problem == PROBLEM_NONE && r->n_violations == 0);
            MUST(r->op->roles == 0 || (r->authorization.text != NULL && (r->actor.roles & r->op->roles) != 0));
            check_parameters(r);
            check_arguments(r, r->representation != NULL && r->representation->statement != NULL
                                   ? r->representation->statement
                                   : r->op->statement);
            if (has_pages(r))
                check_next_page(r, &wire);
        }
        request_destroy(r);
    }
    free(wire.bytes);
    buffer_free(&head);
    return 0;
}
