/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the proof parts from a known-good one: notes for those PCRs that do not fit. Nothing here decides.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "logs/compare.h"
#include "run.h"

/* A PCR that does not fit, in the bank that is looked at. */
struct mismatch {
	uint8_t pcr;
	uint16_t bank;
	attest_step step;
};

/*
 * "EV_EFI_ACTION: Calling …, 3d6772b4…". Of the proof (`run` not NULL) a word counts only where the PCR replays: in a
 * log that does not, any digest can stand for any word. Nobody asks that of a reference.
 */
static attest_status tell_event(const struct run *run, const struct log *logs, const struct place *place, uint16_t bank,
				char *text, size_t size, struct attest_error *error)
{
	struct arena arena = {NULL};
	struct description description;
	DEFER(json_decref_deferred) json_t *object = NULL;
	struct log_cursor cursor;
	struct digest digest = {0};
	struct event event;
	char hex[HEX_SIZE(DIGEST_MAX)] = "", safe[48];
	const char *type;
	attest_status status = log_seek(&cursor, &logs[place->log], place->number, &event, error);

	if (status == ATTEST_OK)
		status = event_object(&event, &object, error);
	if (status == ATTEST_OK)
		status = event_digest(&event, bank, &digest, error);
	if (status == ATTEST_OK)
		status = event_describe(&event, run == NULL ? bank : replay_bank(&run->replay, &run->pcrs, &event),
					&arena, &description, error);
	if (status == ATTEST_OK) {
		hex_encode(digest_slice(&digest), hex);
		type = event_type(&event, object);
		(void)snprintf(text, size, "%s: %.90s%s, %.16s...",
			       printable_to(slice_of_string(type == NULL ? "event" : type), safe, sizeof(safe)),
			       description.summary,
			       description.proven && (run == NULL || run->replay.proven[event.pcr]) ? "" : " (claimed)",
			       hex);
	}
	log_end(&cursor);
	arena_free(&arena);
	return status;
}

static const char *message_of(const struct difference *d, const char *name, char *text, size_t size)
{
	static const char *const messages[] = {
		[ONLY_A] = "here the proof lacks an event that the reference \"%.80s\" has",
		[ONLY_B] = "here the proof has an event that the reference \"%.80s\" has not",
		[CHANGED] = "this is the first event that differs from the reference \"%.80s\"",
		[MOVED] = "this event stands at another place than in the reference \"%.80s\"",
	};

	(void)snprintf(text, size, messages[d->kind], name);
	return text;
}

static attest_status note_difference(struct run *run, const struct mismatch *m, const struct reference *reference,
				     const struct sequence *a, const struct sequence *b, const struct differences *all,
				     struct attest_error *error)
{
	const struct difference *d = &all->items[0];
	struct attest_error e = {0};
	char text[190], message[200];
	attest_status status = ATTEST_OK;

	if (d->kind != ONLY_B && d->a < a->n)
		status = tell_event(NULL, reference->proof.logs, &a->places[d->a], m->bank, text, sizeof(text), error);
	if (status != ATTEST_OK)
		return status;
	error_expected(&e, "%s", d->kind != ONLY_B && d->a < a->n ? text : "no event");
	if (d->b < b->n) {
		status = tell_event(run, run->proof.logs, &b->places[d->b], m->bank, text, sizeof(text), error);
		error_where(&e, "PCR %u, %s, event %zu", m->pcr, run->proof.logs[b->places[d->b].log].place,
			    b->places[d->b].number);
	} else {
		error_where(&e, "PCR %u, after its last event", m->pcr);
	}
	if (status != ATTEST_OK)
		return status;
	error_found(&e, "%s", d->b < b->n ? text : "no event");
	(void)fail(&e, ATTEST_E_EVENT, NULL, "%s%s", message_of(d, reference->name, message, sizeof(message)),
		   all->n > 1 ? "; more follow" : "");
	finding_note(run->findings, m->step, &e,
		     all->n > 1 ? "attest-inspect REFERENCE PROOF shows all differences" : NULL);
	return ATTEST_OK;
}

