/* Structs that begin with their own size, because programs of older and newer headers hand them over.
 * SPDX-License-Identifier: MPL-2.0 */
#include "internal.h"

#include <string.h>

static size_t size_of(const void *sized) {
    size_t size;
    memcpy(&size, sized, sizeof size);
    return size;
}

/* What we do not know is asked of us: better to say so than to leave it out. */
bool mk_struct_is_good(const void *from, size_t known) {
    if (from == NULL)
        return true;
    const unsigned char *bytes = from;
    size_t size = size_of(from);
    for (size_t i = known; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return size >= sizeof size;
}

bool mk_struct_read(void *to, size_t known, const void *from, size_t least) {
    memset(to, 0, known);
    if (from == NULL)
        return true;
    size_t size = size_of(from);
    if (size < least || !mk_struct_is_good(from, known))
        return false;
    memcpy(to, from, size < known ? size : known);
    memcpy(to, &known, sizeof known);
    return true;
}

void mk_struct_write(void *to, const void *from, size_t known) {
    size_t size = size_of(to);
    memset(to, 0, size);
    memcpy(to, from, size < known ? size : known);
    memcpy(to, &size, sizeof size);
}
