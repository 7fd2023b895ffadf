/* JSON to structs and back, by the contract's tables; and the results that a caller gets.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <string.h>

#define MAX_FIELDS 64 /* of a struct, as the generator promises */

/* Where one is: names and indices up to the root. */
struct place {
    const struct place *above;
    const char *name; /* NULL: the index counts */
    size_t index;
};

struct decoder {
    struct mk_arena *arena;
    char *where;
};

struct encoder {
    struct mk_buffer *to;
    char *where;
};

static size_t write_place(char *to, size_t room, const struct place *place) {
    if (place == NULL)
        return 0;
    size_t n = write_place(to, room, place->above);
    if (n + 2 >= room)
        return n;
    int more = place->name != NULL ? snprintf(to + n, room - n, "/%s", place->name)
                                   : snprintf(to + n, room - n, "/%zu", place->index);
    n += (size_t)more;
    return n < room ? n : room - 1;
}

/* The longest pointer leaves room for the words behind it. */
static bool wrong(char *where, const struct place *place, const char *what) {
    const size_t room = MK_WHERE - 40;
    where[0] = '\0';
    write_place(where, room, place);
    mk_text_tidy(where, room); /* names of a map are the server's */
    size_t n = strlen(where);
    snprintf(where + n, MK_WHERE - n, "%s %s", n == 0 ? "/" : "", what);
    return false;
}

/* What one value takes up in a struct or a list. */
static size_t size_of(enum mk_kind kind) {
    return kind == MK_INTEGER ? sizeof(int64_t) : kind == MK_BOOLEAN ? sizeof(bool) : sizeof(void *);
}

/* A member of a map: its name, and then its value. */
static const size_t VALUE_OF_NAMED = sizeof(const char *);

static size_t size_of_named(enum mk_kind kind) {
    return kind == MK_INTEGER ? sizeof(struct {
        const char *name;
        int64_t value;
    })
                              : 2 * sizeof(void *);
}

static void put_pointer(void *to, const void *pointer) {
    memcpy(to, &pointer, sizeof pointer);
}

static const void *get_pointer(const void *from) {
    const void *pointer;
    memcpy(&pointer, from, sizeof pointer);
    return pointer;
}

/* ---- reading ---- */

static bool decode_struct(struct decoder *d, const struct mk_type *type, const struct mk_json *json, void *to,
                          const struct place *place);

static bool decode_text(struct decoder *d, const struct mk_json *json, void *to) {
    const char *copy = mk_arena_text(d->arena, json->text, json->n);
    put_pointer(to, copy);
    return copy != NULL;
}

static bool decode_value(struct decoder *d, const struct mk_field *field, const struct mk_json *json, void *to,
                         const struct place *place) {
    switch (field->kind) {
    case MK_TEXT:
        return json->kind == MK_JSON_STRING ? decode_text(d, json, to) : wrong(d->where, place, "is no text");
    case MK_DECIMAL:
        return json->kind == MK_JSON_NUMBER ? decode_text(d, json, to) : wrong(d->where, place, "is no number");
    case MK_INTEGER: {
        int64_t value;
        if (!mk_json_integer(json, &value))
            return wrong(d->where, place, "is no whole number of 64 bits");
        memcpy(to, &value, sizeof value);
        return true;
    }
    case MK_BOOLEAN: {
        bool value = json->kind == MK_JSON_TRUE;
        if (!value && json->kind != MK_JSON_FALSE)
            return wrong(d->where, place, "is neither true nor false");
        memcpy(to, &value, sizeof value);
        return true;
    }
    default: {
        void *inner = mk_arena_alloc(d->arena, field->type->size);
        put_pointer(to, inner);
        return inner != NULL && decode_struct(d, field->type, json, inner, place);
    }
    }
}

/* An array or an object of any names. The pointer is set also when there is nothing in it, so that it is told from
 * null. */
