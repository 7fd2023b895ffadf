/* Tests of server/schema.c: each kind of violation, its pointer, and its text in both languages.
 * SPDX-License-Identifier: MPL-2.0 */
#include "../suite.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>

static struct request r;

static void set_up(void) {
    memset(&r, 0, sizeof r);
    r.magic = REQUEST_MAGIC;
}

static void tear_down(void) {
    arena_reset(&r.arena);
}

/* Checks JSON against a schema and answers "code pointer, code pointer". */
static const char *violations_of(const struct schema *schema, const char *text) {
    static char list[1024];
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &error);
    ck_assert_msg(value != NULL, "%s: %s", text, error.text);
    r.n_violations = 0;
    schema_check(&r, schema, value, "");
    json_decref(value);
    list[0] = '\0';
    for (size_t i = 0; i < r.n_violations && i < 10; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s %s", i == 0 ? "" : ", ", r.violations[i].code,
                 r.violations[i].pointer);
    }
    return list;
}

static const char *violations_of_text(const struct schema *schema, const char *text) {
    r.n_violations = 0;
    schema_check_text(&r, schema, (struct value){text, strlen(text)}, "query/x");
    if (r.n_violations == 0)
        return "";
    ck_assert_str_eq(r.violations[0].pointer, "query/x");
    return r.violations[0].code;
}

static const struct schema name = {
    .types = TYPE_STRING, .min_length = 1, .max_length = 5, .free_text = true, .pattern = -1};
static const struct schema count = {.types = TYPE_INTEGER | TYPE_NULL,
                                    .has_minimum = true,
                                    .minimum = 0,
                                    .has_maximum = true,
                                    .maximum = 10,
                                    .pattern = -1};
static const struct schema colour = {
    .types = TYPE_STRING, .pattern = -1, .enumeration = (const char *const[]){"rød", "blå", NULL}};
static const struct schema counts = {
    .types = TYPE_ARRAY, .pattern = -1, .items = &count, .min_items = 1, .max_items = 3, .unique_items = true};
static const struct schema_property thing_properties[] = {
    {"a/b~c", &count, false}, {"colour", &colour, false}, {"counts", &counts, false}, {"name", &name, true}};
static const struct schema thing = {
    .types = TYPE_OBJECT, .pattern = -1, .properties = thing_properties, .n_properties = 4, .min_properties = 1};
static const struct schema things = {.types = TYPE_ARRAY, .pattern = -1, .items = &thing};

START_TEST(what_fits_has_no_violation) {
    ck_assert_str_eq(violations_of(&thing, "{\"name\":\"ærøå\",\"counts\":[1,2,null],\"colour\":\"blå\",\"a/b~c\":10}"),
                     "");
    ck_assert_str_eq(violations_of(&thing, "{\"name\":\"a\"}"), "");
    ck_assert_str_eq(violations_of(&count, "null"), "");
}
END_TEST

START_TEST(every_violation_is_named_with_its_pointer) {
    ck_assert_str_eq(violations_of(&thing, "[]"), "wrong_type ");
    ck_assert_str_eq(violations_of(&thing, "{}"), "required /name, too_few_properties ");
    ck_assert_str_eq(violations_of(&thing, "{\"name\":1}"), "wrong_type /name");
    ck_assert_str_eq(violations_of(&thing, "{\"name\":null}"), "wrong_type /name");
    ck_assert_str_eq(violations_of(&thing, "{\"name\":\"\"}"), "too_short /name");
    ck_assert_str_eq(violations_of(&thing, "{\"name\":\"ærøåÆ\"}"), "");
    ck_assert_str_eq(violations_of(&thing, "{\"name\":\"ærøåÆØ\"}"), "too_long /name");
    ck_assert_str_eq(violations_of(&thing, "{\"name\":\"a\\u0007\"}"), "control_character /name");
    ck_assert_str_eq(violations_of(&thing, "{\"name\":\"a\",\"x\":1}"), "unknown_property /x");
    ck_assert_str_eq(violations_of(&thing, "{\"name\":\"a\",\"colour\":\"grøn\"}"), "not_in_enum /colour");
    ck_assert_str_eq(violations_of(&thing, "{\"name\":\"a\",\"a/b~c\":-1}"), "out_of_range /a~1b~0c");
    ck_assert_str_eq(violations_of(&thing, "{\"name\":\"a\",\"a/b~c\":11}"), "out_of_range /a~1b~0c");
    ck_assert_str_eq(violations_of(&thing, "{\"name\":\"a\",\"a/b~c\":1.5}"), "wrong_type /a~1b~0c");
    ck_assert_str_eq(violations_of(&thing, "{\"name\":\"a\",\"counts\":[]}"), "too_few_items /counts");
    ck_assert_str_eq(violations_of(&thing, "{\"name\":\"a\",\"counts\":[1,2,3,4]}"), "too_many_items /counts");
    ck_assert_str_eq(violations_of(&thing, "{\"name\":\"a\",\"counts\":[1,2,1]}"), "duplicate_item /counts/2");
    ck_assert_str_eq(violations_of(&things, "[{\"name\":\"a\"},{\"name\":\"a\",\"counts\":[\"x\"]}]"),
                     "wrong_type /1/counts/0");
}
END_TEST

