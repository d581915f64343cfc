/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "unit.h"

/* Every status has a name, none has that of another, and their number is that of the header. */
static void check_statuses(void)
{
	static const int first_of[] = {ATTEST_E_USAGE,          ATTEST_E_LIMIT,       ATTEST_E_SIGNATURE,
				       ATTEST_E_NO_CERTIFICATE, ATTEST_E_NONCE,       ATTEST_E_PCR_SELECTION,
				       ATTEST_E_PIN_MISMATCH,   ATTEST_E_TLS_BINDING, ATTEST_E_IO};
	const char *names[1000];
	size_t n = 0;

	for (int code = -5; code < 1200; code++) {
		const char *name = attest_status_name((attest_status)code);

		if (strcmp(name, "unknown") == 0)
			continue;
		for (size_t i = 0; i < n; i++)
			CHECK(strcmp(names[i], name) != 0);
		CHECK(strncmp(name, "ATTEST_", 7) == 0);
		names[n++] = name;
	}
	CHECK(n == 45);
	CHECK_TEXT(attest_status_name(ATTEST_OK), "ATTEST_OK");
	CHECK_TEXT(attest_status_name(ATTEST_E_NO_MEMORY), "ATTEST_E_NO_MEMORY");
	CHECK(attest_status_category(ATTEST_OK) == ATTEST_CATEGORY_NONE);
	for (size_t i = 0; i < COUNT(first_of); i++)
		CHECK(attest_status_category((attest_status)first_of[i]) == (attest_category)(i + 1));
}

/* n names, all different, and "unknown" beyond. */
static void check_names(const char *(*name_of)(int), int n)
{
	for (int i = 0; i < n; i++) {
		CHECK(strcmp(name_of(i), "unknown") != 0);
		for (int k = 0; k < i; k++)
			CHECK(strcmp(name_of(i), name_of(k)) != 0);
	}
	CHECK_TEXT(name_of(n), "unknown");
	CHECK_TEXT(name_of(-1), "unknown");
}

static const char *category(int i)
{
	return attest_category_name((attest_category)i);
}

static const char *step(int i)
{
	return attest_step_name((attest_step)i);
}

static const char *step_status(int i)
{
	return attest_step_status_name((attest_step_status)i);
}

static const char *verdict(int i)
{
	return attest_verdict_name((attest_verdict)i);
}

static const char *link_kind(int i)
{
	return attest_link_kind_name((attest_link_kind)i);
}

void result_names(void)
{
	check_statuses();
	check_names(category, 10);
	check_names(step, ATTEST_N_STEPS);
	check_names(step_status, 5);
	check_names(verdict, 3);
	check_names(link_kind, 2);
	CHECK_TEXT(attest_version(), ATTEST_VERSION);
	CHECK_TEXT(step(ATTEST_STEP_TLS), "tls");
	CHECK_TEXT(verdict(ATTEST_REFUSED), "refused");
	CHECK_TEXT(category(ATTEST_CATEGORY_CHANNEL), "channel");
	CHECK_TEXT(step_status(ATTEST_NOT_REQUIRED), "not-required");
}

/* Of a proof that does not even parse. */
void result_getters(void)
{
	struct attest_options options = ATTEST_OPTIONS_INIT;
	struct attest_error e = {0};
	attest_verifier *verifier = NULL;
	attest_result *r = NULL;
	char *text = NULL;

	options.time = 0;
	CHECK_STATUS(attest_verifier_new(&verifier), ATTEST_OK);
	CHECK_STATUS(attest_verify(verifier, &options, "[]", 2, &r, &e), ATTEST_E_STRUCTURE);
	attest_verifier_free(verifier); /* results stay valid */
	CHECK(r != NULL && e.status == ATTEST_E_STRUCTURE);
	if (r == NULL)
		return;
	CHECK(attest_result_verdict(r) == ATTEST_REFUSED && attest_result_status(r) == ATTEST_E_STRUCTURE);
	CHECK(attest_result_step(r, ATTEST_STEP_PARSE) == ATTEST_FAILED);
	CHECK(attest_result_step(r, ATTEST_STEP_TLS) == ATTEST_NOT_CHECKED);
	CHECK(attest_result_step(r, (attest_step)ATTEST_N_STEPS) == ATTEST_NOT_CHECKED);
	CHECK(attest_result_step(r, (attest_step)-1) == ATTEST_NOT_CHECKED);
	CHECK(attest_result_n_findings(r) == 1 && attest_result_finding(r, 0) != NULL &&
	      attest_result_finding(r, 1) == NULL);
	CHECK(attest_result_n_pcrs(r) == 0 && attest_result_pcr(r, 0) == NULL);
	CHECK(attest_result_n_events(r) == 0 && attest_result_event(r, 0) == NULL);
	CHECK(attest_result_n_links(r) == 0 && attest_result_link(r, 0) == NULL);
	CHECK(attest_result_pin(r) == NULL && attest_result_facts(r)->platform == NULL);
	CHECK_STATUS(attest_result_text(r, NULL, 0, &text), ATTEST_OK);
	CHECK(strncmp(text, "REFUSED\n", 8) == 0);
	attest_string_free(text);
	CHECK_STATUS(attest_result_json(r, "a \"name\"\n", &text), ATTEST_OK);
	CHECK(strstr(text, "\"proof\":\"a \\\"name\\\"\\\\x0a\"") != NULL && strchr(text, '\n') == NULL);
	attest_string_free(text);
	attest_string_free(NULL);
	attest_result_free(r);
	attest_result_free(NULL);
}
