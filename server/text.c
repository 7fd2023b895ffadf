/* Small checks of text: UTF-8, civil registration numbers, dates, base64url.
 * SPDX-License-Identifier: MPL-2.0 */
#include "server.h"

#include <string.h>
#include <time.h>

bool text_is_utf8(const char *text, size_t n, size_t *ret_bad_offset) {
    const unsigned char *p = (const unsigned char *)text;
    size_t i = 0;
    while (i < n) {
        if (p[i] < 0x80) {
            i++;
            continue;
        }
        /* RFC 3629, section 4: no overlong forms, no surrogates, nothing past U+10FFFF. */
        size_t length = p[i] >= 0xc2 && p[i] <= 0xdf   ? 2
                        : p[i] >= 0xe0 && p[i] <= 0xef ? 3
                        : p[i] >= 0xf0 && p[i] <= 0xf4 ? 4
                                                       : 0;
        bool good = length != 0 && n - i >= length;
        if (good) {
            unsigned char low = p[i] == 0xe0 ? 0xa0 : p[i] == 0xf0 ? 0x90 : 0x80;
            unsigned char high = p[i] == 0xed ? 0x9f : p[i] == 0xf4 ? 0x8f : 0xbf;
            good = p[i + 1] >= low && p[i + 1] <= high;
            for (size_t k = 2; good && k < length; k++)
                good = (p[i + k] & 0xc0) == 0x80;
        }
        if (!good) {
            if (ret_bad_offset != NULL)
                *ret_bad_offset = i;
            return false;
        }
        i += length;
    }
    return true;
}

static int days_in_month(int y, int m) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return days[m - 1] + (m == 2 && leap);
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- civil registration numbers ---- */

/* The zeros of the scripts that write decimal numbers (Nd of the first plane), and the mathematical ones; the other
 * nine digits follow each. */
static const uint32_t zeros[] = {0x30,   0x660,   0x6f0,   0x7c0,   0x966,   0x9e6,  0xa66,  0xae6,  0xb66,
                                 0xbe6,  0xc66,   0xce6,   0xd66,   0xde6,   0xe50,  0xed0,  0xf20,  0x1040,
                                 0x1090, 0x17e0,  0x1810,  0x1946,  0x19d0,  0x1a80, 0x1a90, 0x1b50, 0x1bb0,
                                 0x1c40, 0x1c50,  0xa620,  0xa8d0,  0xa900,  0xa9d0, 0xa9f0, 0xaa50, 0xabf0,
                                 0xff10, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6};

struct reader {
    const char *text;
    size_t n, at;
};

/* The character that comes next, which there is, and its length in bytes. */
static uint32_t peek_char(const struct reader *r, size_t *ret_length) {
    const unsigned char *p = (const unsigned char *)r->text + r->at;
    size_t length = p[0] < 0xc0 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    bool whole = length <= r->n - r->at;
    *ret_length = whole ? length : 1;
    if (length == 1 || !whole)
        return p[0];
    uint32_t c = p[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++)
        c = c << 6 | (p[i] & 0x3fu);
    return c;
}

/* The digit that comes next; -1: none. */
static int peek_digit(const struct reader *r, size_t *ret_length) {
    if (r->at == r->n)
        return -1;
    uint32_t c = peek_char(r, ret_length);
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros && c >= zeros[i]; i++)
        if (c - zeros[i] < 10)
            return (int)(c - zeros[i]);
    return -1;
}

static bool take_number(struct reader *r, size_t n_digits, int *ret) {
    int number = 0, digit;
    size_t length;
    for (; n_digits > 0; n_digits--, r->at += length) {
        if ((digit = peek_digit(r, &length)) < 0)
            return false;
        number = number * 10 + digit;
    }
    *ret = number;
    return true;
}

/* What stands between two parts of a number: up to three characters that are neither letters nor digits. Answers how
 * many. */
static size_t take_gap(struct reader *r) {
    size_t taken = 0, length;
    for (; taken < 3 && r->at < r->n && !is_letter(r->text[r->at]) && peek_digit(r, &length) < 0; taken++) {
        peek_char(r, &length);
        r->at += length;
    }
    return taken;
}

static bool take_space(struct reader *r) {
    size_t length;
    if (r->at == r->n)
        return false;
    uint32_t c = peek_char(r, &length);
    if (c != ' ' && c != 0xa0)
        return false;
    r->at += length;
    return true;
}

static bool is_date(int year, int month, int day) {
    return month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(year, month);
}

/* "1300-1500": a time of day, a hyphen or dash, and a later one. */
static bool is_time_range(struct reader r) {
    int from, to;
    size_t length;
    if (!take_number(&r, 4, &from) || r.at == r.n)
        return false;
    uint32_t dash = peek_char(&r, &length);
    r.at += length;
    return (dash == '-' || dash == 0x2013) && take_number(&r, 4, &to) && peek_digit(&r, &length) < 0 && from < to &&
           to <= 2400 && from % 100 < 60 && to % 100 < 60;
}

/* Two pairs with a space before each: "12 34". */
static bool take_two_pairs(struct reader *r) {
    int pair;
    return take_space(r) && take_number(r, 2, &pair) && take_space(r) && take_number(r, 2, &pair);
}

