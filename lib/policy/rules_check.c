/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every event of a ruled PCR, in the order in which it was extended, needs a rule that takes it; and every rule that
 * asks for one needs its event. After the first breach the rest is only told: as few findings as will name what
 * changed.
 */
#include "rules_check.h"

#include <stdlib.h>
#include <string.h>

static bool has_room(const struct rule *rule, const struct rule_state *state)
{
	return rule->count == COUNT_SOME || rule->count == COUNT_ANY || state->n == 0;
}

static bool is_satisfied(const struct rule *rule, const struct rule_state *state)
{
	return rule->count == COUNT_OPTIONAL || rule->count == COUNT_ANY || state->n > 0;
}

static void take(struct pcr_walk *w, size_t i)
{
	w->states[i].n++;
	if (w->ruled->rules[i].kind == RULE_SECTION)
		w->section = &w->ruled->rules[i];
}

static attest_status lacks(struct rules_walk *walk, uint8_t pcr, size_t i, struct attest_error *error)
{
	struct pcr_walk *w = &walk->pcrs[pcr];

	if (w->states[i].blamed)
		return ATTEST_OK;
	w->states[i].blamed = true;
	return w->n_lacking++ < FINDINGS_EACH_PCR ? rules_tell_lacking(walk, pcr, &w->ruled->rules[i], false, error)
						  : ATTEST_OK;
}

/* Any rule that allows it, but for those that allow anything. */
static size_t find_rule(struct rules_walk *walk, const struct pcr_walk *w, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (w->ruled->rules[i].kind != RULE_ANYTHING && rule_matches(&w->ruled->rules[i], &walk->matching))
			return i;
	return to;
}

/* docs/policy.md: the first that lacks its event and could read this one, or else the first that lacks its event. */
static size_t find_nearest(struct rules_walk *walk, const struct pcr_walk *w)
{
	size_t first = w->ruled->n;

	for (size_t i = 0; i < w->ruled->n; i++) {
		if (is_satisfied(&w->ruled->rules[i], &w->states[i]))
			continue;
		if (rule_reads(&w->ruled->rules[i], &walk->matching))
			return i;
		first = first == w->ruled->n ? i : first;
	}
	return first;
}

/* `nearest` may be n: none. */
static attest_status left_over(struct rules_walk *walk, struct pcr_walk *w, size_t nearest, struct attest_error *error)
{
	size_t elsewhere, n = w->ruled->n;

	if (nearest < n)
		w->states[nearest].blamed = true;
	if (w->n_left++ >= FINDINGS_EACH_PCR)
		return ATTEST_OK;
	elsewhere = find_rule(walk, w, 0, n);
	return rules_tell_left(walk, nearest < n ? &w->ruled->rules[nearest] : NULL,
			       elsewhere < n ? &w->ruled->rules[elsewhere] : NULL, error);
}

/* Of events that stand in the place of others, each in that of another. */
static size_t find_unblamed(const struct pcr_walk *w, size_t at)
{
	for (size_t i = at; i < w->ruled->n; i++)
		if (!is_satisfied(&w->ruled->rules[i], &w->states[i]) && !w->states[i].blamed)
			return i;
	return at;
}

/*
 * No rule whose turn it is takes the event, so this PCR is refused. If it fits a later rule, those between lack their
 * events; else it stands in the way, or in the place, of the rule `at`.
 */
static attest_status recover(struct rules_walk *walk, struct pcr_walk *w, size_t at, struct attest_error *error)
{
	size_t found = find_rule(walk, w, at, w->ruled->n);
	attest_status status = ATTEST_OK;

	if (found == w->ruled->n)
		return left_over(walk, w, find_unblamed(w, at), error);
	for (size_t i = at; status == ATTEST_OK && i < found; i++)
		if (!is_satisfied(&w->ruled->rules[i], &w->states[i]))
			status = lacks(walk, walk->matching.event->pcr, i, error);
	w->current = found;
	take(w, found);
	return status;
}

