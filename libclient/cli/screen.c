/* What a terminal shows of a text: display width, and nothing that could steer the terminal.
 * SPDX-License-Identifier: MPL-2.0 */
#include "cli.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

struct screen screen_out, screen_err;

static bool speaks_utf8(void) {
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        if (value != NULL && value[0] != '\0')
            return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
    }
    return false;
}

static void init_one(struct screen *s, int fd) {
    const char *none = getenv("NO_COLOR"), *kind = getenv("TERM"), *columns = getenv("COLUMNS");
    struct winsize size;
    s->terminal = isatty(fd);
    s->unicode = speaks_utf8();
    s->color = s->terminal && (none == NULL || none[0] == '\0') && kind != NULL && strcmp(kind, "dumb") != 0;
    if (!s->terminal)
        return;
    s->width = 80;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        s->width = size.ws_col;
    else if (columns != NULL && atoi(columns) > 0)
        s->width = atoi(columns);
    if (s->width < 20)
        s->width = 20;
}

void screen_init(void) {
    /* What the server writes is UTF-8 whatever the user's locale is; wcwidth() is to know that. */
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        (void)setlocale(LC_CTYPE, "");
    init_one(&screen_out, STDOUT_FILENO);
    init_one(&screen_err, STDERR_FILENO);
}

const char *screen_color(const struct screen *s, const char *sgr) {
    return s->color ? pool_format("\033[%sm", sgr) : "";
}

/* One character; 0 bytes: broken. */
static size_t decode(const unsigned char *p, size_t n, unsigned *ret_c) {
    if (p[0] < 0x80) {
        *ret_c = p[0];
        return 1;
    }
    size_t length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || n < length)
        return 0;
    unsigned c = p[0] & (0xff >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *ret_c = c;
    return length;
}

/* Characters that move the cursor, turn the text around or cannot be seen. */
static bool steers(unsigned c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0x61c || c == 0xfeff || (c >= 0xe0000 && c <= 0xe007f);
}

static int width_of(unsigned c) {
    int width = wcwidth((wchar_t)c);
    return width < 0 ? 1 : width;
}

int screen_text_width(const char *text) {
    int width = 0;
    size_t n = strlen(text), step;
    for (size_t i = 0; i < n; i += step) {
        unsigned c;
        step = decode((const unsigned char *)text + i, n - i, &c);
        width += step == 0 ? 1 : width_of(c);
        step += step == 0;
    }
    return width;
}

char *screen_safe(const char *text, size_t n, int width, bool lines) {
    struct text out = {0};
    const char *stands_for = screen_out.unicode ? "\xef\xbf\xbd" : "?",
               *cut = screen_out.unicode ? "\xe2\x80\xa6" : "~";
    int used = 0;
    size_t room_at = 0, step; /* where the mark of a cut would go */
    text_put(&out, "");
    for (size_t i = 0; i < n; i += step) {
        unsigned c = 0;
        step = decode((const unsigned char *)text + i, n - i, &c);
        bool bad = step == 0 || (steers(c) && !(lines && (c == '\n' || c == '\t')));
        int wide = bad ? 1 : width_of(c);
        step += step == 0;
        if (width > 0 && used + wide > width) {
            out.n = room_at;
            text_put(&out, cut);
            break;
        }
        if (bad)
            text_put(&out, stands_for);
        else
            text_add(&out, text + i, step);
        used += wide;
        if (used <= width - 1)
            room_at = out.n;
    }
    return out.p;
}
