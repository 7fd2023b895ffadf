/* What every Check program ends with: its tests are run, and main() returns what this does. CK_VERBOSITY says how much
 * is told.
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <stdlib.h>

static inline int run_cases(Suite *suite) {
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The same for a suite of one case. */
static inline int run_suite(const char *name, TCase *tcase) {
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, tcase);
    return run_cases(suite);
}

#endif
