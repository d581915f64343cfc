/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case.h - a case folder of tests/cases, for C programs that see the public interface alone.
 */
#ifndef TESTS_CASE_H
#define TESTS_CASE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "attest.h"

struct file {
	char *data;
	size_t len;
};

struct test_case {
	char path[512];
	json_t *json; /* case.json */
	struct attest_options options;
	unsigned char nonce[64];
	attest_verifier *verifier; /* with its roots and policies; NULL where one was refused */
	struct file proof;         /* or the six parts */
	struct file files[6];
	struct attest_parts parts;
	bool has_parts;
};

/* Exits with a message where the folder itself is broken. */
void case_load(struct test_case *c, const char *directory, const char *name);
void case_free(struct test_case *c);
/* Decide the case's evidence. */
attest_status case_verify(struct test_case *c, attest_result **ret_result, struct attest_error *error);
struct file file_read(const char *path);

#endif
