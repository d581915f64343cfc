/* SPDX-License-Identifier: Apache-2.0 */
/*
 * known.h - every TPMS_ATTEST in testdata/ and tests/cases/. The keys that signed them were thrown away, so whatever a
 * fuzzer makes of a proof: one that is not refused holds one of these, to the byte.
 */
#ifndef FUZZ_KNOWN_H
#define FUZZ_KNOWN_H

#include <glob.h>

#include "fuzz.h"

enum { KNOWN_MAX = 2048 };
static struct digest known[KNOWN_MAX];
static size_t n_known;

static inline void known_add(struct slice attest)
{
	struct attest_error e = {0};

	REQUIRE(n_known < KNOWN_MAX);
	REQUIRE(digest_compute(ALG_SHA256, &attest, 1, &known[n_known++], &e) == ATTEST_OK);
}

static inline bool known_has(struct slice attest)
{
	struct attest_error e = {0};
	struct digest digest;

	REQUIRE(digest_compute(ALG_SHA256, &attest, 1, &digest, &e) == ATTEST_OK);
	for (size_t i = 0; i < n_known; i++)
		if (slice_equal(digest_slice(&digest), digest_slice(&known[i])))
			return true;
	return false;
}

/* The quote of a proof's text; empty where it does not parse. */
static inline struct slice known_attest(struct arena *arena, struct slice text)
{
	struct attest_error e = {0};
	struct proof proof;
	struct slice attest = {NULL, 0};

	if (proof_parse(&proof, arena, text, &e) == ATTEST_OK)
		attest = proof.attest; /* decoded into the arena */
	proof_free(&proof);
	return attest;
}

static inline void known_load_pattern(const char *pattern, bool is_proof)
{
	glob_t files;

	REQUIRE(glob(pattern, 0, NULL, &files) == 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct arena arena = {NULL};
		size_t len;
		uint8_t *data = fuzz_file(files.gl_pathv[i], &len);
		struct slice attest = slice_of(data, len);

		if (is_proof)
			attest = known_attest(&arena, attest);
		if (attest.len > 0)
			known_add(attest);
		arena_free(&arena);
		free(data);
	}
	globfree(&files);
}

static inline void known_load(void)
{
	known_load_pattern("tests/cases/*/*.json", true);
	known_load_pattern("testdata/demo/*.json", true);
	known_load_pattern("tests/cases/*/*.msg", false);
}

#endif
