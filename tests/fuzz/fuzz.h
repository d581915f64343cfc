/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h - what the fuzzers share: files to start with, and what must hold of every error and of every account,
 * whatever the input was. A fuzzer is one file here; it runs from the root of the repository.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest.h"
#include "base/error.h"
#include "base/memory.h"
#include "formats/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* 2026-06-01T00:00:00Z, and the nonce: those of tests/cases. */
#define FUZZ_TIME 1780272000
static const uint8_t fuzz_nonce[32] = {0x7c, 0x8a, 0x83, 0xa6, 0x09, 0x72, 0xe1, 0x85, 0x48, 0xbf, 0x41,
				       0x94, 0x28, 0x64, 0x43, 0x4b, 0xe2, 0x54, 0xcb, 0x0f, 0xfa, 0xb7,
				       0xce, 0x82, 0x47, 0xc1, 0x7a, 0xd3, 0x5d, 0xa7, 0xb6, 0x4c};

#define REQUIRE(condition) ((condition) ? (void)0 : fuzz_die(__FILE__, __LINE__, #condition))

__attribute__((noreturn)) static inline void fuzz_die(const char *file, int line, const char *what)
{
	(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

/* A whole file; the caller frees it. There is no fuzzing without it. */
static inline uint8_t *fuzz_file(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc((1 << 20) + 1);

	if (file == NULL || data == NULL) {
		(void)fprintf(stderr, "%s cannot be read; fuzzers run from the root of the repository\n", path);
		exit(2);
	}
	*ret_len = fread(data, 1, 1 << 20, file);
	(void)fclose(file);
	return data;
}

/* For choices that the input's format has no room for: FNV-1a. */
static inline uint32_t fuzz_hash(const uint8_t *data, size_t size)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ data[i]) * 16777619u;
	return hash;
}

/* "Bytes that come from a proof are escaped before they reach a string." */
static inline void fuzz_check_printable(const char *text, bool lines)
{
	for (; text != NULL && *text != '\0'; text++)
		REQUIRE((*text >= 0x20 && *text < 0x7f) || (lines && *text == '\n'));
}

/* A parser's error: filled if and only if it failed, and never for want of memory. */
static inline void fuzz_check_error(attest_status status, const struct attest_error *e)
{
	REQUIRE(e->status == status);
	if (status == ATTEST_OK)
		return;
	REQUIRE(!status_is_internal(status));
	REQUIRE(e->message[0] != '\0');
	REQUIRE(strcmp(attest_status_name(status), "unknown") != 0);
	fuzz_check_printable(e->message, false);
	fuzz_check_printable(e->where, false);
	fuzz_check_printable(e->expected, false);
	fuzz_check_printable(e->found, false);
}

static inline bool fuzz_passed(const attest_result *r, attest_step step)
{
	return attest_result_step(r, step) == ATTEST_PASSED;
}

static inline void fuzz_check_findings(const attest_result *r)
{
	size_t n_errors = 0;

	for (size_t i = 0; i < attest_result_n_findings(r); i++) {
		const struct attest_finding *f = attest_result_finding(r, i);

		REQUIRE(i == 0 || attest_result_finding(r, i - 1)->step <= f->step);
		REQUIRE(f->message != NULL && f->message[0] != '\0');
		REQUIRE(!status_is_internal(f->status));
		REQUIRE(!f->is_error || !fuzz_passed(r, f->step));
		if (f->is_error && n_errors++ == 0)
			REQUIRE(f->status == attest_result_status(r));
		fuzz_check_printable(f->message, false);
		fuzz_check_printable(f->where, false);
		fuzz_check_printable(f->expected, false);
		fuzz_check_printable(f->found, false);
	}
	REQUIRE((n_errors > 0) == (attest_result_verdict(r) == ATTEST_REFUSED));
	REQUIRE(attest_result_finding(r, attest_result_n_findings(r)) == NULL);
}

/* Which steps stand on which. */
static inline void fuzz_check_steps(const attest_result *r)
{
	bool authentic = fuzz_passed(r, ATTEST_STEP_SIGNATURE) && fuzz_passed(r, ATTEST_STEP_QUOTE);
	bool pcrs = fuzz_passed(r, ATTEST_STEP_PCRS);

	REQUIRE(authentic || !pcrs);
	REQUIRE(authentic || !fuzz_passed(r, ATTEST_STEP_NONCE));
	REQUIRE(authentic || !fuzz_passed(r, ATTEST_STEP_TLS));
	REQUIRE(pcrs || !fuzz_passed(r, ATTEST_STEP_LOG));
	REQUIRE(pcrs || !fuzz_passed(r, ATTEST_STEP_POLICY));
	if (attest_result_verdict(r) != ATTEST_REFUSED)
		REQUIRE(authentic && pcrs && fuzz_passed(r, ATTEST_STEP_PARSE) && fuzz_passed(r, ATTEST_STEP_CHAIN));
	if (attest_result_verdict(r) == ATTEST_VERIFIED)
		REQUIRE(fuzz_passed(r, ATTEST_STEP_POLICY));
	if (!fuzz_passed(r, ATTEST_STEP_PARSE))
		for (size_t i = 1; i < ATTEST_N_STEPS; i++)
			REQUIRE(attest_result_step(r, (attest_step)i) == ATTEST_NOT_CHECKED);
}

