/* What a request's headers say of its content and of the answer: Accept, Content-Type, Prefer, If-Match.
 * SPDX-License-Identifier: MPL-2.0 */
#include "bind.h"

#include <string.h>
#include <strings.h>

static bool is_space(char c) {
    return c == ' ' || c == '\t';
}

static struct value trim(const char *text, size_t n) {
    while (n > 0 && is_space(text[0]))
        text++, n--;
    while (n > 0 && is_space(text[n - 1]))
        n--;
    return (struct value){text, n};
}

/* Cuts the next element off *rest at a separator outside quotes. false at the end. */
static bool next_element(struct value *rest, char separator, struct value *ret) {
    if (rest->text == NULL)
        return false;
    bool quoted = false;
    size_t i = 0;
    for (; i < rest->length; i++) {
        char c = rest->text[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (c == separator && !quoted)
            break;
    }
    if (i >= rest->length) {
        *ret = trim(rest->text, rest->length);
        *rest = (struct value){0};
        return true;
    }
    *ret = trim(rest->text, i);
    *rest = (struct value){rest->text + i + 1, rest->length - i - 1};
    return true;
}

static bool same(struct value value, const char *text) {
    return value.length == strlen(text) && strncasecmp(value.text, text, value.length) == 0;
}

/* name=value, the value with or without quotes. */
static void split_pair(struct value pair, struct value *ret_name, struct value *ret_value) {
    const char *equals = pair.length == 0 ? NULL : memchr(pair.text, '=', pair.length);
    *ret_name = equals == NULL ? pair : trim(pair.text, (size_t)(equals - pair.text));
    *ret_value =
        equals == NULL ? (struct value){"", 0} : trim(equals + 1, pair.length - (size_t)(equals - pair.text) - 1);
    if (ret_value->length >= 2 && ret_value->text[0] == '"' && ret_value->text[ret_value->length - 1] == '"')
        *ret_value = (struct value){ret_value->text + 1, ret_value->length - 2};
}

/* ---- Accept (RFC 9110, section 12.5.1) ---- */

/* Thousandths; a weight of another form counts as 0, so that nonsense chooses nothing. */
static int quality(struct value text) {
    if (text.length == 0 || text.length > 5 || (text.text[0] != '0' && text.text[0] != '1') ||
        (text.length > 1 && text.text[1] != '.'))
        return 0;
    int q = (text.text[0] - '0') * 1000, place = 100;
    for (size_t i = 2; i < text.length; i++, place /= 10) {
        if (text.text[i] < '0' || text.text[i] > '9')
            return 0;
        q += (text.text[i] - '0') * place;
    }
    return q > 1000 ? 0 : q;
}

/* How well a range names the type: 0 not at all, 1 all types, 2 all of the kind, 3 exactly. */
static int range_fits(struct value range, const char *media_type) {
    const char *slash = strchr(media_type, '/');
    size_t kind = (size_t)(slash - media_type) + 1;
    if (same(range, "*/*"))
        return 1;
    if (range.length == kind + 1 && range.text[kind] == '*' && strncasecmp(range.text, media_type, kind) == 0)
        return 2;
    return same(range, media_type) ? 3 : 0;
}

/* The weight that the most exact of the ranges gives to a type. */
static int weight(struct value accept, const char *media_type) {
    int best_fit = 0, best = 0;
    struct value element, part = {0}, name, text;
    while (next_element(&accept, ',', &element)) {
        struct value parts = element;
        next_element(&parts, ';', &part); /* there is a first one, if empty */
        int fit = range_fits(part, media_type), q = 1000;
        while (next_element(&parts, ';', &part)) {
            split_pair(part, &name, &text);
            if (same(name, "q"))
                q = quality(text);
        }
        if (fit > best_fit || (fit == best_fit && fit > 0 && q > best)) {
            best_fit = fit;
            best = q;
        }
    }
    return best;
}

static const char *offered(struct request *r) {
    struct buffer list = {0};
    for (size_t i = 0; i < r->op->n_representations; i++)
        buffer_format(&list, "%s%s", i == 0 ? "" : ", ", r->op->representations[i].media_type);
    const char *text = list.failed ? NULL : arena_copy(&r->arena, list.bytes, list.length);
    buffer_free(&list);
    return text != NULL ? text : r->op->representations[0].media_type;
}

enum problem_code bind_accept(struct request *r) {
    const struct operation *op = r->op;
    if (op->n_representations == 0)
        return PROBLEM_NONE;
    if (r->accept.text == NULL || trim(r->accept.text, r->accept.length).length == 0) {
        r->representation = &op->representations[0];
        return PROBLEM_NONE;
    }
    int best = 0;
    for (size_t i = 0; i < op->n_representations; i++) {
        int w = weight(r->accept, op->representations[i].media_type);
        if (w > best) {
            best = w;
            r->representation = &op->representations[i];
        }
    }
    if (best > 0)
        return PROBLEM_NONE;
    VIOLATION(r, "not_in_enum", "header/Accept", "there is: %s", "der findes: %s", offered(r));
    return PROBLEM_NOT_ACCEPTABLE;
}

/* ---- Content-Type, Content-Encoding ---- */

static enum problem_code check_coding(struct request *r) {
    struct value coding = r->content_encoding;
    if (coding.text == NULL || same(coding, "identity") || (r->op->streams && same(coding, "gzip")))
        return PROBLEM_NONE;
    VIOLATION(r, "not_in_enum", "header/Content-Encoding", "taken here: %s", "her tages: %s",
              r->op->streams ? "identity, gzip" : "identity");
    return PROBLEM_UNSUPPORTED_MEDIA_TYPE;
}

enum problem_code bind_content(struct request *r) {
    static const char *const json[] = {"application/json", NULL}, *const patch[] = {"application/merge-patch+json",
                                                                                    NULL};
    const struct operation *op = r->op;
    if (op->body == NULL && !op->streams) {
        if (!r->has_body)
            return PROBLEM_NONE;
        r->problem_detail = "this operation takes no content";
        return PROBLEM_INVALID_BODY;
    }
    if (!r->has_body)
        return PROBLEM_NONE; /* bind_body or the handler says what is missing */
    const char *const *taken = op->consumes != NULL ? op->consumes : op->method == METHOD_PATCH ? patch : json;
    struct value parts = r->content_type, part, name, text;
    bool known = false, utf8 = true;
    if (next_element(&parts, ';', &part))
        for (const char *const *t = taken; *t != NULL && !known; t++)
            known = same(part, *t);
    while (next_element(&parts, ';', &part)) {
        split_pair(part, &name, &text);
        if (same(name, "charset") && !same(text, "utf-8"))
            utf8 = op->streams; /* JSON is UTF-8 (RFC 8259); of a stream its handler judges */
    }
    if (known && utf8)
        return check_coding(r);
    struct buffer list = {0};
    for (const char *const *t = taken; *t != NULL; t++)
        buffer_format(&list, "%s%s", t == taken ? "" : ", ", *t);
    VIOLATION(r, "not_in_enum", "header/Content-Type", "taken here: %.*s", "her tages: %.*s", (int)list.length,
              list.failed ? "" : list.bytes);
    buffer_free(&list);
    return PROBLEM_UNSUPPORTED_MEDIA_TYPE;
}

/* ---- Prefer (RFC 7240) ---- */

void bind_prefer(struct request *r) {
    struct value rest = r->prefer, element, part = {0}, name, text;
    while (next_element(&rest, ',', &element)) {
        struct value parts = element;
        next_element(&parts, ';', &part); /* there is a first one, if empty */
        split_pair(part, &name, &text);
        if (!same(name, "tx") || r->op->method == METHOD_GET)
            continue; /* preferences that we do not know are to be ignored, and a GET keeps nothing anyhow */
        bool offered_here = bind_find(r->op, IN_HEADER, "Prefer") >= 0;
        if (same(text, "rollback") && offered_here)
            r->prefer_rollback = true;
        else if (same(text, "rollback")) /* ignoring it would do what the caller wanted undone */
            VIOLATION(r, "not_applicable", "header/Prefer", "tx=rollback is not offered here",
                      "tx=rollback tilbydes ikke her");
        else if (!same(text, "commit"))
            VIOLATION(r, "not_in_enum", "header/Prefer", "tx is rollback or commit", "tx er rollback eller commit");
    }
}

/* ---- If-Match (RFC 9110, section 13.1.1) ---- */

/* A strong entity tag without its quotes; text NULL when it is not one. */
static struct value strong_tag(struct value tag) {
    if (tag.length < 2 || tag.text[0] != '"' || tag.text[tag.length - 1] != '"' ||
        memchr(tag.text + 1, '"', tag.length - 2) != NULL)
        return (struct value){0};
    return (struct value){tag.text + 1, tag.length - 2};
}

enum problem_code bind_if_match(struct request *r) {
    int i = bind_find(r->op, IN_HEADER, "If-Match");
    if (i < 0)
        return PROBLEM_NONE;
    struct value rest = trim(r->if_match.text, r->if_match.length), element, found = {0};
    r->parameters[i] = (struct value){0};
    if (rest.length == 0)
        return r->op->needs_if_match ? PROBLEM_PRECONDITION_REQUIRED : PROBLEM_NONE;
    if (same(rest, "*")) {
        r->parameters[i] = (struct value){"*", 1};
        return PROBLEM_NONE;
    }
    while (next_element(&rest, ',', &element)) {
        if (element.length > 2 && strncmp(element.text, "W/", 2) == 0 &&
            strong_tag((struct value){element.text + 2, element.length - 2}).text != NULL)
            continue; /* a weak tag never matches here */
        struct value tag = strong_tag(element);
        if (tag.text == NULL) {
            VIOLATION(r, "bad_pattern", "header/If-Match", "is not an entity tag in quotes, as \"3\"",
                      "er ikke et entity tag i anførselstegn, som \"3\"");
            return PROBLEM_INVALID_PARAMETER;
        }
        if (found.text != NULL) {
            VIOLATION(r, "too_many_items", "header/If-Match", "names more than one version",
                      "nævner mere end én version");
            return PROBLEM_INVALID_PARAMETER;
        }
        found = tag;
    }
    if (found.text == NULL)
        return PROBLEM_PRECONDITION_FAILED;
    const char *copy = arena_copy(&r->arena, found.text, found.length);
    if (copy == NULL)
        return PROBLEM_OVERLOADED;
    r->parameters[i] = (struct value){copy, found.length};
    return PROBLEM_NONE;
}
