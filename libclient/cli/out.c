/* Where data goes, and where messages go.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static FILE *out;
static const char *out_path, *temporary; /* of --output */
static bool closed, broken;
static int broken_by;
bool out_quiet;

/* ---- data ---- */

/* Where a file goes: what a link leads to, so that the link stays. NULL: it leads nowhere. */
static const char *target_of(const char *path) {
    struct stat there;
    if (lstat(path, &there) != 0 || !S_ISLNK(there.st_mode))
        return path;
    char *found = realpath(path, NULL);
    const char *target = found == NULL ? NULL : pool_text(found, strlen(found));
    free(found);
    return target;
}

/* A file of its own next to the target, so that rename() can put it there in one step. */
static int open_beside(const char *path, int mode, const char **ret_temporary) {
    char *name = pool_format("%s.XXXXXX", path);
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0 && fchmod(fd, (mode_t)mode) != 0) {
        close(fd);
        unlink(name);
        return -1;
    }
    if (fd >= 0)
        *ret_temporary = name;
    return fd;
}

/* A signal that ends the program takes the half-written file along. */
static void take_along(int number) {
    if (temporary != NULL)
        unlink(temporary);
    signal(number, SIG_DFL);
    raise(number);
}

static void guard_temporary(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction before;
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
            signal(numbers[i], take_along);
    }
}

/* The permissions that an ordinary new file gets. */
static int usual_mode(void) {
    mode_t mask = umask(0);
    umask(mask);
    return (int)(0666 & ~mask);
}

bool out_open(const char *path) {
    struct stat there;
    out = stdout;
    if (path == NULL || strcmp(path, "-") == 0)
        return true;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) { /* a device or a pipe is written as it is */
        out = fopen(path, "we");
    } else {
        const char *target = target_of(path);
        int fd = target == NULL ? -1 : open_beside(target, usual_mode(), &temporary);
        out = fd < 0 ? NULL : fdopen(fd, "w");
        out_path = target;
        guard_temporary();
    }
    if (out == NULL) {
        say(T(CANNOT_WRITE), path, strerror(errno));
        out = stdout;
        return false;
    }
    out_path = out_path == NULL ? path : out_path;
    screen_out = (struct screen){.unicode = screen_out.unicode};
    return true;
}

void out_to_messages(void) {
    out = stderr;
    screen_out = screen_err;
}

static void wrote(bool good) {
    if (good)
        return;
    if (errno == EPIPE)
        closed = true;
    else if (!broken)
        broken_by = errno;
    broken |= errno != EPIPE;
}

static void write_all(const char *p, size_t n) {
    if (!closed && !broken && n > 0)
        wrote(fwrite(p, 1, n, out) == n);
}

void out_bytes(const char *p, size_t n) {
    if (!screen_out.terminal) {
        write_all(p, n);
        return;
    }
    size_t mark = pool_mark();
    const char *safe = screen_safe(p, n, 0, true);
    write_all(safe, strlen(safe));
    pool_release(mark);
}

void out_text(const char *p) {
    write_all(p, strlen(p));
}

void out_format(const char *format, ...) {
    va_list arguments;
    if (closed || broken)
        return;
    va_start(arguments, format);
    wrote(vfprintf(out, format, arguments) >= 0);
    va_end(arguments);
}

bool out_closed(void) {
    return closed || broken;
}

/* On a terminal only whole characters can be looked at: the rest waits. */
static int sink_write(void *user, const void *bytes, size_t n) {
    static char held[4];
    static size_t n_held;
    (void)user;
    if (!screen_out.terminal) {
        out_bytes(bytes, n);
        return out_closed();
    }
    size_t mark = pool_mark(), whole = n_held + n, tail = 0;
    char *all = pool_alloc(whole + 1);
    memcpy(all, held, n_held);
    memcpy(all + n_held, bytes, n);
    while (tail < 3 && tail < whole && ((unsigned char)all[whole - tail - 1] & 0xc0) == 0x80)
        tail++;
    if (tail < whole && (unsigned char)all[whole - tail - 1] >= 0xc0) {
        unsigned char lead = (unsigned char)all[whole - tail - 1];
        size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
        tail = tail + 1 < length ? tail + 1 : 0;
    } else {
        tail = 0;
    }
    out_bytes(all, whole - tail);
    n_held = tail;
    memcpy(held, all + whole - tail, tail);
    pool_release(mark);
    return out_closed();
}

mk_sink out_sink(void) {
    return (mk_sink){.size = sizeof(mk_sink), .write = sink_write};
}

int out_finish(bool good) {
    if (out == NULL)
        return EXIT_GOOD;
    errno = 0;
    wrote(fflush(out) == 0);
    if (out != stdout && out != stderr) {
        if (temporary != NULL && good && !broken)
            wrote(fsync(fileno(out)) == 0);
        wrote(fclose(out) == 0);
        if (temporary != NULL && good && !broken)
            wrote(rename(temporary, out_path) == 0);
        if (temporary != NULL && (!good || broken))
            unlink(temporary);
    }
    out = NULL;
    if (!broken)
        return EXIT_GOOD;
    say(T(CANNOT_WRITE), out_path == NULL ? T(STANDARD_OUTPUT) : out_path, strerror(broken_by));
    return EXIT_OTHER;
}

