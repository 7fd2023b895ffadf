/* The lines of a file that were refused: for the eye, and as FILE.rejected.csv with what stood in them.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define HEAD          "line,column,code,detail,value,text\n"
#define SHOWN_MAX     50
#define LINE_MAX_KEPT 16384u

static const char *safe(const char *text) {
    return screen_safe(text, strlen(text), 0, false);
}

void rejected_show(const struct survey_fault *faults, size_t n, uint64_t of) {
    size_t shown = n < SHOWN_MAX ? n : SHOWN_MAX;
    for (size_t i = 0; i < shown; i++) {
        const struct survey_fault *f = &faults[i];
        const char *where = f->line == 0 ? T(FAULT_FILE) : pool_format(T(FAULT_LINE), (unsigned long long)f->line);
        fprintf(stderr, "  %s%s%s%s%s: %s%s%s%s\n", screen_color(&screen_err, "1"), where,
                screen_color(&screen_err, "0"), f->column[0] == '\0' ? "" : ", ", safe(f->column), safe(f->detail),
                f->value[0] == '\0' ? "" : " (", safe(f->value), f->value[0] == '\0' ? "" : ")");
    }
    if (of > shown) {
        fputs("  ", stderr);
        fprintf(stderr, T(FAULTS_MORE), (unsigned long long)(of - shown));
        fputc('\n', stderr);
    }
}

/* ---- what stood in the lines ---- */

struct lines {
    size_t n;
    uint64_t *numbers; /* ascending */
    const char **texts;
};

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static const char *to_utf8(const char *p, size_t n, bool latin1) {
    struct text out = {0};
    text_put(&out, "");
    for (size_t i = 0; latin1 && i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        char two[2] = {(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f))};
        text_add(&out, c < 0x80 ? p + i : two, c < 0x80 ? 1 : 2);
    }
    if (!latin1)
        text_add(&out, p, n);
    return screen_safe(out.p, out.n, 0, false); /* a line of a file is one line here, too */
}

