/* JSON of the server for people: lists as tables, objects as names and values; and as CSV.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <string.h>

static bool is_plain(const struct mk_json *t) {
    return t->kind != MK_JSON_ARRAY && t->kind != MK_JSON_OBJECT;
}

static bool all_plain(const struct mk_json *t) {
    for (const struct mk_json *m = t->first; m != NULL; m = m->next)
        if (!is_plain(m))
            return false;
    return true;
}

/* `name=value` of an object, its values joined by commas of an array: short enough for a cell. */
static void put_inside(struct text *to, const struct mk_json *t) {
    for (const struct mk_json *m = t->first; m != NULL; m = m->next) {
        if (m != t->first)
            text_put(to, t->kind == MK_JSON_ARRAY ? ", " : " ");
        if (t->kind == MK_JSON_OBJECT)
            text_format(to, "%s=", m->name);
        if (m->text != NULL)
            text_put(to, m->text);
        else if (is_plain(m))
            text_add(to, m->raw, m->n_raw);
        else
            put_inside(to, m);
    }
}

const char *show_cell(const struct mk_json *t) {
    struct text cell = {0};
    if (t == NULL || t->kind == MK_JSON_NULL)
        return "";
    if (t->text != NULL)
        return t->text;
    if (is_plain(t))
        return pool_text(t->raw, t->n_raw);
    text_put(&cell, "");
    put_inside(&cell, t);
    return cell.p;
}

void show_items(const struct mk_json *items, const char *const *columns) {
    struct table table;
    size_t n = 0;
    while (columns[n] != NULL)
        n++;
    table_start(&table, columns, n);
    for (const struct mk_json *item = items; item != NULL; item = item->next) {
        const char **row = table_row(&table);
        for (size_t i = 0; i < n; i++)
            row[i] = show_cell(tree_get(item, columns[i]));
    }
    table_write(&table);
}

/* The names of the members of the first of an array's objects. */
static const char *const *names_of(const struct mk_json *object) {
    const char **names = pool_alloc((object->n + 1) * sizeof *names);
    size_t i = 0;
    for (const struct mk_json *m = object->first; m != NULL; m = m->next)
        names[i++] = m->name;
    return names;
}

static void gather(const struct mk_json *object, const char *prefix, struct table *plain, bool tables) {
    for (const struct mk_json *m = object->first; m != NULL && !out_closed(); m = m->next) {
        const char *name = pool_format("%s%s%s", prefix, *prefix == '\0' ? "" : ".", m->name);
        bool rows = m->kind == MK_JSON_ARRAY && m->first != NULL && m->first->kind == MK_JSON_OBJECT;
        if (rows && tables) {
            out_format("\n%s%s%s\n", screen_color(&screen_out, "1"), screen_safe(name, strlen(name), 0, false),
                       screen_color(&screen_out, "0"));
            show_items(m->first, names_of(m->first));
        } else if (m->kind == MK_JSON_OBJECT && m->first != NULL) {
            gather(m, name, plain, tables);
        } else if (!rows && !tables) {
            const char **row = table_row(plain);
            row[0] = name;
            row[1] = m->kind == MK_JSON_ARRAY && !all_plain(m) ? pool_text(m->raw, m->n_raw) : show_cell(m);
        }
    }
}

void show_object(const struct mk_json *object, const char *prefix) {
    static const char *const titles[] = {"", ""};
    struct table plain;
    table_start(&plain, titles, 2);
    gather(object, prefix, &plain, false);
    int widest = 0;
    for (size_t r = 0; r < plain.n_rows; r++) {
        int width = screen_text_width(plain.cells[2 * r]);
        widest = width > widest ? width : widest;
    }
    for (size_t r = 0; r < plain.n_rows && !out_closed(); r++) {
        const char *name = screen_safe(plain.cells[2 * r], strlen(plain.cells[2 * r]), 0, false),
                   *value = plain.cells[2 * r + 1];
        int room = screen_out.width == 0 ? 0 : screen_out.width - widest - 2;
        out_format("%s%s%s%*s%s\n", screen_color(&screen_out, "1"), name, screen_color(&screen_out, "0"),
                   widest - screen_text_width(name) + 2, "",
                   screen_safe(value, strlen(value), room < 10 && room != 0 ? 10 : room, false));
    }
    gather(object, prefix, NULL, true);
}

/* ---- JSON ---- */

void show_json(const char *json, size_t n, const struct mk_json *tree) {
    if (screen_out.terminal && tree != NULL) {
        struct text pretty = {0};
        tree_write(tree, 0, &pretty);
        out_bytes(pretty.p, pretty.n);
    } else {
        out_bytes(json, n);
    }
    if (n > 0 && json[n - 1] != '\n')
        out_text("\n");
}

/* ---- CSV ---- */

void show_csv_head(const char *const *columns) {
    struct text line = {0};
    for (size_t i = 0; columns[i] != NULL; i++) {
        text_put(&line, i == 0 ? "" : ",");
        text_csv(&line, columns[i]);
    }
    text_put(&line, "\n");
    out_bytes(line.p, line.n);
}

void show_csv_row(const struct mk_json *object, const char *const *columns) {
    struct text line = {0};
    for (size_t i = 0; columns[i] != NULL; i++) {
        const struct mk_json *m = tree_get(object, columns[i]);
        text_put(&line, i == 0 ? "" : ",");
        if (m != NULL && m->kind == MK_JSON_ARRAY && !all_plain(m))
            text_csv(&line, pool_text(m->raw, m->n_raw));
        else if (m != NULL && m->kind == MK_JSON_OBJECT)
            text_csv(&line, pool_text(m->raw, m->n_raw));
        else
            text_csv(&line, show_cell(m));
    }
    text_put(&line, "\n");
    out_bytes(line.p, line.n);
}