/* Facts are what a passed step proves. */
static inline void fuzz_check_facts(const attest_result *r)
{
	const struct attest_facts *f = attest_result_facts(r);
	bool authentic = fuzz_passed(r, ATTEST_STEP_SIGNATURE) && fuzz_passed(r, ATTEST_STEP_QUOTE);

	REQUIRE((f->platform != NULL) == fuzz_passed(r, ATTEST_STEP_CHAIN));
	REQUIRE((f->ak_spki != NULL) == fuzz_passed(r, ATTEST_STEP_SIGNATURE));
	REQUIRE((f->nonce != NULL) == authentic);
	REQUIRE((f->tls_pin != NULL) ==
		(fuzz_passed(r, ATTEST_STEP_TLS) && attest_result_verdict(r) != ATTEST_REFUSED));
	REQUIRE((attest_result_n_pcrs(r) > 0) == fuzz_passed(r, ATTEST_STEP_PCRS));
	REQUIRE(attest_result_n_events(r) == 0 || fuzz_passed(r, ATTEST_STEP_PCRS));
	REQUIRE(attest_result_pin(r) == NULL || attest_result_verdict(r) == ATTEST_VERIFIED);
	fuzz_check_printable(f->ak_subject, false);
	for (size_t i = 0; i < attest_result_n_events(r); i++) {
		fuzz_check_printable(attest_result_event(r, i)->type, false);
		fuzz_check_printable(attest_result_event(r, i)->text, false);
		REQUIRE(attest_result_event(r, i)->pcr < 32);
		REQUIRE(attest_result_event(r, i)->text != NULL || !attest_result_event(r, i)->proven);
	}
	REQUIRE(attest_result_n_software(r) == 0 || attest_result_n_events(r) > 0);
	for (size_t i = 0; i < attest_result_n_software(r); i++) {
		REQUIRE(attest_result_software(r, i)->what[0] != '\0' && attest_result_software(r, i)->value != NULL);
		fuzz_check_printable(attest_result_software(r, i)->value, false);
	}
	REQUIRE(attest_result_software(r, attest_result_n_software(r)) == NULL);
}

/* Links go to nobody's files or shells, and only a proof that was read has any. */
static inline void fuzz_check_links(const attest_result *r)
{
	size_t n = attest_result_n_links(r);

	REQUIRE(n == 0 || fuzz_passed(r, ATTEST_STEP_PARSE));
	REQUIRE(attest_result_link(r, n) == NULL);
	for (size_t i = 0; i < n; i++) {
		const struct attest_link *link = attest_result_link(r, i);

		REQUIRE(strncmp(link->url, "http://", 7) == 0 && strchr(link->url, ' ') == NULL);
		fuzz_check_printable(link->url, false);
		fuzz_check_printable(link->subject, false);
	}
}

static inline void fuzz_check_report(const attest_result *r)
{
	char *text = NULL;
	json_t *root;

	REQUIRE(attest_result_text(r, "\x1b[2Jname\n", ATTEST_TEXT_VERBOSE, &text) == ATTEST_OK);
	fuzz_check_printable(text, true);
	attest_string_free(text);
	REQUIRE(attest_result_text(r, NULL, ATTEST_TEXT_COLOR, &text) == ATTEST_OK);
	attest_string_free(text);
	REQUIRE(attest_result_json(r, NULL, &text) == ATTEST_OK);
	fuzz_check_printable(text, false);
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	attest_string_free(text);
	REQUIRE(root != NULL);
	REQUIRE(strcmp(json_string_value(json_object_get(root, "verdict")),
		       attest_verdict_name(attest_result_verdict(r))) == 0);
	json_decref(root);
}

/* What attest_verify() and attest_verify_parts() promise; `status`, `e` and `r` are what they gave. */
static inline void fuzz_check_account(attest_status status, const struct attest_error *e, const attest_result *r)
{
	REQUIRE(r != NULL);
	REQUIRE(status == attest_result_status(r));
	REQUIRE((status == ATTEST_OK) == (attest_result_verdict(r) == ATTEST_VERIFIED));
	REQUIRE((status == ATTEST_E_INCONCLUSIVE) == (attest_result_verdict(r) == ATTEST_INCONCLUSIVE));
	fuzz_check_error(status, e);
	fuzz_check_findings(r);
	fuzz_check_steps(r);
	fuzz_check_facts(r);
	fuzz_check_links(r);
	fuzz_check_report(r);
}

/* A verifier that trusts the authorities of testdata/. */
static inline attest_verifier *fuzz_verifier(const char *policy)
{
	static const char *const roots[] = {
		"testdata/demo/root.pem",          "testdata/ca/azure-like-root.pem", "testdata/ca/google-old-root.pem",
		"testdata/ca/google-new-root.pem", "testdata/ca/p384-root.pem",
	};
	attest_verifier *verifier = NULL;
	size_t len;

	REQUIRE(attest_verifier_new(&verifier) == ATTEST_OK);
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		uint8_t *pem = fuzz_file(roots[i], &len);

		REQUIRE(attest_verifier_add_roots(verifier, pem, len, NULL, NULL) == ATTEST_OK);
		free(pem);
	}
	if (policy != NULL)
		REQUIRE(attest_verifier_add_policy(verifier, policy, strlen(policy), NULL, NULL) == ATTEST_OK);
	return verifier;
}

#endif
