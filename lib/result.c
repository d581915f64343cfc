/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Getters of the result, and the stable names of every code.
 */
#include "result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

const char *attest_version(void)
{
	return ATTEST_VERSION;
}

const char *attest_status_name(attest_status status)
{
	static const struct {
		attest_status status;
		const char *name;
	} names[] = {
#define NAME(code) {code, #code}
		NAME(ATTEST_OK),
		NAME(ATTEST_E_USAGE),
		NAME(ATTEST_E_STATE),
		NAME(ATTEST_E_POLICY_INVALID),
		NAME(ATTEST_E_ROOT_INVALID),
		NAME(ATTEST_E_LIMIT),
		NAME(ATTEST_E_JSON),
		NAME(ATTEST_E_FORMAT),
		NAME(ATTEST_E_STRUCTURE),
		NAME(ATTEST_E_ENCODING),
		NAME(ATTEST_E_SIMULATION),
		NAME(ATTEST_E_TPM_STRUCTURE),
		NAME(ATTEST_E_CERTIFICATE),
		NAME(ATTEST_E_SIGNATURE),
		NAME(ATTEST_E_ALGORITHM),
		NAME(ATTEST_E_KEY_MISMATCH),
		NAME(ATTEST_E_AK_ATTRIBUTES),
		NAME(ATTEST_E_NOT_A_QUOTE),
		NAME(ATTEST_E_NO_CERTIFICATE),
		NAME(ATTEST_E_UNTRUSTED),
		NAME(ATTEST_E_EXPIRED),
		NAME(ATTEST_E_NOT_YET_VALID),
		NAME(ATTEST_E_CONSTRAINT),
		NAME(ATTEST_E_KEY_USAGE),
		NAME(ATTEST_E_WEAK),
		NAME(ATTEST_E_REVOKED),
		NAME(ATTEST_E_CRL),
		NAME(ATTEST_E_NONCE),
		NAME(ATTEST_E_NONCE_REQUIRED),
		NAME(ATTEST_E_PCR_SELECTION),
		NAME(ATTEST_E_PCR_DIGEST),
		NAME(ATTEST_E_LOG_MISMATCH),
		NAME(ATTEST_E_LOG_STRUCTURE),
		NAME(ATTEST_E_PIN_MISMATCH),
		NAME(ATTEST_E_PIN_MISSING),
		NAME(ATTEST_E_PLATFORM),
		NAME(ATTEST_E_EVENT),
		NAME(ATTEST_E_RESETTABLE),
		NAME(ATTEST_E_INCONCLUSIVE),
		NAME(ATTEST_E_TLS_BINDING),
		NAME(ATTEST_E_TLS_PIN),
		NAME(ATTEST_E_TLS_REQUIRED),
		NAME(ATTEST_E_IO),
		NAME(ATTEST_E_NO_MEMORY),
		NAME(ATTEST_E_INTERNAL),
#undef NAME
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].status == status)
			return names[i].name;
	return "unknown";
}

attest_category attest_status_category(attest_status status)
{
	return (attest_category)((int)status / 100);
}

/* The name at a position, or "unknown" beyond the table. */
static const char *name_at(const char *const *names, size_t n, size_t i)
{
	return i < n ? names[i] : "unknown";
}

const char *attest_category_name(attest_category category)
{
	static const char *const names[] = {"none",      "usage", "malformed", "crypto",  "chain",
					    "freshness", "log",   "policy",    "channel", "internal"};

	return name_at(names, sizeof(names) / sizeof(names[0]), (size_t)category);
}

const char *attest_step_name(attest_step step)
{
	static const char *const names[ATTEST_N_STEPS] = {"parse", "chain", "ak",  "signature", "quote",
							  "nonce", "pcrs",  "log", "policy",    "tls"};

	return name_at(names, ATTEST_N_STEPS, (size_t)step);
}

const char *attest_step_status_name(attest_step_status status)
{
	static const char *const names[] = {"not-checked", "passed", "failed", "not-present", "not-required"};

	return name_at(names, sizeof(names) / sizeof(names[0]), (size_t)status);
}

const char *attest_verdict_name(attest_verdict verdict)
{
	static const char *const names[] = {"refused", "verified", "inconclusive"};

	return name_at(names, sizeof(names) / sizeof(names[0]), (size_t)verdict);
}

const char *attest_link_kind_name(attest_link_kind kind)
{
	static const char *const names[] = {"issuer", "crl"};

	return name_at(names, sizeof(names) / sizeof(names[0]), (size_t)kind);
}

void attest_result_free(attest_result *result)
{
	if (result == NULL)
		return;
	arena_free(&result->arena);
	free(result);
}

attest_verdict attest_result_verdict(const attest_result *result)
{
	return result->verdict;
}

attest_status attest_result_status(const attest_result *result)
{
	return result->status;
}

attest_step_status attest_result_step(const attest_result *result, attest_step step)
{
	return (size_t)step < ATTEST_N_STEPS ? result->steps[step] : ATTEST_NOT_CHECKED;
}

size_t attest_result_n_findings(const attest_result *result)
{
	return result->findings.n;
}

const struct attest_finding *attest_result_finding(const attest_result *result, size_t i)
{
	return i < result->findings.n ? &result->findings.items[i] : NULL;
}

size_t attest_result_n_pcrs(const attest_result *result)
{
	return result->n_pcrs;
}

const struct attest_pcr *attest_result_pcr(const attest_result *result, size_t i)
{
	return i < result->n_pcrs ? &result->pcrs[i] : NULL;
}

size_t attest_result_n_events(const attest_result *result)
{
	return result->n_events;
}

const struct attest_event *attest_result_event(const attest_result *result, size_t i)
{
	return i < result->n_events ? &result->events[i] : NULL;
}

size_t attest_result_n_events_omitted(const attest_result *result)
{
	return result->n_events_omitted;
}

size_t attest_result_n_software(const attest_result *result)
{
	return result->n_software;
}

size_t attest_result_n_software_omitted(const attest_result *result)
{
	return result->n_software_omitted;
}

const struct attest_software *attest_result_software(const attest_result *result, size_t i)
{
	return i < result->n_software ? &result->software[i] : NULL;
}

size_t attest_result_n_links(const attest_result *result)
{
	return result->n_links;
}

const struct attest_link *attest_result_link(const attest_result *result, size_t i)
{
	return i < result->n_links ? &result->links[i] : NULL;
}

const struct attest_facts *attest_result_facts(const attest_result *result)
{
	return &result->facts;
}

const char *attest_result_pin(const attest_result *result)
{
	bool is_key = result->facts.tls_kind != NULL && strcmp(result->facts.tls_kind, "key") == 0;

	return result->verdict == ATTEST_VERIFIED && is_key ? result->facts.tls_pin : NULL;
}

attest_status attest_time_parse(const char *text, int64_t *ret_time)
{
	char *end;
	long long seconds;

	if (time_parse(slice_of_string(text), true, ret_time))
		return ATTEST_OK;
	if (text[0] != '-' && (text[0] < '0' || text[0] > '9'))
		return ATTEST_E_USAGE;
	errno = 0;
	seconds = strtoll(text, &end, 10);
	if (*end != '\0' || errno != 0 || seconds == ATTEST_TIME_UNSET)
		return ATTEST_E_USAGE;
	*ret_time = seconds;
	return ATTEST_OK;
}

void attest_string_free(char *string)
{
	free(string);
}