static void note_no_difference(struct run *run, const struct mismatch *m, const struct reference *reference)
{
	struct attest_error e = {0};

	error_where(&e, "PCR %u", m->pcr);
	(void)fail(&e, ATTEST_E_EVENT, NULL, "the events are those of the reference \"%s\": %s", reference->name,
		   m->step == ATTEST_STEP_LOG
			   ? "something was measured that the log does not hold, or PCR 0 began with "
			     "another value"
			   : "the policy's value is not that of the reference");
	finding_note(run->findings, m->step, &e, NULL);
}

static attest_status explain_one(struct run *run, const struct mismatch *m, const struct reference *reference,
				 const struct sequence *a, const struct sequence *b, struct attest_error *error)
{
	struct differences differences = {0};
	attest_status status;

	if (a->n == 0) /* the reference says nothing about this PCR */
		return ATTEST_OK;
	status = sequences_compare(&run->arena, a, b, &differences, error);
	if (status != ATTEST_OK)
		return status;
	if (differences.n > 0)
		return note_difference(run, m, reference, a, b, &differences, error);
	note_no_difference(run, m, reference);
	return ATTEST_OK;
}

/* Whether a quoted value fits, and the step that says it does not. */
static bool is_mismatch(const struct run *run, const struct pcr_value *pcr, struct mismatch *ret_mismatch)
{
	const char *name;

	*ret_mismatch = (struct mismatch){pcr->index, pcr->value.alg, ATTEST_STEP_LOG};
	if (replay_state(&run->replay, pcr) == PCR_CONTRADICTED)
		return true;
	ret_mismatch->step = ATTEST_STEP_POLICY;
	for (size_t i = 0; i < run->verifier->n_policies; i++)
		if (policy_match_pin(run->verifier->policies[i], pcr, &name) == PIN_DIFFERS)
			return true;
	return false;
}

/* Each PCR that does not fit, once: in the first bank in which it does not. */
static size_t find_mismatches(const struct run *run, struct mismatch ret_mismatches[LIMIT_PCRS],
			      uint16_t ret_banks[LIMIT_PCRS])
{
	size_t n = 0;

	memset(ret_banks, 0, LIMIT_PCRS * sizeof(*ret_banks));
	for (size_t i = 0; i < run->pcrs.n; i++) {
		const struct pcr_value *pcr = &run->pcrs.values[i];

		if (ret_banks[pcr->index] != 0 || !is_mismatch(run, pcr, &ret_mismatches[n]))
			continue;
		ret_banks[pcr->index] = pcr->value.alg;
		n++;
	}
	return n;
}

void explain_mismatches(struct run *run)
{
	struct mismatch mismatches[LIMIT_PCRS];
	struct sequence a[LIMIT_PCRS], b[LIMIT_PCRS];
	uint16_t banks[LIMIT_PCRS];
	struct attest_error e = {0};
	size_t n;

	if (!run->replay.done || run->verifier->n_references == 0)
		return;
	n = find_mismatches(run, mismatches, banks);
	if (n > 0)
		(void)sequences_read(&run->arena, run->proof.logs, run->proof.n_logs, banks, b, &e);
	for (size_t k = 0; n > 0 && e.status == ATTEST_OK && k < run->verifier->n_references; k++) {
		const struct reference *reference = run->verifier->references[k];

		(void)sequences_read(&run->arena, reference->proof.logs, reference->proof.n_logs, banks, a, &e);
		for (size_t i = 0; e.status == ATTEST_OK && i < n; i++)
			(void)explain_one(run, &mismatches[i], reference, &a[mismatches[i].pcr], &b[mismatches[i].pcr],
					  &e);
	}
	if (status_is_internal(e.status))
		run->findings->internal = e.status;
}