static bool decode_many(struct decoder *d, const struct mk_field *field, const struct mk_json *json, char *to,
                        const struct place *place) {
    bool map = field->shape == MK_MAP;
    if (json->kind != (map ? MK_JSON_OBJECT : MK_JSON_ARRAY))
        return wrong(d->where, place, map ? "is no object" : "is no list");
    size_t size = map ? size_of_named(field->kind) : size_of(field->kind);
    char *elements = mk_arena_alloc(d->arena, json->n * size);
    if (elements == NULL)
        return false;
    put_pointer(to + field->offset, elements);
    memcpy(to + field->count_offset, &json->n, sizeof json->n);
    struct place inside = {.above = place};
    for (const struct mk_json *child = json->first; child != NULL; child = child->next, elements += size) {
        inside.name = child->name;
        if (map) {
            const char *name = mk_arena_text(d->arena, child->name, strlen(child->name));
            if (name == NULL)
                return false;
            put_pointer(elements, name);
        }
        if (!decode_value(d, field, child, elements + (map ? VALUE_OF_NAMED : 0), &inside))
            return false;
        inside.index++;
    }
    return true;
}

static bool decode_field(struct decoder *d, const struct mk_field *field, const struct mk_json *json, char *to,
                         const struct place *place) {
    if (json->kind == MK_JSON_NULL && (field->nullable || !field->required))
        return true;
    if (field->shape == MK_MANY || field->shape == MK_MAP)
        return decode_many(d, field, json, to, place);
    if (field->shape == MK_ONE || (field->kind != MK_INTEGER && field->kind != MK_BOOLEAN))
        return decode_value(d, field, json, to + field->offset, place);
    void *value = mk_arena_alloc(d->arena, size_of(field->kind));
    put_pointer(to + field->offset, value);
    return value != NULL && decode_value(d, field, json, value, place);
}

/* Members come in the contract's order, so the search begins where the last one ended. */
static const struct mk_field *find_field(const struct mk_type *type, const char *name, size_t *from) {
    for (size_t i = 0; i < type->n_fields; i++) {
        size_t at = (*from + i) % type->n_fields;
        if (strcmp(type->fields[at].name, name) == 0) {
            *from = at + 1;
            return &type->fields[at];
        }
    }
    return NULL;
}

static bool decode_struct(struct decoder *d, const struct mk_type *type, const struct mk_json *json, void *to,
                          const struct place *place) {
    if (json->kind != MK_JSON_OBJECT)
        return wrong(d->where, place, "is no object");
    if (type->sized)
        memcpy(to, &type->size, sizeof type->size);
    bool seen[MAX_FIELDS] = {false};
    size_t from = 0;
    struct place inside = {.above = place};
    for (const struct mk_json *member = json->first; member != NULL; member = member->next) {
        const struct mk_field *field = find_field(type, member->name, &from);
        if (field == NULL)
            continue;
        inside.name = field->name;
        if (seen[field - type->fields])
            return wrong(d->where, &inside, "stands twice");
        seen[field - type->fields] = true;
        if (!decode_field(d, field, member, to, &inside))
            return false;
    }
    for (size_t i = 0; i < type->n_fields; i++) {
        inside.name = type->fields[i].name;
        if (type->fields[i].required && !seen[i])
            return wrong(d->where, &inside, "is missing");
    }
    return true;
}

bool mk_decode(const struct mk_type *type, const struct mk_json *json, struct mk_arena *arena, void *to,
               char where[MK_WHERE]) {
    where[0] = '\0';
    return decode_struct(&(struct decoder){arena, where}, type, json, to, NULL);
}

/* ---- writing ---- */

void mk_json_write_text(struct mk_buffer *b, const char *text) {
    mk_buffer_add(b, "\"", 1);
    while (*text != '\0') {
        size_t n = 0;
        while (text[n] != '"' && text[n] != '\\' && (unsigned char)text[n] >= ' ')
            n++;
        mk_buffer_add(b, text, n);
        text += n;
        if (*text == '\0')
            break;
        char escaped[8];
        if (*text == '"' || *text == '\\')
            snprintf(escaped, sizeof escaped, "\\%c", *text);
        else
            snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)(unsigned char)*text);
        mk_buffer_add_text(b, escaped);
        text++;
    }
    mk_buffer_add(b, "\"", 1);
}

static bool encode_struct(struct encoder *e, const struct mk_type *type, const char *from, const struct place *place);

