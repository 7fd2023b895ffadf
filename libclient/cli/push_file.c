/* The file of `medkoord push`: what it is, and which months of which regions it covers.
 * SPDX-License-Identifier: MPL-2.0 */
#include "push.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static const char *quoted(const char *word) {
    return screen_safe(word, strlen(word), 80, false);
}

/* ---- the file ---- */

/* What cannot be read twice is kept in a file without a name. */
static FILE *keep_whole(FILE *from) {
    FILE *kept = tmpfile();
    char piece[65536];
    size_t n;
    while (kept != NULL && signals_caught() == 0 && (n = fread(piece, 1, sizeof piece, from)) > 0)
        if (fwrite(piece, 1, n, kept) != n)
            break;
    if (kept == NULL || ferror(from) || !feof(from) || fflush(kept) != 0) {
        if (kept != NULL)
            fclose(kept);
        return NULL;
    }
    rewind(kept);
    return kept;
}

static bool ends_in(const char *path, const char *ending) {
    size_t n = strlen(path), m = strlen(ending);
    return n > m && strcmp(path + n - m, ending) == 0;
}

/* What a spreadsheet saves by itself: a zip archive, the OLE file of old, or UTF-16 text. */
static bool is_workbook(FILE *file) {
    static const char *const starts[] = {"PK\3\4", "\xd0\xcf\x11\xe0", "\xff\xfe"};
    char first[4] = "";
    bool found = false;
    size_t n = fread(first, 1, sizeof first, file);
    rewind(file);
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        found |= n >= strlen(starts[i]) && memcmp(first, starts[i], strlen(starts[i])) == 0;
    return found;
}

/* The first byte of what gzip holds; EOF: none. */
static int first_inside(FILE *file) {
    int fd = dup(fileno(file)), first = EOF;
    off_t at = lseek(fd, 0, SEEK_CUR); /* the offset is shared: stdio must find it again */
    gzFile zip = at >= 0 && lseek(fd, 0, SEEK_SET) == 0 ? gzdopen(fd, "rb") : NULL;
    if (zip != NULL) {
        first = gzgetc(zip);
        gzclose(zip);
    } else if (fd >= 0) {
        close(fd);
    }
    (void)lseek(fileno(file), at, SEEK_SET);
    return first;
}

int push_open(struct push *p) {
    bool standard = strcmp(p->path, "-") == 0;
    const char *format = flags_value(&p->words, "format"), *charset = flags_value(&p->words, "charset");
    FILE *file = standard ? stdin : fopen(p->path, "re");
    struct stat about;
    if (file != NULL && (fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode) || standard)) {
        if (fstat(fileno(file), &about) == 0 && S_ISDIR(about.st_mode)) {
            errno = EISDIR;
            fclose(file);
            file = NULL;
        } else {
            FILE *kept = keep_whole(file);
            if (!standard)
                fclose(file);
            file = kept;
        }
    }
    if (file == NULL) {
        if (signals_caught() != 0)
            return EXIT_SIGNAL + signals_caught();
        say(T(CANNOT_READ), quoted(p->path), strerror(errno));
        return EXIT_OTHER;
    }
    p->file = file;
    int first = getc(file), second = getc(file);
    rewind(file);
    if (first == EOF) {
        say("%s", T(EMPTY_FILE));
        return EXIT_REFUSED;
    }
    if (is_workbook(file)) {
        say(T(WORKBOOK), quoted(p->path));
        return EXIT_REFUSED;
    }
    p->input.file = file;
    p->input.gzipped = first == 0x1f && second == 0x8b;
    first = p->input.gzipped ? first_inside(file) : first;
    p->input.ndjson = format != NULL ? strcmp(format, "ndjson") == 0
                                     : ends_in(p->path, ".ndjson") || ends_in(p->path, ".ndjson.gz") ||
                                           ends_in(p->path, ".jsonl") || ends_in(p->path, ".jsonl.gz") || first == '{';
    p->input.latin1 = charset != NULL && strcmp(charset, "iso-8859-1") == 0;
    p->input.stop = signals_caught;
    return EXIT_GOOD;
}

/* ---- what it covers ---- */

/* REGION=FROM..TO or REGION=MONTH. */
static bool read_coverage(const char *value, struct mk_coverage *ret) {
    const char *equals = strchr(value, '='), *months = equals == NULL ? NULL : equals + 1;
    const char *dots = months == NULL ? NULL : strstr(months, "..");
    if (equals == NULL || equals == value)
        return false;
    const char *from = dots == NULL ? months : pool_text(months, (size_t)(dots - months)),
               *to = dots == NULL ? months : dots + 2;
    if (month_number(from) < 0 || month_number(to) < month_number(from))
        return false;
    *ret = (struct mk_coverage){
        .size = sizeof *ret, .region = pool_text(value, (size_t)(equals - value)), .from_month = from, .to_month = to};
    return true;
}

int push_given_coverage(struct push *p) {
    struct survey_place *covered;
    size_t n = 0;
    p->coverage = pool_alloc((p->words.n_given + 1) * sizeof *p->coverage);
    for (size_t i = 0; i < p->words.n_given; i++) {
        if (strcmp(p->words.given[i].name, "coverage") != 0)
            continue;
        if (!read_coverage(p->words.given[i].value, &p->coverage[p->n_coverage])) {
            say(T(BAD_COVERAGE), quoted(p->words.given[i].value));
            return EXIT_USAGE;
        }
        const struct mk_coverage *c = &p->coverage[p->n_coverage++];
        n += (size_t)(month_number(c->to_month) - month_number(c->from_month) + 1);
    }
    if (p->n_coverage == 0)
        return EXIT_GOOD;
    p->input.covered = covered = pool_alloc(n * sizeof *covered);
    for (size_t i = 0; i < p->n_coverage; i++)
        for (int m = month_number(p->coverage[i].from_month); m <= month_number(p->coverage[i].to_month); m++)
            covered[p->input.n_covered++] = (struct survey_place){.region = p->coverage[i].region, .month = m};
    return EXIT_GOOD;
}

/* The runs of months of each region that have rows. */
void push_guess_coverage(struct push *p) {
    const struct survey *s = &p->survey;
    p->coverage = pool_alloc((s->n_places + 1) * sizeof *p->coverage);
    for (size_t i = 0; i < s->n_places; i++) {
        const struct survey_place *place = &s->places[i];
        bool goes_on = i > 0 && strcmp(place[-1].region, place->region) == 0 && place[-1].month == place->month - 1;
        if (goes_on)
            p->coverage[p->n_coverage - 1].to_month = month_text(place->month);
        else
            p->coverage[p->n_coverage++] = (struct mk_coverage){.size = sizeof *p->coverage,
                                                                .region = place->region,
                                                                .from_month = month_text(place->month),
                                                                .to_month = month_text(place->month)};
    }
}
