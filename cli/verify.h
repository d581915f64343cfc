/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.h - what attest-verify's files share: the settings that the options make, and deciding by them.
 */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include <stdbool.h>

#include "attest.h"
#include "common.h"
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
	uint8_t nonce[NONCE_SIZE];
	char pin[ATTEST_PIN_SIZE];
	const char *root_purpose;
	bool has_policy, verbose, has_parts;
	bool purpose_is_idle; /* a --root-purpose that no --root has followed */
	enum print print;
	const char *color, *parts[N_PARTS], *logs[MOST_LOGS];
	size_t n_logs;
	struct given certificates, crls;
	long jobs;
	unsigned net_flags; /* ATTEST_NET_… of attest-net.h */
	uint32_t timeout;   /* seconds; 0: the library's default */
	const char *save, *cache;
	char cache_room[4096]; /* where the cache usually is */
};

/* Both print, and return the exit code. */
int verify_parts(const struct settings *s);
int verify_files(const struct settings *s, char **names, size_t n);

/* https://…, or http://…, which is refused with its reason. */
bool is_url(const char *name);
/* --aia or --crls was given. */
bool wants_downloads(const struct settings *s);
/* Load what URLs and downloads need, if there are any. 0 or the exit code. */
int prepare_net(struct settings *s, char **names, size_t n);
/* As attest_verify(), with downloads. */
attest_status verify_with_downloads(const struct settings *s, const void *proof, size_t len, attest_result **ret_result,
				    struct attest_error *error);
/*
 * Ask a server for its proof, and decide it as attest_verify() does. ret_live: a line about the live connection, which
 * the caller frees; left alone where nothing was attested. A result that is VERIFIED with another status than ATTEST_OK
 * is that of a genuine proof from a server that has not what it attests, or of one that could not be saved.
 */
attest_status verify_url(const struct settings *s, const char *url, attest_result **ret_result, char **ret_live,
			 struct attest_error *error);

#endif
