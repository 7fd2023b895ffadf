/* How far a push is, on the terminal; and the signals that stop it.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <signal.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t caught;
static int64_t total_bytes, started_ms, shown_ms;
static bool showing;

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

static void note(int number) {
    caught = number;
}

void signals_hold(sigset_t *ret_before) {
    sigset_t ends;
    sigemptyset(&ends);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaddset(&ends, numbers[i]);
    sigprocmask(SIG_BLOCK, &ends, ret_before);
}

void signals_catch(void) {
    struct sigaction action = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND}; /* the second one ends it at once */
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
}

int signals_caught(void) {
    return caught;
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Before anything is sent the file is read once more, for its digest. */
static void draw_reading(void) {
    fprintf(stderr, "\r%s\033[K",
            screen_safe(T(PROGRESS_READING), strlen(T(PROGRESS_READING)), screen_err.width - 1, false));
    fflush(stderr);
}

void progress_start(int64_t total) {
    total_bytes = total;
    started_ms = shown_ms = 0;
    showing = screen_err.terminal && !out_quiet;
    if (showing)
        draw_reading();
}

static const char *bytes_text(double n) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    while (n >= 1024 && unit < 4) {
        n /= 1024;
        unit++;
    }
    return pool_format(unit == 0 ? "%.0f %s" : "%.1f %s", n, units[unit]);
}

static const char *time_text(int64_t seconds) {
    if (seconds < 60)
        return pool_format("%lld s", (long long)seconds);
    return seconds < 3600 ? pool_format("%lld:%02lld", (long long)(seconds / 60), (long long)(seconds % 60))
                          : pool_format("%lld:%02lld:%02lld", (long long)(seconds / 3600),
                                        (long long)(seconds / 60 % 60), (long long)(seconds % 60));
}

static void draw(int64_t sent, int64_t total, int64_t now) {
    size_t mark = pool_mark();
    double seconds = (double)(now - started_ms) / 1000, rate = seconds > 0 ? (double)sent / seconds : 0;
    struct text line = {0}, bar = {0};
    if (total > 0) {
        int room = screen_err.width - 52;
        room = room > 40 ? 40 : room;
        int full = (int)((double)sent / (double)total * room);
        for (int i = 0; i < room; i++)
            text_put(&bar, i < full ? (screen_err.unicode ? "\xe2\x96\x88" : "#")
                                    : (screen_err.unicode ? "\xe2\x96\x91" : "."));
        text_format(&line, "%s%s%3d %%  ", bar.p == NULL ? "" : bar.p, bar.p == NULL ? "" : " ",
                    (int)((double)sent * 100 / (double)total));
    }
    text_put(&line, bytes_text((double)sent));
    if (rate > 0)
        text_format(&line, "  %s/s", bytes_text(rate));
    if (total > sent && rate > 0 && seconds >= 1) {
        text_put(&line, "  ");
        text_format(&line, T(PROGRESS_LEFT), time_text((int64_t)((double)(total - sent) / rate) + 1));
    }
    const char *shown = screen_safe(line.p, line.n, screen_err.width - 1, false);
    fprintf(stderr, "\r%s\033[K", shown);
    fflush(stderr);
    pool_release(mark);
}

int progress_show(void *user, int64_t sent, int64_t total) {
    (void)user;
    int64_t now = now_ms();
    total = total > 0 ? total : total_bytes;
    if (sent == 0 || started_ms == 0) /* the rate is that of sending, from the first byte on */
        started_ms = now;
    if (showing && (sent > 0 || shown_ms != 0) && (now - shown_ms >= 100 || sent == total)) {
        shown_ms = now;
        draw(sent > total && total > 0 ? total : sent, total, now);
    }
    return caught;
}

void progress_end(void) {
    if (showing)
        fputs("\r\033[K", stderr);
    showing = false;
}