/* Where none lacks an event: a rule that could read this one, or else the first that takes more. */
static size_t find_roomy(struct rules_walk *walk, const struct pcr_walk *w)
{
	size_t first = w->ruled->n;

	for (size_t i = w->current; i < w->ruled->n; i++) {
		if (!has_room(&w->ruled->rules[i], &w->states[i]))
			continue;
		if (rule_reads(&w->ruled->rules[i], &walk->matching))
			return i;
		first = first == w->ruled->n ? i : first;
	}
	return first;
}

static attest_status check_listed(struct rules_walk *walk, struct pcr_walk *w, struct attest_error *error)
{
	const struct ruled *ruled = w->ruled;
	size_t i = w->current;

	for (; i < ruled->n; i++) {
		if (has_room(&ruled->rules[i], &w->states[i]) && rule_matches(&ruled->rules[i], &walk->matching)) {
			w->current = i;
			take(w, i);
			return ATTEST_OK;
		}
		if (!is_satisfied(&ruled->rules[i], &w->states[i]))
			return recover(walk, w, i, error);
	}
	return left_over(walk, w, find_roomy(walk, w), error);
}

static attest_status check_any(struct rules_walk *walk, struct pcr_walk *w, struct attest_error *error)
{
	for (size_t i = 0; i < w->ruled->n; i++)
		if (has_room(&w->ruled->rules[i], &w->states[i]) &&
		    rule_matches(&w->ruled->rules[i], &walk->matching)) {
			take(w, i);
			return ATTEST_OK;
		}
	return left_over(walk, w, find_nearest(walk, w), error);
}

/* systemd-stub measures the contents right behind the name. */
static attest_status check_contents(struct rules_walk *walk, struct pcr_walk *w, struct attest_error *error)
{
	const struct rule *section = w->section;
	bool fits = digest_set_has(section->digests, digest_slice(&walk->matching.digest));
	attest_status status = ATTEST_OK;

	if (!fits && w->n_left++ < FINDINGS_EACH_PCR)
		status = rules_tell_left(walk, section, NULL, error);
	w->section = NULL;
	return status;
}

static attest_status check_event(struct rules_walk *walk, const struct event *event, struct attest_error *error)
{
	struct pcr_walk *w = &walk->pcrs[event->pcr];
	struct matching *m = &walk->matching;
	attest_status status = matching_event(m, event, walk->policy->bank, walk->evidence->replay, &w->place, error);

	if (status != ATTEST_OK)
		return status;
	if (w->section != NULL)
		status = check_contents(walk, w, error);
	else
		status = w->ruled->listed ? check_listed(walk, w, error) : check_any(walk, w, error);
	place_note(&w->place, m);
	return status == ATTEST_OK ? m->hashing.status : status;
}

static attest_status check_log(struct rules_walk *walk, struct attest_error *error)
{
	struct log_cursor cursor;
	struct event event;
	bool more = true;
	attest_status status = log_begin(&cursor, walk->log, error);

	while (status == ATTEST_OK) {
		status = log_next(&cursor, &event, &more, error);
		if (status != ATTEST_OK || !more)
			break;
		/* All events of a PCR that is explained extend its bank, be it with a padded digest. */
		if (!event.measured || event.pcr >= LIMIT_PCRS || walk->pcrs[event.pcr].ruled == NULL)
			continue;
		walk->number = cursor.number - 1;
		status = check_event(walk, &event, error);
	}
	log_end(&cursor);
	return status;
}

/* What a register at its start says: nothing was ever extended. */
static bool is_untouched(const struct replay *replay, const struct pcr_value *pcr)
{
	size_t b = digest_index(pcr->value.alg);

	return replay_state(replay, pcr) == PCR_INITIAL && replay->tracks[pcr->index][b].n_missing == 0;
}

