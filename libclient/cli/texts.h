/* The command's texts for people, in English and Danish: one table, texts.def.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef MEDKOORD_TEXTS_H
#define MEDKOORD_TEXTS_H

#include <stdbool.h>

enum text_id {
#define X(id, en, da) TEXT_##id,
#include "texts.def"
#undef X
    N_TEXTS
};

/* As arrays, so that the compiler holds the arguments against the formats of both languages. */
#define X(id, en, da)                                                                                                  \
    static const char texts_en_##id[] __attribute__((unused)) = en;                                                    \
    static const char texts_da_##id[] __attribute__((unused)) = da;
#include "texts.def"
#undef X
#define T(id) (texts_danish() ? texts_da_##id : texts_en_##id)

/* By LC_ALL, LC_MESSAGES, LANG: the first that is set. */
void texts_init(void);
bool texts_danish(void);
const char *texts_get(enum text_id);

#endif
