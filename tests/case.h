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

enum { CASE_PARTS = 5, CASE_LOGS = 8, CASE_GIVEN = 4, CASE_EXPORTER = 32 };

struct test_case {
	char path[512];
	json_t *json; /* case.json */
	struct attest_options options;
	unsigned char nonce[64], exporter[CASE_EXPORTER];
	attest_verifier *verifier;   /* with its roots, policies and references; NULL where one was refused, */
	struct attest_error refusal; /* and why */
	struct file proof;           /* or the parts */
	struct file files[CASE_PARTS], logs[CASE_LOGS];
	struct attest_bytes log_bytes[CASE_LOGS];
	struct file certificates[CASE_GIVEN], crls[CASE_GIVEN];
	struct attest_bytes certificate_bytes[CASE_GIVEN], crl_bytes[CASE_GIVEN];
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
