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

bool text_has_cpr(const char *text, size_t n) {
    /* DDMMYY and four digits, with up to three characters of anything that is neither letter nor digit between the
     * pairs and before the four (space, dot, hyphen, a dash between spaces). The century is not in the first six
     * digits, so 29 February is taken as valid in every fourth year. Source: CPR-kontoret, "Personnummeret i CPR". */
    for (size_t start = 0; start + 10 <= n; start++) {
        if (!is_digit(text[start]) || (start > 0 && is_digit(text[start - 1])))
            continue;
        int digit[10];
        size_t at = start, count = 0;
        while (count < 10 && at < n) {
            if (is_digit(text[at])) {
                digit[count++] = text[at++] - '0';
                continue;
            }
            size_t gap = 0;
            if (count == 2 || count == 4 || count == 6)
                for (size_t characters = 0; at + gap < n && !is_digit(text[at + gap]) && !is_letter(text[at + gap]);
                     gap++)
                    if ((text[at + gap] & 0xc0) != 0x80 && ++characters > 3) /* the first byte of a fourth */
                        break;
            if (gap == 0)
                break;
            at += gap;
            if (at < n && !is_digit(text[at]))
                break;
        }
        if (count < 10 || (at < n && is_digit(text[at])))
            continue;
        int day = digit[0] * 10 + digit[1], month = digit[2] * 10 + digit[3], year = digit[4] * 10 + digit[5];
        if (month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(2000 + year, month))
            return true;
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
