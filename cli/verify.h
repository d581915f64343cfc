/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.h - what attest-verify's two files share: the settings that the options make, and deciding by them.
 */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include <stdbool.h>

#include "attest.h"
#include "input.h"

enum print { PRINT_REPORT, PRINT_JSON, PRINT_NOTHING, PRINT_PIN, PRINT_CA };

enum { N_PARTS = 5, MOST_LOGS = 8, MOST_GIVEN = 16 };

/* Files that every proof is verified with, as the options name them. */
struct given {
	struct input files[MOST_GIVEN];
	struct attest_bytes bytes[MOST_GIVEN];
	size_t n;
};

struct settings {
	attest_verifier *verifier;
	struct attest_options options;
	uint8_t nonce[64];
	char pin[ATTEST_PIN_SIZE];
	const char *root_purpose;
	bool has_policy, verbose, has_parts;
	bool purpose_is_idle; /* a --root-purpose that no --root has followed */
	enum print print;
	const char *color, *parts[N_PARTS], *logs[MOST_LOGS];
	size_t n_logs;
	struct given certificates, crls;
	long jobs;
};

/* Both print, and return the exit code. */
int verify_parts(const struct settings *s);
int verify_files(const struct settings *s, char **names, size_t n);

#endif