static bool encode_value(struct encoder *e, const struct mk_field *field, const void *from, const struct place *place) {
    if (field->kind == MK_INTEGER) {
        int64_t value;
        memcpy(&value, from, sizeof value);
        char text[24];
        mk_buffer_add_text(e->to, mk_integer_text(text, &value));
        return true;
    }
    if (field->kind == MK_BOOLEAN) {
        bool value;
        memcpy(&value, from, sizeof value);
        mk_buffer_add_text(e->to, value ? "true" : "false");
        return true;
    }
    const char *pointer = get_pointer(from);
    if (pointer == NULL)
        return wrong(e->where, place, "is missing");
    if (field->kind == MK_STRUCT)
        return encode_struct(e, field->type, pointer, place);
    if (field->kind == MK_DECIMAL) {
        if (!mk_json_number_is_good(pointer, strlen(pointer)))
            return wrong(e->where, place, "is no number");
        mk_buffer_add_text(e->to, pointer);
        return true;
    }
    if (!mk_utf8_is_good(pointer, strlen(pointer)))
        return wrong(e->where, place, "is not UTF-8");
    mk_json_write_text(e->to, pointer);
    return true;
}

static bool encode_many(struct encoder *e, const struct mk_field *field, const char *from, const struct place *place) {
    bool map = field->shape == MK_MAP;
    size_t n, size = map ? size_of_named(field->kind) : size_of(field->kind);
    memcpy(&n, from + field->count_offset, sizeof n);
    const char *elements = get_pointer(from + field->offset);
    if (n > 0 && elements == NULL)
        return wrong(e->where, place, "is missing");
    struct place inside = {.above = place};
    mk_buffer_add(e->to, map ? "{" : "[", 1);
    for (size_t i = 0; i < n; i++, elements += size) {
        if (i > 0)
            mk_buffer_add(e->to, ",", 1);
        inside.index = i;
        if (map) {
            inside.name = get_pointer(elements);
            if (inside.name == NULL || !mk_utf8_is_good(inside.name, strlen(inside.name)))
                return wrong(e->where, place, "has a member without a good name");
            mk_json_write_text(e->to, inside.name);
            mk_buffer_add(e->to, ":", 1);
        }
        if (!encode_value(e, field, elements + (map ? VALUE_OF_NAMED : 0), &inside))
            return false;
    }
    mk_buffer_add(e->to, map ? "}" : "]", 1);
    return true;
}

/* Whether a member is given: not when it is NULL, nor when the caller's struct is of an older header, without it. */
static bool is_given(const struct mk_field *field, const char *from, size_t size) {
    bool itself = field->shape == MK_ONE && (field->kind == MK_INTEGER || field->kind == MK_BOOLEAN);
    if (size < field->offset + (itself ? size_of(field->kind) : sizeof(void *)))
        return false;
    if (itself || get_pointer(from + field->offset) != NULL)
        return true;
    size_t n = 0;
    if (field->shape == MK_MANY || field->shape == MK_MAP)
        memcpy(&n, from + field->count_offset, sizeof n);
    return n > 0 || (field->required && !field->nullable && field->shape != MK_ONE);
}

static bool encode_struct(struct encoder *e, const struct mk_type *type, const char *from, const struct place *place) {
    size_t size = type->size;
    if (type->sized) {
        memcpy(&size, from, sizeof size);
        if (!mk_struct_is_good(from, type->size))
            return wrong(e->where, place, size == 0 ? "has no size" : "has members that this library does not know");
    }
    struct place inside = {.above = place};
    char before = '{';
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct mk_field *field = &type->fields[i];
        bool given = is_given(field, from, size);
        inside.name = field->name;
        if (!given && field->required && !field->nullable)
            return wrong(e->where, &inside, "is missing");
        if (!given && !field->required)
            continue;
        mk_buffer_add(e->to, &before, 1);
        before = ',';
        mk_json_write_text(e->to, field->name);
        mk_buffer_add(e->to, ":", 1);
        if (!given)
            mk_buffer_add_text(e->to, "null");
        else if (field->shape == MK_MANY || field->shape == MK_MAP) {
            if (!encode_many(e, field, from, &inside))
                return false;
        } else {
            bool behind = field->shape == MK_MAYBE && (field->kind == MK_INTEGER || field->kind == MK_BOOLEAN);
            const void *value = from + field->offset;
            if (!encode_value(e, field, behind ? get_pointer(value) : value, &inside))
                return false;
        }
    }
    mk_buffer_add_text(e->to, before == '{' ? "{}" : "}");
    return true;
}

bool mk_encode(const struct mk_type *type, const void *from, struct mk_buffer *to, char where[MK_WHERE]) {
    where[0] = '\0';
    return encode_struct(&(struct encoder){to, where}, type, from, NULL) && !to->failed;
}
