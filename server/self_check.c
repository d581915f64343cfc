/* SPDX-License-Identifier: Apache-2.0 */
#include "self_check.h"

#include <string.h>
#include <time.h>

DEFINE_DEFER(attest_verifier, attest_verifier_free);
DEFINE_DEFER(attest_result, attest_result_free);

/* The step that may fail, and how: the operator's CA, or one whose intermediate only the verifier has. */
static bool is_excused(const struct attest_finding *finding)
{
	return finding->step == ATTEST_STEP_CHAIN && finding->status == ATTEST_E_UNTRUSTED;
}

static attest_status refuse(const struct attest_finding *finding, struct attest_error *error)
{
	if (finding->where != NULL)
		error_where(error, "step %s, %s", attest_step_name(finding->step), finding->where);
	else
		error_where(error, "step %s", attest_step_name(finding->step));
	if (finding->expected != NULL)
		error_expected(error, "%s", finding->expected);
	if (finding->found != NULL)
		error_found(error, "%s", finding->found);
	return fail(error, finding->status, finding->clause, "the proof would be refused by every verifier: %s",
		    finding->message);
}

static attest_status check_steps(const attest_result *result, bool has_tls, struct attest_error *error)
{
	static const attest_step needed[] = {ATTEST_STEP_PARSE, ATTEST_STEP_AK,   ATTEST_STEP_SIGNATURE,
					     ATTEST_STEP_QUOTE, ATTEST_STEP_PCRS, ATTEST_STEP_LOG,
					     ATTEST_STEP_TLS};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (needed[i] == ATTEST_STEP_TLS && !has_tls)
			continue;
		if (attest_result_step(result, needed[i]) != ATTEST_PASSED)
			return fail(error, ATTEST_E_INTERNAL, NULL, "the proof's step %s was not checked",
				    attest_step_name(needed[i]));
	}
	return ATTEST_OK;
}

static attest_status judge(const attest_result *result, bool has_tls, bool *ret_anchored, struct attest_error *error)
{
	bool anchored = true;
	attest_status status;

	for (size_t i = 0; i < attest_result_n_findings(result); i++) {
		const struct attest_finding *finding = attest_result_finding(result, i);

		if (finding->is_error == 0)
			continue;
		if (!is_excused(finding))
			return refuse(finding, error);
		anchored = false;
	}
	status = check_steps(result, has_tls, error);
	if (status == ATTEST_OK)
		*ret_anchored = anchored;
	return status;
}

attest_status self_check(const struct ak *ak, const struct self_check *expected, struct slice proof, bool *ret_anchored,
			 struct attest_error *error)
{
	struct attest_options options = ATTEST_OPTIONS_INIT;
	struct attest_error ignored = {0};
	DEFER(attest_verifier_free_deferred) attest_verifier *verifier = NULL;
	DEFER(attest_result_free_deferred) attest_result *result = NULL;
	struct slice last = ak->certificates[ak->n_certificates - 1];
	attest_status status;

	if (attest_verifier_new(&verifier) != ATTEST_OK)
		return fail_memory(error);
	/* Where the last certificate is no root, it only helps. */
	if (ak->n_certificates > 1)
		(void)attest_verifier_add_roots(verifier, last.data, last.len, NULL, &ignored);
	options.time = (int64_t)time(NULL);
	options.nonce = expected->nonce.len > 0 ? expected->nonce.data : NULL;
	options.nonce_len = expected->nonce.len;
	options.tls_exporter = expected->exporter.len > 0 ? expected->exporter.data : NULL;
	status = attest_verify(verifier, &options, proof.data, proof.len, &result, &ignored);
	if (result == NULL) {
		*error = ignored;
		return status == ATTEST_OK ? fail(error, ATTEST_E_INTERNAL, NULL, "libattest gave no result") : status;
	}
	return judge(result, expected->has_tls, ret_anchored, error);
}
