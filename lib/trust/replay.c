/* SPDX-License-Identifier: Apache-2.0 */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "separators.h"

/* One walk over all logs. */
struct walk {
	struct replay *replay;
	struct hasher hasher;
	struct separators separators;
	struct findings *findings;
	bool pad; /* entries of the file log extend their SHA-1 digest padded with zeros */
};

/* All zeros, or all ones for the DRTM registers: PC Client Platform TPM Profile 1.05, 4.6.2. */
static struct digest initial_value(uint8_t pcr, uint16_t bank)
{
	struct digest d = {.alg = bank, .size = digest_size(bank)};

	memset(d.bytes, pcr >= 17 && pcr <= 22 ? 0xff : 0, d.size);
	return d;
}

static bool stands(const struct track *track)
{
	return track->quoted != NULL && slice_equal(digest_slice(&track->now), digest_slice(track->quoted));
}

enum pcr_state replay_state(const struct replay *replay, const struct pcr_value *quoted)
{
	size_t b = digest_index(quoted->value.alg);

	return replay->done && b < N_ALGORITHMS ? replay->tracks[quoted->index][b].state : PCR_UNEXPLAINED;
}

static bool covers(const struct log *log, size_t bank)
{
	return log->only_bank == 0 || log->only_bank == digest_at(bank);
}

/* What the event extends in this bank; size 0: nothing. */
static attest_status digest_of(struct walk *walk, const struct event *event, uint16_t bank, struct digest *ret_digest,
			       struct attest_error *error)
{
	const struct event_digest *d = event_find_digest(event, bank), *sha1 = event_find_digest(event, ALG_SHA1);
	bool pad = walk->pad && d == NULL && sha1 != NULL && event->kind == EVENT_IMA;

	*ret_digest = (struct digest){.alg = bank};
	if (d == NULL && !pad)
		return event->preimage.data == NULL
			       ? ATTEST_OK
			       : hasher_compute(&walk->hasher, bank, &event->preimage, 1, ret_digest, error);
	d = pad ? sha1 : d;
	ret_digest->size = digest_size(bank);
	memcpy(ret_digest->bytes, d->value.data, d->value.len);
	return ATTEST_OK;
}

static attest_status extend(struct walk *walk, struct track *track, const struct event *event,
			    struct attest_error *error)
{
	struct digest digest;
	attest_status status = digest_of(walk, event, track->now.alg, &digest, error);

	if (status != ATTEST_OK)
		return status;
	if (digest.size == 0) {
		track->n_missing++;
		return ATTEST_OK;
	}
	track->covered = true;
	track->has_ima = track->has_ima || event->kind == EVENT_IMA;
	track->n_events++;
	status = digest_extend(&walk->hasher, &track->now, digest_slice(&digest), error);
	if (status == ATTEST_OK && stands(track))
		track->reached = track->n_events + 1;
	return status;
}

/*
 * PCR 0 starts with the locality from which TPM2_Startup came (PFP 1.06, 10.4.5.3): 0 or 3, or 4 after a measurement of
 * the H-CRTM. The log says so before it measures into PCR 0.
 */
static attest_status start(struct replay *replay, const struct event *event, struct attest_error *error)
{
	if (event->startup_locality != 0 && event->startup_locality != 3 && event->startup_locality != 4) {
		error_found(error, "%d", event->startup_locality);
		return fail(error, ATTEST_E_LOG_STRUCTURE, "PFP 1.06, 10.4.5.3", "no locality that starts a TPM");
	}
	for (size_t b = 0; b < N_ALGORITHMS; b++) {
		struct track *track = &replay->tracks[0][b];

		if (!replay->wanted[0][b])
			continue;
		if (track->n_events > 0 || !slice_is_zero(digest_slice(&track->now)))
			return fail(error, ATTEST_E_LOG_STRUCTURE, "PFP 1.06, 10.4.5.3",
				    "PCR 0 is given an initial value after it was measured into, or twice");
		track->now.bytes[track->now.size - 1] = (uint8_t)event->startup_locality;
	}
	return ATTEST_OK;
}

/* What one log says of a PCR excuses the banks that its producer leaves alone; another log takes that back. */
static void note_source(struct replay *replay, const struct log *log, uint8_t pcr)
{
	for (size_t b = 0; b < N_ALGORITHMS; b++) {
		struct track *track = &replay->tracks[pcr][b];

		track->is_spoken_of = track->is_spoken_of || log->only_bank == 0;
		track->is_excused = !covers(log, b) && !track->is_spoken_of;
	}
}

static attest_status replay_event(struct walk *walk, const struct log *log, const struct event *event,
				  struct log_account *account, struct attest_error *error)
{
	struct replay *replay = walk->replay;
	attest_status status = ATTEST_OK;

