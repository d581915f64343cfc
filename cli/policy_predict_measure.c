/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text events of attest-server, made by the server's own code.
 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "measure.h"
#include "policy.h"
#include "policy_predict.h"
#include "report.h"

/* The server's lines about what it measures: here the policy says it. */
void report(const char *format, ...)
{
	(void)format;
}

void report_error(const char *what, const struct attest_error *error)
{
	(void)what;
	(void)error;
}

static attest_status measure_config(const struct served *served, struct measurements *plan, struct attest_error *error)
{
	struct input input;
	uint8_t digest[32];
	size_t len;
	attest_status status;
	int rc = input_read(served->config_path, &input);

	error_where(error, "%s", served->config_path);
	if (rc != 0)
		return fail(error, ATTEST_E_IO, NULL, "%s", strerror(rc));
	/* One line, which an editor may have ended. */
	len = input.len > 0 && ((const char *)input.data)[input.len - 1] == '\n' ? input.len - 1 : input.len;
	status = digest_sha256(slice_of(input.data, len), digest, error);
	input_free(&input);
	return status == ATTEST_OK ? measure_event(plan, PCR_SERVED, "config", "attest-server", digest, error) : status;
}

static attest_status measure_subjects(const struct served *served, struct measurements *plan,
				      struct attest_error *error)
{
	struct subject *subjects = arena_alloc(plan->arena, served->n_subjects + 1, sizeof(*subjects));
	attest_status status = subjects == NULL ? fail_memory(error) : ATTEST_OK;

	for (size_t i = 0; status == ATTEST_OK && i < served->n_subjects; i++) {
		const char *text = served->subjects[i].text;

		if (served->subjects[i].is_weights)
			text = arena_printf(plan->arena, "weights=%s", text);
		status = text == NULL ? fail_memory(error) : subject_parse(plan->arena, text, &subjects[i], error);
	}
	if (status != ATTEST_OK)
		return status;
	subjects_sort(subjects, served->n_subjects);
	return subjects_measure(plan, PCR_SERVED, subjects, served->n_subjects, NULL, error);
}

static attest_status measure_key(const struct served *served, struct measurements *plan, struct attest_error *error)
{
	char pin[ATTEST_PIN_SIZE];
	uint8_t hash[33];
	struct input input;
	attest_status status;
	int rc = input_read(served->certificate_path, &input);

	error_where(error, "%s", served->certificate_path);
	if (rc != 0)
		return fail(error, ATTEST_E_IO, NULL, "%s", strerror(rc));
	status = attest_pin_of(input.data, input.len, pin, error);
	input_free(&input);
	/* "sha256//" and base64 */
	if (status == ATTEST_OK && EVP_DecodeBlock(hash, (const unsigned char *)pin + 8, 44) != (int)sizeof(hash))
		status = fail_memory(error);
	if (status == ATTEST_OK)
		status = measure_event(plan, PCR_KEY, "separator", NULL, NULL, error);
	if (status == ATTEST_OK)
		status = measure_event(plan, PCR_KEY, "tls-key", served->name, hash, error);
	return status;
}

int served_measure(struct served *served)
{
	struct arena arena = {NULL};
	struct measurements plan = {.arena = &arena};
	struct attest_error error = {0};
	attest_status status = ATTEST_OK;
	int rc = 0;

	if (served->config_path != NULL)
		status = measure_config(served, &plan, &error);
	if (status == ATTEST_OK)
		status = measure_subjects(served, &plan, &error);
	if (status == ATTEST_OK && served->certificate_path != NULL)
		status = measure_key(served, &plan, &error);
	if (status != ATTEST_OK)
		rc = failed("what is served", &error);
	for (size_t i = 0; rc == 0 && i < plan.n; i++)
		rc = served_add(served, plan.events[i].pcr, strdup(plan.events[i].text));
	arena_free(&arena);
	return rc;
}
