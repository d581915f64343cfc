/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <openssl/err.h>

#include "base/findings.h"
#include "unit.h"

void error_first_wins(void)
{
	struct attest_error e = {0};

	CHECK_STATUS(fail(&e, ATTEST_E_JSON, "clause", "first %d", 1), ATTEST_E_JSON);
	CHECK_STATUS(fail(&e, ATTEST_E_LIMIT, NULL, "second"), ATTEST_E_LIMIT);
	CHECK(e.status == ATTEST_E_JSON);
	CHECK_TEXT(e.message, "first 1");
	CHECK_TEXT(e.clause, "clause");
	error_where(&e, "here");
	error_where(&e, "there");
	CHECK_TEXT(e.where, "here");
	error_expected(&e, "%s", "a");
	error_expected(&e, "%s", "b");
	CHECK_TEXT(e.expected, "a");
	error_found(&e, "c");
	error_found(&e, "d");
	CHECK_TEXT(e.found, "c");
	CHECK_STATUS(fail_memory(&e), ATTEST_E_NO_MEMORY); /* wins over all: what was set may be a consequence */
	CHECK(e.status == ATTEST_E_NO_MEMORY && e.where[0] == '\0' && e.expected[0] == '\0' && e.found[0] == '\0');
	error_clear(&e);
	CHECK(e.status == ATTEST_OK && e.message[0] == '\0');
	CHECK(status_is_internal(ATTEST_E_NO_MEMORY) && status_is_internal(ATTEST_E_INTERNAL));
	CHECK(!status_is_internal(ATTEST_OK) && !status_is_internal(ATTEST_E_IO) &&
	      !status_is_internal(ATTEST_E_SIGNATURE));
}

void error_too_long(void)
{
	struct attest_error e = {0};

	(void)fail(&e, ATTEST_E_JSON, NULL, "%*d", 1000, 1);
	CHECK(strlen(e.message) == sizeof(e.message) - 1);
	CHECK_TEXT(e.message + strlen(e.message) - 3, "...");
	error_found(&e, "%0*d", (int)sizeof(e.found) - 1, 7);
	CHECK(strlen(e.found) == sizeof(e.found) - 1);
	CHECK_TEXT(e.found + strlen(e.found) - 3, "007");
	error_expected(&e, "%0*d", (int)sizeof(e.expected), 7);
	CHECK_TEXT(e.expected + strlen(e.expected) - 3, "...");
}

void error_openssl(void)
{
	struct attest_error e = {0};

	ERR_clear_error();
	CHECK_STATUS(fail_openssl(&e, ATTEST_E_SIGNATURE, NULL, "bad"), ATTEST_E_SIGNATURE);
	error_clear(&e);
	ERR_raise(ERR_LIB_EVP, ERR_R_EVP_LIB);
	ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE);
	ERR_raise(ERR_LIB_EVP, ERR_R_INTERNAL_ERROR);
	CHECK_STATUS(fail_openssl(&e, ATTEST_E_SIGNATURE, NULL, "bad"), ATTEST_E_NO_MEMORY);
	CHECK(ERR_peek_error() == 0);
	CHECK(e.status == ATTEST_E_NO_MEMORY);
	ERR_raise(ERR_LIB_EVP, ERR_R_INTERNAL_ERROR);
	CHECK(!openssl_out_of_memory() && ERR_peek_error() == 0);
}

void findings_collect(void)
{
	struct arena arena = {NULL};
	struct findings findings = {.arena = &arena};
	struct attest_error e = {0};

	(void)fail(&e, ATTEST_E_WEAK, "RFC", "weak");
	error_found(&e, "SHA-1");
	finding_note(&findings, ATTEST_STEP_CHAIN, &e, NULL);
	CHECK(!findings.step_failed[ATTEST_STEP_CHAIN] && findings.n == 1 && findings.items[0].is_error == 0);
	finding_error(&findings, ATTEST_STEP_AK, &e, "hint");
	CHECK(findings.step_failed[ATTEST_STEP_AK] && findings.n == 2 && findings.items[1].is_error == 1);
	CHECK_TEXT(findings.items[1].message, "weak");
	CHECK_TEXT(findings.items[1].found, "SHA-1");
	CHECK_TEXT(findings.items[1].hint, "hint");
	CHECK(findings.items[1].where == NULL && findings.items[1].expected == NULL);
	CHECK(findings.items[1].step == ATTEST_STEP_AK && findings.items[1].status == ATTEST_E_WEAK);
	(void)fail_memory(&e);
	finding_error(&findings, ATTEST_STEP_LOG, &e, NULL);
	CHECK(findings.n == 2 && findings.internal == ATTEST_E_NO_MEMORY);
	arena_free(&arena);
}

void findings_limit(void)
{
	struct arena arena = {NULL};
	struct findings findings = {.arena = &arena};
	struct attest_error e = {0};

	(void)fail(&e, ATTEST_E_PIN_MISMATCH, NULL, "differs");
	for (size_t i = 0; i < LIMIT_FINDINGS + 7; i++)
		finding_note(&findings, ATTEST_STEP_POLICY, &e, NULL);
	finding_error(&findings, ATTEST_STEP_TLS, &e, NULL);
	CHECK(findings.n == LIMIT_FINDINGS && findings.n_dropped == 8 && findings.internal == ATTEST_OK);
	CHECK(findings.step_failed[ATTEST_STEP_TLS]); /* counts although it is not listed */
	arena_free(&arena);
}