	if (event->startup_locality >= 0)
		return start(replay, event, error);
	if (!event->measured)
		return ATTEST_OK;
	account->n_measured++;
	account->pcrs |= 1u << event->pcr;
	note_source(replay, log, event->pcr);
	status = separators_check(&walk->separators, &walk->hasher, event, (size_t)(account - replay->logs),
				  account->n_events, error);
	for (size_t b = 0; status == ATTEST_OK && b < N_ALGORITHMS; b++)
		if (replay->wanted[event->pcr][b] && covers(log, b)) {
			size_t before = replay->tracks[event->pcr][b].n_events;

			status = extend(walk, &replay->tracks[event->pcr][b], event, error);
			account->explains = account->explains || replay->tracks[event->pcr][b].n_events > before;
		}
	return status;
}

static attest_status walk_log(struct walk *walk, const struct log *log, struct log_account *account,
			      struct attest_error *error)
{
	struct log_cursor cursor;
	struct event event;
	bool more = true;
	attest_status status = log_begin(&cursor, log, error);

	if (log->pcr >= 0)
		note_source(walk->replay, log, (uint8_t)log->pcr);
	for (size_t b = 0; log->pcr >= 0 && b < N_ALGORITHMS; b++)
		if (covers(log, b)) {
			walk->replay->tracks[log->pcr][b].covered = true;
			account->explains = account->explains || walk->replay->wanted[log->pcr][b];
		}
	while (status == ATTEST_OK) {
		status = log_next(&cursor, &event, &more, error);
		if (status != ATTEST_OK || !more)
			break;
		status = replay_event(walk, log, &event, account, error);
		if (status != ATTEST_OK && !status_is_internal(status) && error->where[0] == '\0')
			error_where(error, "%s, event %zu, PCR %u", log->place, account->n_events, event.pcr);
		account->n_events++;
	}
	log_end(&cursor);
	return status;
}

static void break_log(struct walk *walk, size_t i, const struct attest_error *e, const char *hint)
{
	walk->replay->logs[i].broken = true;
	walk->replay->logs[i].error = *e;
	if (walk->findings != NULL && !walk->pad)
		finding_error(walk->findings, ATTEST_STEP_LOG, e, hint);
}

static attest_status walk_logs(struct walk *walk, const struct log *logs, size_t n_logs, struct attest_error *error)
{
	struct attest_error end = {0};
	bool any_broken = false;
	size_t log = 0;

	for (size_t i = 0; i < n_logs; i++) {
		struct attest_error e = {0};

		walk->replay->logs[i] = (struct log_account){0};
		if (walk_log(walk, &logs[i], &walk->replay->logs[i], &e) == ATTEST_OK)
			continue;
		if (status_is_internal(e.status))
			return fail(error, e.status, e.clause, "%s", e.message);
		break_log(walk, i, &e,
			  "nothing after this place was read; ask for a proof with the log as it was written");
		any_broken = true;
	}
	/* What broke off may have held the separator. */
	if (!any_broken && separators_end(&walk->separators, logs, &log, &end) != ATTEST_OK)
		break_log(walk, log, &end, "ask for a proof with the log as it was written");
	return ATTEST_OK;
}

static void reset(struct replay *replay)
{
	for (uint8_t p = 0; p < LIMIT_PCRS; p++)
		for (size_t b = 0; b < N_ALGORITHMS; b++) {
			struct track *t = &replay->tracks[p][b];

			*t = (struct track){.quoted = t->quoted, .now = initial_value(p, digest_at(b))};
		}
}

static void conclude_track(struct track *track, uint8_t pcr)
{
	struct digest initial = initial_value(pcr, track->now.alg);

	if (track->quoted == NULL)
		track->state = track->covered ? PCR_EXPLAINED : PCR_INITIAL;
	else if (!track->covered)
		track->state = slice_equal(digest_slice(&initial), digest_slice(track->quoted)) ? PCR_INITIAL
												: PCR_UNEXPLAINED;
	else
		track->state = stands(track) && track->n_missing == 0 ? PCR_EXPLAINED : PCR_CONTRADICTED;
}

static void conclude_tracks(struct replay *replay)
{
	for (uint8_t p = 0; p < LIMIT_PCRS; p++)
		for (size_t b = 0; b < N_ALGORITHMS; b++)
			if (replay->wanted[p][b])
				conclude_track(&replay->tracks[p][b], p);
}

/*
 * Kernels before 5.8 extended the banks other than SHA-1 with the SHA-1 digest, padded with zeros; later ones do so in
 * banks whose hash they lack. No log says which. So registers of the file log that are contradicted are replayed by
 * that rule too.
 */