static bool write_fd(int fd, const char *bytes, size_t n) {
    for (size_t done = 0; done < n;) {
        ssize_t wrote_n = write(fd, bytes + done, n - done);
        if (wrote_n < 0 && errno != EINTR)
            return false;
        done += wrote_n > 0 ? (size_t)wrote_n : 0;
    }
    return true;
}

/* A signal waits until it is whole: what is half written could be a token, and would stay. */
static bool write_beside(const char *path, int mode, const char *bytes, size_t n) {
    const char *name = NULL;
    sigset_t before;
    signals_hold(&before);
    int fd = open_beside(path, mode, &name);
    bool good = fd >= 0 && write_fd(fd, bytes, n) && fsync(fd) == 0;
    if (fd >= 0 && close(fd) != 0)
        good = false;
    good = good && rename(name, path) == 0;
    int why = errno;
    if (!good && fd >= 0)
        unlink(name);
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = why;
    return good;
}

/* A device or a pipe. */
static bool write_into(const char *path, const char *bytes, size_t n) {
    int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    bool good = fd >= 0 && write_fd(fd, bytes, n);
    return fd >= 0 && close(fd) == 0 && good;
}

bool file_write(const char *path, int mode, bool follow, const char *bytes, size_t n) {
    struct stat there;
    bool good, exists = (follow ? stat(path, &there) : lstat(path, &there)) == 0;
    if (exists && !S_ISREG(there.st_mode) && !S_ISLNK(there.st_mode)) {
        errno = EEXIST;
        good = follow && write_into(path, bytes, n);
    } else {
        const char *target = follow ? target_of(path) : path;
        good = target != NULL && write_beside(target, mode < 0 ? usual_mode() : mode, bytes, n);
    }
    if (!good)
        say(T(CANNOT_WRITE), screen_safe(path, strlen(path), 0, false), strerror(errno));
    return good;
}

char *file_read(const char *path, size_t limit, size_t *ret_n) {
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");
    struct text all = {0};
    char piece[16384];
    size_t n;
    text_put(&all, "");
    if (file == NULL) {
        say(T(CANNOT_READ), path, strerror(errno));
        return NULL;
    }
    while (all.n <= limit && (n = fread(piece, 1, sizeof piece, file)) > 0)
        text_add(&all, piece, n);
    bool bad = ferror(file) != 0;
    if (bad)
        say(T(CANNOT_READ), path, strerror(errno));
    else if (all.n > limit)
        say(T(FILE_TOO_LARGE), path);
    bad |= all.n > limit;
    if (!standard)
        fclose(file);
    if (bad)
        return NULL;
    if (ret_n != NULL)
        *ret_n = all.n;
    return all.p;
}

/* ---- messages ---- */

void say(const char *format, ...) {
    va_list arguments;
    fputs("medkoord: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void warn(const char *format, ...) {
    va_list arguments;
    if (out_quiet)
        return;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

int exit_of(int code) {
    switch (code) {
    case MK_OK:
    case MK_END:
        return EXIT_GOOD;
    case MK_ERR_ARGUMENT:
        return EXIT_USAGE;
    case MK_ERR_REFUSED:
        return EXIT_REFUSED;
    case MK_ERR_SERVER:
    case MK_ERR_PROTOCOL:
        return EXIT_SERVER;
    case MK_ERR_NETWORK:
    case MK_ERR_TIMEOUT:
        return EXIT_NETWORK;
    default:
        return EXIT_OTHER;
    }
}

static const char *safe_text(const char *text) {
    return text == NULL ? "" : screen_safe(text, strlen(text), 0, false);
}

int say_error(const mk_error *error) {
    if (signals_caught() != 0) {
        say("%s", T(INTERRUPTED_ANY));
        return EXIT_SIGNAL + signals_caught();
    }
    if (error->code == MK_ERR_CALLBACK && out_closed())
        return EXIT_GOOD; /* out_finish() tells of what is no closed pipe */
    say("%s%s%s: %s%s%s%s", screen_color(&screen_err, "31;1"), T(ERROR), screen_color(&screen_err, "0"),
        safe_text(error->message), error->problem[0] == '\0' ? "" : " (", safe_text(error->problem),
        error->problem[0] == '\0' ? "" : ")");
    for (size_t i = 0; error->n_details > 1 && i < error->n_details; i++) { /* the message tells of a single one */
        const mk_error_detail *d = &error->details[i];
        fprintf(stderr, "  %s%s%s\n", safe_text(d->pointer), d->pointer == NULL ? "" : ": ",
                safe_text(d->detail == NULL || d->detail[0] == '\0' ? d->code : d->detail));
    }
    if (strcmp(error->problem, "precondition_required") == 0)
        warn("  %s", T(ETAG_NEEDED));
    if (error->idempotency_key[0] != '\0' && (error->code == MK_ERR_NETWORK || error->code == MK_ERR_TIMEOUT)) {
        fputs("  ", stderr);
        fprintf(stderr, T(SAME_KEY), safe_text(error->idempotency_key));
        fputc('\n', stderr);
    }
    if (error->retry_after_s > 0) {
        fputs("  ", stderr);
        fprintf(stderr, T(RETRY_AFTER), (long long)error->retry_after_s);
        fputc('\n', stderr);
    }
    if (error->request_id[0] != '\0') {
        fputs("  ", stderr);
        fprintf(stderr, T(REQUEST_ID), safe_text(error->request_id));
        fputc('\n', stderr);
    }
    return exit_of(error->code);
}
