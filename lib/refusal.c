/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest_policy_explain(): why a proof is refused, for who has to change the machine or the policy.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "policy/policy.h"
#include "run.h"

enum { EVENTS_TOLD = 64 };

static void add_events(json_t *explanation, const attest_result *result, unsigned pcr, bool *ok)
{
	json_t *events = json_array();

	for (size_t i = 0; i < attest_result_n_events(result) && json_array_size(events) < EVENTS_TOLD; i++) {
		const struct attest_event *event = attest_result_event(result, i);
		json_t *told;

		if (event->pcr != pcr)
			continue;
		told = json_object();
		json_put_size(told, "log", event->log, ok);
		json_put_size(told, "event", event->number, ok);
		json_put_text(told, "says", event->text, ok);
		json_put(told, "proven", json_boolean(event->proven), ok);
		json_put_text(told, "digest", event->digest, ok);
		json_add(events, told, ok);
	}
	if (json_array_size(events) > 0)
		json_put(explanation, "events", events, ok);
	else
		json_decref(events);
}

static json_t *explain_finding(const attest_result *result, const struct attest_finding *f, bool *ok)
{
	json_t *e = json_object();

	json_put_text(e, "step", attest_step_name(f->step), ok);
	json_put_text(e, "status", attest_status_name(f->status), ok);
	json_put_text(e, "message", f->message, ok);
	json_put_text(e, "where", f->where != NULL ? f->where : "the proof as a whole", ok);
	json_put_text(e, "expected", f->expected, ok);
	json_put_text(e, "found", f->found, ok);
	json_put_text(e, "clause", f->clause, ok);
	json_put_text(e, "next", f->hint, ok);
	/* A digest says nothing to people: what was measured might. */
	if (f->status == ATTEST_E_PIN_MISMATCH && f->where != NULL && strncmp(f->where, "PCR ", 4) == 0)
		add_events(e, result, (unsigned)strtoul(f->where + 4, NULL, 10), ok);
	return e;
}

/* What refuses the proof, what keeps it from a verdict, and what a policy's other releases lack. */
static bool is_explained(const struct attest_finding *f, attest_verdict verdict)
{
	if (verdict == ATTEST_INCONCLUSIVE)
		return f->status == ATTEST_E_INCONCLUSIVE;
	return verdict == ATTEST_REFUSED &&
	       (f->is_error || (f->step == ATTEST_STEP_POLICY && f->status == ATTEST_E_EVENT));
}

static attest_status explain(const attest_result *result, const char *name, char **ret_json, struct attest_error *error)
{
	attest_verdict verdict = attest_result_verdict(result);
	json_t *root = json_object(), *explanations = json_array();
	bool ok = true;

	json_put_text(root, "name", name, &ok);
	json_put_text(root, "verdict", attest_verdict_name(verdict), &ok);
	json_put_text(root, "status", attest_status_name(attest_result_status(result)), &ok);
	for (size_t i = 0; i < attest_result_n_findings(result); i++) {
		const struct attest_finding *f = attest_result_finding(result, i);

		if (is_explained(f, verdict))
			json_add(explanations, explain_finding(result, f, &ok), &ok);
	}
	json_put(root, "explanations", explanations, &ok);
	*ret_json = ok ? json_line(root) : NULL;
	json_decref(root);
	return *ret_json == NULL ? fail_memory(error) : ATTEST_OK;
}

attest_status attest_policy_explain(attest_verifier *verifier, const struct attest_options *options,
				    const struct attest_document *proof, char **ret_json, struct attest_error *error)
{
	struct attest_error ignored;
	attest_result *result = NULL;
	char *json = NULL;
	attest_status status;

	error = error != NULL ? error : &ignored;
	error_clear(error);
	if (proof == NULL || ret_json == NULL)
		return fail(error, ATTEST_E_USAGE, NULL, "a proof and a place for the explanation are needed");
	status = attest_verify(verifier, options, proof->data, proof->len, &result, error);
	if (result == NULL)
		return status;
	status = explain(result, proof->name, &json, error);
	attest_result_free(result);
	if (status == ATTEST_OK)
		*ret_json = json;
	return status;
}