static attest_status replay_padded(struct walk *walk, const struct log *logs, size_t n_logs, struct attest_error *error)
{
	struct replay *replay = walk->replay;
	struct replay *again;
	bool any = false;
	attest_status status;

	for (size_t i = 0; i < (size_t)LIMIT_PCRS * N_ALGORITHMS; i++) {
		const struct track *t = &replay->tracks[i / N_ALGORITHMS][i % N_ALGORITHMS];

		any = any || (t->state == PCR_CONTRADICTED && t->has_ima && t->now.alg != ALG_SHA1);
	}
	if (!any)
		return ATTEST_OK;
	again = malloc(sizeof(*again));
	if (again == NULL)
		return fail_memory(error);
	*again = *replay;
	reset(again);
	walk->replay = again;
	walk->pad = true;
	walk->separators = (struct separators){0};
	status = walk_logs(walk, logs, n_logs, error);
	conclude_tracks(again);
	for (size_t i = 0; status == ATTEST_OK && i < (size_t)LIMIT_PCRS * N_ALGORITHMS; i++) {
		struct track *t = &replay->tracks[i / N_ALGORITHMS][i % N_ALGORITHMS];
		const struct track *padded = &again->tracks[i / N_ALGORITHMS][i % N_ALGORITHMS];

		if (t->state != PCR_CONTRADICTED || !t->has_ima || padded->state != PCR_EXPLAINED)
			continue;
		*t = *padded;
		t->is_padded = true;
	}
	walk->replay = replay;
	free(again);
	return status;
}

void replay_explain(const struct track *track, char *text, size_t size)
{
	size_t more = track->n_events + 1 - track->reached;

	if (track->n_missing > 0)
		(void)snprintf(text, size, "%zu events of this PCR have no digest for this bank", track->n_missing);
	else if (track->reached != 0)
		(void)snprintf(text, size,
			       "the log does not replay to the quoted value: its first %zu events do; %zu more %s "
			       "logged but never measured",
			       track->reached - 1, more, more == 1 ? "was" : "were");
	else
		(void)snprintf(text, size, "%s",
			       "the log does not replay to the quoted value: an event was changed, dropped, added or "
			       "moved, or something was measured that the log does not hold");
}

static void report(const struct track *track, uint8_t pcr, struct findings *findings)
{
	struct attest_error e = {0};
	char want[HEX_SIZE(DIGEST_MAX)], got[HEX_SIZE(DIGEST_MAX)], text[240];

	hex_encode(digest_slice(track->quoted), want);
	hex_encode(digest_slice(&track->now), got);
	error_where(&e, "PCR %u, bank %s", pcr, digest_name(track->now.alg));
	error_expected(&e, "%s (quoted)", want);
	error_found(&e, "%s (after %zu events)", got, track->n_events);
	replay_explain(track, text, sizeof(text));
	(void)fail(&e, ATTEST_E_LOG_MISMATCH, "TPM 2.0 Part 1, 17.2", "%s", text);
	finding_error(findings, ATTEST_STEP_LOG, &e,
		      "the events of this PCR cannot be believed; ask for a proof with the log as it was measured");
}

static void note_padded(const struct track *track, uint8_t pcr, struct findings *findings)
{
	struct attest_error e = {0};

	error_where(&e, "PCR %u, bank %s", pcr, digest_name(track->now.alg));
	(void)fail(
		&e, ATTEST_E_LOG_MISMATCH, NULL,
		"the kernel extended SHA-1 digests padded with zeros, as those before 5.8 do, and later ones in banks "
		"whose hash they lack: this bank is only as "
		"strong as SHA-1");
	finding_note(findings, ATTEST_STEP_LOG, &e, "use the SHA-256 bank of a kernel since 5.8");
}

static void note_uncovered(const struct track *track, uint8_t pcr, struct findings *findings)
{
	struct attest_error e = {0};

	error_where(&e, "PCR %u, bank %s", pcr, digest_name(track->now.alg));
	(void)fail(
		&e, ATTEST_E_LOG_MISMATCH, NULL,
		"this bank was quoted and no log has digests for it: the events of this PCR are not believed, though "
		"they explain another bank");
	finding_note(findings, ATTEST_STEP_LOG, &e, "ask for a quote over the banks of the log");
}

