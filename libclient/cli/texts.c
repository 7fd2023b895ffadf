/* Which language the command speaks.
 * SPDX-License-Identifier: MPL-2.0 */
#include "texts.h"

#include <stdlib.h>
#include <string.h>

static bool danish;

static const char *const english_texts[] = {
#define X(id, en, da) texts_en_##id,
#include "texts.def"
#undef X
};
static const char *const danish_texts[] = {
#define X(id, en, da) texts_da_##id,
#include "texts.def"
#undef X
};

void texts_init(void) {
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        if (value == NULL || value[0] == '\0')
            continue;
        danish = strncmp(value, "da", 2) == 0 && (value[2] == '\0' || strchr("_.@", value[2]) != NULL);
        return;
    }
}

bool texts_danish(void) {
    return danish;
}

const char *texts_get(enum text_id id) {
    return danish ? danish_texts[id] : english_texts[id];
}