static attest_status start_pcr(struct rules_walk *walk, uint8_t index, struct attest_error *error)
{
	const struct policy *policy = walk->policy;
	const struct replay *replay = walk->evidence->replay;
	const struct pcr_value *pcr = pcr_values_find(walk->evidence->pcrs, policy->bank, index);
	struct pcr_walk *w = &walk->pcrs[index];
	struct attest_error e = {0};

	policy_check_resettable(policy, index, "the policy has rules for a PCR that any software can reset",
				walk->findings);
	if (pcr != NULL &&
	    ((replay->proven[index] && replay_state(replay, pcr) == PCR_EXPLAINED) || is_untouched(replay, pcr))) {
		w->states = arena_alloc(&walk->arena, policy->ruled[index]->n, sizeof(*w->states));
		w->ruled = policy->ruled[index];
		return w->states == NULL ? fail_memory(error) : ATTEST_OK;
	}
	error_where(&e, "PCR %u (%s), bank %s", index, pcr_meaning(index), digest_name(policy->bank));
	error_expected(&e, "an event log that replays to the quoted value");
	error_found(&e, "%s", pcr == NULL ? "the PCR was not quoted in this bank" : "no such log");
	policy_error(walk->findings, policy, &e, ATTEST_E_EVENT,
		     pcr == NULL ? "ask for a quote that covers this PCR in this bank"
				 : "ask for a proof with the log of this PCR; the step log says what is wrong with one",
		     "the policy has rules for a PCR, and its events are not known");
	return ATTEST_OK;
}

static attest_status end_pcr(struct rules_walk *walk, uint8_t pcr, struct attest_error *error)
{
	struct pcr_walk *w = &walk->pcrs[pcr];
	attest_status status = ATTEST_OK;

	if (w->ruled == NULL)
		return ATTEST_OK;
	if (w->section != NULL)
		status = rules_tell_lacking(walk, pcr, w->section, true, error);
	for (size_t i = 0; status == ATTEST_OK && i < w->ruled->n; i++)
		if (!is_satisfied(&w->ruled->rules[i], &w->states[i]))
			status = lacks(walk, pcr, i, error);
	if (status == ATTEST_OK)
		rules_tell_rest(walk, pcr);
	return status;
}

static attest_status check_logs(struct rules_walk *walk, struct attest_error *error)
{
	const struct proof *proof = walk->evidence->proof;
	attest_status status = ATTEST_OK;

	for (size_t i = 0; status == ATTEST_OK && i < proof->n_logs; i++) {
		walk->log = &proof->logs[i];
		if (walk->evidence->replay->logs[i].broken ||
		    (walk->log->only_bank != 0 && walk->log->only_bank != walk->policy->bank))
			continue;
		status = check_log(walk, error);
	}
	for (uint8_t i = 0; status == ATTEST_OK && i < LIMIT_PCRS; i++)
		status = end_pcr(walk, i, error);
	return status;
}

attest_status policy_check_rules(const struct policy *policy, const struct evidence *evidence,
				 struct findings *findings, struct attest_error *error)
{
	struct rules_walk *walk;
	attest_status status = ATTEST_OK;
	bool any = false;

	for (size_t i = 0; i < LIMIT_PCRS; i++)
		any = any || policy->ruled[i] != NULL;
	if (!any)
		return ATTEST_OK;
	walk = calloc(1, sizeof(*walk));
	if (walk == NULL)
		return fail_memory(error);
	walk->policy = policy;
	walk->evidence = evidence;
	walk->findings = findings;
	for (uint8_t i = 0; status == ATTEST_OK && i < LIMIT_PCRS; i++)
		if (policy->ruled[i] != NULL)
			status = start_pcr(walk, i, error);
	if (status == ATTEST_OK)
		status = check_logs(walk, error);
	matching_end(&walk->matching);
	arena_free(&walk->arena);
	free(walk);
	return status;
}