/* Reads the file once more, gzip or not, and keeps the lines that are wanted. */
static void read_lines(FILE *file, bool latin1, struct lines *lines) {
    static char piece[65536], line[LINE_MAX_KEPT];
    uint64_t number = 1;
    size_t at = 0, length = 0;
    int n, fd = dup(fileno(file));
    if (fd >= 0)
        (void)lseek(fd, 0, SEEK_SET);
    gzFile zip = fd < 0 ? NULL : gzdopen(fd, "rb");
    if (zip == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while (at < lines->n && (n = gzread(zip, piece, sizeof piece)) > 0) {
        for (int i = 0; i < n && at < lines->n; i++) {
            bool wanted = lines->numbers[at] == number;
            if (piece[i] != '\n') {
                if (wanted && length < sizeof line)
                    line[length++] = piece[i];
                continue;
            }
            if (wanted) {
                length -= length > 0 && line[length - 1] == '\r';
                lines->texts[at++] = to_utf8(line, length, latin1);
            }
            number++;
            length = 0;
        }
    }
    if (at < lines->n && lines->numbers[at] == number && length > 0)
        lines->texts[at] = to_utf8(line, length, latin1);
    gzclose(zip);
}

bool rejected_write(const char *path, bool given, const struct survey_fault *faults, size_t n, FILE *file,
                    bool latin1) {
    struct lines lines = {.numbers = pool_alloc((n + 1) * sizeof *lines.numbers)};
    struct text csv = {0};
    for (size_t i = 0; i < n; i++)
        if (faults[i].line > 0)
            lines.numbers[lines.n++] = faults[i].line;
    qsort(lines.numbers, lines.n, sizeof *lines.numbers, by_number);
    size_t distinct = 0;
    for (size_t i = 0; i < lines.n; i++)
        if (i == 0 || lines.numbers[i] != lines.numbers[i - 1])
            lines.numbers[distinct++] = lines.numbers[i];
    lines.n = distinct;
    lines.texts = pool_alloc((lines.n + 1) * sizeof *lines.texts);
    read_lines(file, latin1, &lines);
    text_put(&csv, HEAD);
    for (size_t i = 0; i < n; i++) {
        const struct survey_fault *f = &faults[i];
        const uint64_t *found = bsearch(&f->line, lines.numbers, lines.n, sizeof *lines.numbers, by_number);
        const char *text = found == NULL ? NULL : lines.texts[found - lines.numbers];
        const char *cells[] = {f->column, f->code, f->detail, f->value, text == NULL ? "" : text};
        if (f->line > 0)
            text_format(&csv, "%llu", (unsigned long long)f->line);
        for (size_t c = 0; c < sizeof cells / sizeof *cells; c++) {
            text_put(&csv, ",");
            text_csv(&csv, cells[c]);
        }
        text_put(&csv, "\n");
    }
    if (strcmp(path, "-") == 0) {
        out_bytes(csv.p, csv.n);
        return true;
    }
    return file_write(path, -1, given, csv.p, csv.n);
}

bool rejected_remove(const char *path) {
    char head[sizeof HEAD] = "";
    struct stat there;
    FILE *file = lstat(path, &there) == 0 && S_ISREG(there.st_mode) ? fopen(path, "re") : NULL;
    bool ours = file != NULL && fgets(head, sizeof head, file) != NULL && strcmp(head, HEAD) == 0;
    if (file != NULL)
        fclose(file);
    return ours && unlink(path) == 0;
}

/* ---- what the server refused ---- */

static const char *kept(const char *text) {
    char *copy = text == NULL ? NULL : strdup(text); /* outlives the page of the list; kept until the end */
    return copy == NULL ? "" : copy;
}

static bool take_fault(void *user, const struct mk_json *item) {
    struct rejected *f = user;
    const char *line_text = tree_text(item, "line");
    if (f->n == f->room) {
        size_t room = 2 * f->room + 128;
        struct survey_fault *grown = realloc(f->list, room * sizeof *grown);
        if (grown == NULL)
            return false;
        f->list = grown;
        f->room = room;
    }
    f->list[f->n++] = (struct survey_fault){.line = line_text == NULL ? 0 : strtoull(line_text, NULL, 10),
                                            .column = kept(tree_text(item, "column")),
                                            .code = kept(tree_text(item, "code")),
                                            .detail = kept(tree_text(item, "detail")),
                                            .value = kept(tree_text(item, "value"))};
    return true;
}

void rejected_free(struct rejected *f) {
    for (size_t i = 0; i < f->n; i++) {
        const char *texts[] = {f->list[i].column, f->list[i].code, f->list[i].detail, f->list[i].value};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
            if (texts[t][0] != '\0')
                free((char *)texts[t]);
    }
    free(f->list);
}

void rejected_gather(mk_client *client, const char *id, const mk_error *error, struct rejected *ret_rejected) {
    const struct mk_json *problem = error->json == NULL ? NULL : tree_read(error->json, strlen(error->json));
    const struct mk_json *listed = tree_get(problem, "rejections");
    const char *total = tree_text(problem, "rejected");
    struct rejected found = {0};
    mk_error ignored = MK_ERROR_INIT; /* what stands in the answer is then all there is */
    const mk_argument arguments[] = {{"id", id}};
    bool all =
        tree_get(problem, "rejections_url") != NULL &&
        operation_each(client, "list_consumption_rejections", arguments, 1, take_fault, &found, &ignored) == MK_OK;
    mk_error_clear(&ignored);
    if (!all) {
        rejected_free(&found);
        found = (struct rejected){0};
        for (const struct mk_json *item = listed == NULL ? NULL : listed->first; item != NULL; item = item->next)
            (void)take_fault(&found, item);
    }
    found.of = total == NULL ? found.n : strtoull(total, NULL, 10);
    *ret_rejected = found;
}