/* Where a civil registration number that begins there ends, its year written with so many digits; 0: there is none. */
static size_t end_of_cpr(struct reader r, size_t year_digits) {
    int day, month, year, serial;
    size_t length;
    if (!take_number(&r, 2, &day))
        return 0;
    bool apart = take_gap(&r) > 0;
    if (!take_number(&r, 2, &month))
        return 0;
    bool is_month = day == 20 && !apart && r.at < r.n && r.text[r.at] == '-';
    take_gap(&r);
    if (is_month || !take_number(&r, year_digits, &year))
        return 0;
    if (year_digits == 2)
        year += 2000;
    if (year < 1800 || year >= 2100 || !is_date(year, month, day))
        return 0;
    struct reader pairs = r;
    size_t gap = take_gap(&r);
    bool is_time = apart && gap == 1 && r.text[r.at - 1] == ' ' && is_time_range(r);
    if (is_time || (year_digits == 4 && gap == 0))
        return 0;
    if (!take_number(&r, 4, &serial)) {
        r = pairs;
        if (year_digits == 4 || !take_two_pairs(&r))
            return 0;
    }
    return peek_digit(&r, &length) < 0 ? r.at : 0;
}

#define UUID_LENGTH 36u

static bool is_uuid(const char *p, size_t n) {
    if (n < UUID_LENGTH || (n > UUID_LENGTH && (is_letter(p[UUID_LENGTH]) || is_digit(p[UUID_LENGTH]))))
        return false;
    for (size_t i = 0; i < UUID_LENGTH; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = text_hex_value((char)p[i]) >= 0;
        if (hyphen ? p[i] != '-' : !hex)
            return false;
    }
    return true;
}

/* DDMMYY or DDMMYYYY and four digits, in any script's digits and neither before nor after another digit. Between the
 * pairs and before the four may stand up to three characters that are neither letters nor digits (space, dot, hyphen, a
 * dash between spaces); after a year of four digits must. The four may be two pairs with spaces before both. The
 * century is not in the first six digits, so 29 February is taken as valid in every fourth year. Source: CPR-kontoret,
 * "Personnummeret i CPR".
 * Not taken: what lies inside of a UUID; 20MM-YY, which reads as a month of this century (2010-01 - 2012) or the number
 * of a trial (2004-001234-12); a date with its parts apart, a space and a range of times (10.12.26 1300-1500). */
bool text_has_cpr(const char *text, size_t n) {
    struct reader r = {text, n, 0};
    size_t uuid_end = 0, length = 1;
    bool after_digit = false, after_word = false;
    for (; r.at < n; r.at += length) {
        bool digit = peek_digit(&r, &length) >= 0;
        if (!after_word && is_uuid(text + r.at, n - r.at))
            uuid_end = r.at + UUID_LENGTH;
        if (digit && !after_digit && (end_of_cpr(r, 2) > uuid_end || end_of_cpr(r, 4) > uuid_end))
            return true;
        after_digit = digit;
        after_word = digit || is_letter(text[r.at]);
    }
    return false;
}

static bool digits(const char *p, size_t n, int *ret) {
    int value = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(p[i]))
            return false;
        value = value * 10 + (p[i] - '0');
    }
    *ret = value;
    return true;
}

bool text_to_month(const char *text, int *ret_y, int *ret_m) {
    int y, m;
    if (strlen(text) != 7 || text[4] != '-' || !digits(text, 4, &y) || !digits(text + 5, 2, &m) || y < 1 || m < 1 ||
        m > 12)
        return false;
    *ret_y = y;
    *ret_m = m;
    return true;
}

bool text_to_date(const char *text, int *ret_y, int *ret_m, int *ret_d) {
    int y, m, d;
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || !digits(text, 4, &y) || !digits(text + 5, 2, &m) ||
        !digits(text + 8, 2, &d) || y < 1 || m < 1 || m > 12 || d < 1 || d > days_in_month(y, m))
        return false;
    *ret_y = y;
    *ret_m = m;
    *ret_d = d;
    return true;
}

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int base64url_value(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

size_t text_from_base64url(const char *text, size_t n, unsigned char *ret, size_t capacity) {
    size_t length = n / 4 * 3 + (n % 4 == 0 ? 0 : n % 4 - 1), out = 0;
    if (n % 4 == 1 || length > capacity)
        return (size_t)-1;
    unsigned bits = 0, held = 0;
    for (size_t i = 0; i < n; i++) {
        int v = base64url_value(text[i]);
        if (v < 0)
            return (size_t)-1;
        bits = (bits << 6) | (unsigned)v;
        held += 6;
        if (held >= 8) {
            held -= 8;
            ret[out++] = (unsigned char)(bits >> held);
            bits &= (1u << held) - 1u;
        }
    }
    /* Canonical: the bits that no byte uses are zero (RFC 4648, section 3.5). */
    return bits == 0 ? out : (size_t)-1;
}

size_t text_to_base64url(const unsigned char *bytes, size_t n, char *ret, size_t capacity) {
    size_t length = n / 3 * 4 + (n % 3 == 0 ? 0 : n % 3 + 1), out = 0;
    if (length + 1 > capacity)
        return (size_t)-1;
    unsigned bits = 0, held = 0;
    for (size_t i = 0; i < n; i++) {
        bits = (bits << 8) | bytes[i];
        held += 8;
        while (held >= 6) {
            held -= 6;
            ret[out++] = base64url[(bits >> held) & 63];
        }
        bits &= (1u << held) - 1u;
    }
    if (held > 0)
        ret[out++] = base64url[(bits << (6 - held)) & 63];
    ret[out] = '\0';
    return out;
}

int text_hex_value(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

uint64_t text_hash(const void *bytes, size_t n, uint64_t seed) {
    /* FNV-1a, 64 bits. Not for anything an attacker gains by colliding. */
    const unsigned char *p = bytes;
    uint64_t h = 0xcbf29ce484222325u ^ seed;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

uint64_t clock_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}