START_TEST(all_violations_come_at_once_and_are_bounded) {
    ck_assert_str_eq(violations_of(&thing, "{\"colour\":\"x\",\"counts\":[99,true]}"),
                     "required /name, not_in_enum /colour, out_of_range /counts/0, wrong_type /counts/1");
    char text[4096] = "{";
    for (int i = 0; i < 300; i++)
        sprintf(text + strlen(text), "%s\"p%d\":1", i == 0 ? "" : ",", i);
    strcat(text, "}");
    violations_of(&thing, text);
    ck_assert_uint_eq(r.n_violations, MAX_VIOLATIONS);
}
END_TEST

START_TEST(an_open_object_takes_what_it_does_not_know) {
    struct schema open = thing;
    open.open = true;
    ck_assert_str_eq(violations_of(&open, "{\"name\":\"a\",\"x\":{\"y\":[1]}}"), "");
}
END_TEST

START_TEST(texts_are_in_the_callers_language) {
    violations_of(&thing, "{}");
    ck_assert_str_eq(r.violations[0].detail, "is required");
    violations_of(&thing, "{\"name\":\"a\",\"colour\":\"x\"}");
    ck_assert_str_eq(r.violations[0].detail, "is not one of: rød, blå");
    r.danish = true;
    violations_of(&thing, "{}");
    ck_assert_str_eq(r.violations[0].detail, "skal angives");
    violations_of(&count, "\"x\"");
    ck_assert_str_eq(r.violations[0].detail, "er ikke null eller et helt tal");
}
END_TEST

START_TEST(civil_registration_numbers_are_refused_in_free_text_only) {
    struct schema text = {.types = TYPE_STRING, .max_length = 200, .free_text = true, .pattern = -1}, code = text;
    code.free_text = false;
    ck_assert_str_eq(violations_of(&text, "\"Patienten 010180-1234 fik det\""), "cpr_number_not_allowed ");
    ck_assert_str_eq(violations_of(&text, "\"Leverance 123456789012\""), "");
    ck_assert_str_eq(violations_of(&code, "\"010180-1234\""), "");
    ck_assert_str_eq(violations_of_text(&text, "0101801234"), "cpr_number_not_allowed");
}
END_TEST

START_TEST(a_text_that_must_be_there_is_not_blank) {
    struct schema text = {.types = TYPE_STRING, .min_length = 1, .free_text = true, .pattern = -1};
    static const char *const blank[] = {" ",      "   ",    "\t\r\n", "\u00a0", " \u2007\u202f\u3000",
                                        "\u200b", "\ufeff", "\u2028"};
    for (size_t i = 0; i < sizeof blank / sizeof blank[0]; i++) {
        ck_assert_str_eq(violations_of_text(&text, blank[i]), "validation_failed");
        ck_assert_str_eq(r.violations[0].detail, "is blank");
    }
    ck_assert_str_eq(violations_of(&text, "\"\""), "too_short ");
    ck_assert_str_eq(violations_of(&text, "\" \\u00a0æ\""), "");
    ck_assert_str_eq(violations_of_text(&text, "\xff"), ""); /* not UTF-8: refused before this */
    text.min_length = 0;
    ck_assert_str_eq(violations_of_text(&text, "  "), "");
}
END_TEST