static void tell_pcr(struct replay *replay, uint8_t p, struct findings *findings)
{
	bool explained = false, uncovered = false, contradicted = false;

	for (size_t b = 0; b < N_ALGORITHMS; b++) {
		const struct track *t = &replay->tracks[p][b];

		if (!replay->wanted[p][b] || t->quoted == NULL)
			continue;
		explained = explained || t->state == PCR_EXPLAINED;
		contradicted = contradicted || t->state == PCR_CONTRADICTED;
		uncovered = uncovered || (!t->covered && !t->is_excused);
		if (t->state == PCR_CONTRADICTED && findings != NULL)
			report(t, p, findings);
		if (t->is_padded && findings != NULL)
			note_padded(t, p, findings);
	}
	for (size_t b = 0; explained && uncovered && findings != NULL && b < N_ALGORITHMS; b++)
		if (replay->wanted[p][b] && !replay->tracks[p][b].covered && !replay->tracks[p][b].is_excused)
			note_uncovered(&replay->tracks[p][b], p, findings);
	replay->proven[p] = explained && !uncovered && !contradicted;
}

static void tell(struct replay *replay, size_t n_logs, struct findings *findings)
{
	bool broken = false;

	for (size_t i = 0; i < n_logs; i++)
		broken = broken || replay->logs[i].broken;
	for (uint8_t p = 0; p < LIMIT_PCRS; p++) {
		tell_pcr(replay, p, findings);
		replay->proven[p] = replay->proven[p] && !broken;
	}
}

void replay_demand(struct replay *replay, uint8_t banks)
{
	replay->banks = banks;
	for (uint8_t p = 0; p < LIMIT_PCRS; p++)
		for (size_t b = 0; b < N_ALGORITHMS; b++)
			if ((banks >> b & 1) != 0 &&
			    (!replay->wanted[p][b] || replay->tracks[p][b].state != PCR_EXPLAINED))
				replay->proven[p] = false;
}

bool replay_is_plain_text(const struct replay *replay, const struct event *event)
{
	bool any = false;

	for (size_t b = 0; b < N_ALGORITHMS; b++) {
		if (!replay->wanted[event->pcr][b])
			continue;
		if (!event_is_plain_text(event, digest_at(b)))
			return false;
		any = true;
	}
	return any;
}

/* The replay has extended the event's SHA-1 digest in this bank. */
static bool is_padded(const struct replay *replay, const struct event *event, uint16_t bank)
{
	return event->kind == EVENT_IMA && event_find_digest(event, bank) == NULL &&
	       event_find_digest(event, ALG_SHA1) != NULL && replay->tracks[event->pcr][digest_index(bank)].is_padded;
}

uint16_t replay_bank(const struct replay *replay, const struct pcr_values *quoted, const struct event *event)
{
	for (size_t i = 0; quoted != NULL && i < quoted->n; i++) {
		uint16_t bank = quoted->values[i].value.alg;
		bool has = event_find_digest(event, bank) != NULL;

		/* Where some banks are demanded, the order of the quote, which is the prover's, does not count. */
		if (replay->banks != 0 && digest_index(bank) < N_ALGORITHMS &&
		    (replay->banks >> digest_index(bank) & 1) == 0)
			continue;
		if (quoted->values[i].index != event->pcr || (!has && event->preimage.data == NULL) ||
		    digest_index(bank) == N_ALGORITHMS)
			continue;
		return is_padded(replay, event, bank) ? ALG_SHA1 : bank;
	}
	return event->n_digests == 0 || event_find_digest(event, ALG_SHA256) != NULL ? ALG_SHA256
										     : event->digests[0].alg;
}

attest_status replay_logs(struct replay *ret_replay, const struct pcr_values *quoted, const struct log *logs,
			  size_t n_logs, struct findings *findings, struct attest_error *error)
{
	struct walk walk = {.replay = ret_replay, .findings = findings};
	attest_status status;

	memset(ret_replay, 0, sizeof(*ret_replay));
	for (size_t i = 0; quoted != NULL && i < quoted->n; i++) {
		const struct pcr_value *value = &quoted->values[i];
		size_t b = digest_index(value->value.alg);

		if (b == N_ALGORITHMS)
			continue;
		ret_replay->wanted[value->index][b] = true;
		ret_replay->tracks[value->index][b].quoted = &value->value;
	}
	ret_replay->is_free = quoted == NULL;
	if (quoted == NULL)
		memset(ret_replay->wanted, true, sizeof(ret_replay->wanted));
	reset(ret_replay);
	status = walk_logs(&walk, logs, n_logs, error);
	conclude_tracks(ret_replay);
	if (status == ATTEST_OK)
		status = replay_padded(&walk, logs, n_logs, error);
	hasher_free(&walk.hasher);
	ret_replay->done = status == ATTEST_OK;
	if (status == ATTEST_OK)
		tell(ret_replay, n_logs, findings);
	return status;
}