START_TEST(one_line_is_one_line) {
    struct schema text = {.types = TYPE_STRING, .free_text = true, .pattern = -1};
    static const char *const lines[] = {"a\nb", "a\r\nb", "a\tb", "a\u2028b", "a\u2029b", "a\302\205b"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        text.one_line = false;
        ck_assert_str_eq(violations_of_text(&text, lines[i]), "");
        text.one_line = true;
        ck_assert_str_eq(violations_of_text(&text, lines[i]), "control_character");
    }
    ck_assert_str_eq(violations_of_text(&text, "Æ b \xe2\x80\xa6"), "");
    r.danish = true;
    violations_of_text(&text, "a\u2028b");
    ck_assert_str_eq(r.violations[0].detail, "er mere end én linje");
}
END_TEST

static const struct {
    enum schema_format format;
    const char *text;
    bool good;
} formats[] = {
    {FORMAT_DATE, "2024-02-29", true},
    {FORMAT_DATE, "2023-02-29", false},
    {FORMAT_DATE, "2024-2-29", false},
    {FORMAT_DATE, "", false},
    {FORMAT_MONTH, "2026-03", true},
    {FORMAT_MONTH, "2026-13", false},
    {FORMAT_MONTH, "2026-03-01", false},
    {FORMAT_DATE_TIME, "2026-03-01T12:00:00Z", true},
    {FORMAT_DATE_TIME, "2026-03-01T12:00:00.123456+01:00", true},
    {FORMAT_DATE_TIME, "2026-03-01T12:00:00", false},
    {FORMAT_DATE_TIME, "2026-03-01 12:00:00Z", false},
    {FORMAT_DATE_TIME, "2026-03-01T24:00:00Z", false},
    {FORMAT_DATE_TIME, "2026-03-01T12:00:60Z", false},
    {FORMAT_DATE_TIME, "2026-03-01T12:00:00.Z", false},
    {FORMAT_DATE_TIME, "2026-03-01T12:00:00.1234567890Z", false},
    {FORMAT_DATE_TIME, "2026-03-01T12:00:00+0100", false},
    {FORMAT_DATE_TIME, "2026-03-01T12:00:00Zx", false},
    {FORMAT_DATE_TIME, "2026-02-30T12:00:00Z", false},
    {FORMAT_DATE_TIME, "2026-03-01T12:00:00 01:00", false},
    {FORMAT_DATE_TIME, "2026-03-01T12:00:00.", false},
    {FORMAT_UUID, "6f1a9a34-0f53-4c44-8f4e-0a4a1f0d2a77", true},
    {FORMAT_UUID, "6F1A9A34-0F53-4C44-8F4E-0A4A1F0D2A77", true},
    {FORMAT_UUID, "6f1a9a340f534c448f4e0a4a1f0d2a77", false},
    {FORMAT_UUID, "6f1a9a34-0f53-4c44-8f4e-0a4a1f0d2a7g", false},
    {FORMAT_UUID, "{6f1a9a34-0f53-4c44-8f4e-0a4a1f0d2a7}", false},
    {FORMAT_URI, "https://example.org/a?b=c#d", true},
    {FORMAT_URI, "/a/b", false},
    {FORMAT_URI, "https:", false},
    {FORMAT_URI, "https://a b", false},
    {FORMAT_URI, "1a://b", false},
};

START_TEST(formats_are_held) {
    const struct schema schema = {.types = TYPE_STRING, .format = (uint8_t)formats[_i].format, .pattern = -1};
    const char *said = violations_of_text(&schema, formats[_i].text);
    ck_assert_msg((said[0] == '\0') == formats[_i].good, "%s: %s", formats[_i].text, said);
}
END_TEST

START_TEST(patterns_of_the_contract_are_held) {
    struct schema schema = {.types = TYPE_STRING, .pattern = -1};
    for (size_t i = 0; i < n_schema_patterns; i++)
        if (strcmp(schema_patterns[i], "^[A-Za-z0-9_-]+$") == 0) /* parameters/cursor.yaml */
            schema.pattern = (int)i;
    ck_assert_int_ge(schema.pattern, 0);
    ck_assert_str_eq(violations_of_text(&schema, "aZ_9-"), "");
    ck_assert_str_eq(violations_of_text(&schema, "a b"), "bad_pattern");
    ck_assert_str_eq(violations_of_text(&schema, "é"), "bad_pattern");
    ck_assert_str_eq(violations_of_text(&schema, ""), "bad_pattern");
    ck_assert_str_eq(violations_of_text(&schema, "a\nb"), "bad_pattern");
}
END_TEST

START_TEST(every_request_pattern_compiles_with_characters_not_bytes) {
    for (size_t i = 0; i < n_schema_patterns; i++) {
        struct schema schema = {.types = TYPE_STRING, .pattern = (int)i};
        /* No pattern of ours takes such a character; a bytewise match of a range could. */
        ck_assert_msg(strcmp(violations_of_text(&schema, "\xf0\x9f\x92\x8a"), "bad_pattern") == 0, "%s",
                      schema_patterns[i]);
    }
}
END_TEST

START_TEST(numbers_in_text_are_read_exactly) {
    static const struct {
        const char *text, *code;
    } wholes[] = {{"0", ""},
                  {"10", ""},
                  {"11", "out_of_range"},
                  {"-1", "out_of_range"},
                  {"01", "wrong_type"},
                  {"+1", "wrong_type"},
                  {" 1", "wrong_type"},
                  {"1 ", "wrong_type"},
                  {"1.0", "wrong_type"},
                  {"1e1", "wrong_type"},
                  {"", "wrong_type"},
                  {"-", "wrong_type"},
                  {"0x1", "wrong_type"},
                  {"99999999999999999999", "out_of_range"},
                  {"-99999999999999999999", "out_of_range"},
                  {"11111111111111111111111111111111111111111", "wrong_type"}};
    const struct schema whole = {
        .types = TYPE_INTEGER, .has_minimum = true, .has_maximum = true, .maximum = 10, .pattern = -1};
    for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++)
        ck_assert_msg(strcmp(violations_of_text(&whole, wholes[i].text), wholes[i].code) == 0, "%s", wholes[i].text);
    const struct schema number = {
        .types = TYPE_NUMBER, .has_minimum = true, .has_maximum = true, .maximum = 10, .pattern = -1};
    ck_assert_str_eq(violations_of_text(&number, "1.25"), "");
    ck_assert_str_eq(violations_of_text(&number, "1e1"), "");
    ck_assert_str_eq(violations_of_text(&number, "10.5"), "out_of_range");
    ck_assert_str_eq(violations_of_text(&number, "1."), "wrong_type");
    ck_assert_str_eq(violations_of_text(&number, "nan"), "wrong_type");
    const struct schema yes = {.types = TYPE_BOOLEAN, .pattern = -1};
    ck_assert_str_eq(violations_of_text(&yes, "true"), "");
    ck_assert_str_eq(violations_of_text(&yes, "1"), "wrong_type");
}
END_TEST

int main(void) {
    if (!schema_init() || !schema_init())
        return 1;
    TCase *tcase = tcase_create("schema");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, what_fits_has_no_violation);
    tcase_add_test(tcase, every_violation_is_named_with_its_pointer);
    tcase_add_test(tcase, all_violations_come_at_once_and_are_bounded);
    tcase_add_test(tcase, an_open_object_takes_what_it_does_not_know);
    tcase_add_test(tcase, texts_are_in_the_callers_language);
    tcase_add_test(tcase, civil_registration_numbers_are_refused_in_free_text_only);
    tcase_add_test(tcase, a_text_that_must_be_there_is_not_blank);
    tcase_add_test(tcase, one_line_is_one_line);
    tcase_add_loop_test(tcase, formats_are_held, 0, (int)(sizeof formats / sizeof formats[0]));
    tcase_add_test(tcase, patterns_of_the_contract_are_held);
    tcase_add_test(tcase, every_request_pattern_compiles_with_characters_not_bytes);
    tcase_add_test(tcase, numbers_in_text_are_read_exactly);
    return run_suite("schema", tcase);
}
