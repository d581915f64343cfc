/* SPDX-License-Identifier: Apache-2.0 */
#include "replay.h"

#include <string.h>

#include "base/text.h"

/* One quoted PCR on its way. */
struct track {
	struct digest now;
	bool covered; /* a log says that it holds the events of this PCR */
	size_t n_events;
	size_t reached; /* number of events after which the quoted value stood there, plus one; 0: never */
};

/* All zeros, or all ones for the DRTM registers: PC Client Platform TPM Profile 1.05, 4.6.2. */
static struct digest initial_value(const struct pcr_value *quoted)
{
	struct digest d = quoted->value;

	memset(d.bytes, quoted->index >= 17 && quoted->index <= 22 ? 0xff : 0, d.size);
	return d;
}

static bool stands(const struct track *track, const struct pcr_value *quoted)
{
	return slice_equal(digest_slice(&track->now), digest_slice(&quoted->value));
}

static bool concerns(const struct log *log, const struct pcr_value *quoted, int pcr)
{
	return log->readable && quoted->index == pcr && (log->only_bank == 0 || log->only_bank == quoted->value.alg);
}

static attest_status extend_all(struct track *tracks, const struct pcr_values *quoted, const struct log *log,
				const struct event *event, struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	for (size_t i = 0; status == ATTEST_OK && i < quoted->n; i++) {
		uint16_t bank = quoted->values[i].value.alg;
		struct digest digest;

		if (!concerns(log, &quoted->values[i], event->pcr))
			continue;
		tracks[i].covered = true;
		status = event_digest(event, bank, &digest, error);
		if (status == ATTEST_OK)
			status = digest_extend(&tracks[i].now, digest_slice(&digest), error);
		tracks[i].n_events++;
		if (status == ATTEST_OK && stands(&tracks[i], &quoted->values[i]))
			tracks[i].reached = tracks[i].n_events;
	}
	return status;
}

static attest_status replay_log(struct track *tracks, const struct pcr_values *quoted, const struct log *log,
				struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	for (size_t i = 0; i < quoted->n; i++)
		tracks[i].covered = tracks[i].covered || concerns(log, &quoted->values[i], log->pcr);
	for (size_t i = 0; status == ATTEST_OK && log->readable && i < log->n_events; i++)
		status = extend_all(tracks, quoted, log, &log->events[i], error);
	return status;
}

static void report(const struct pcr_value *quoted, const struct track *track, struct findings *findings)
{
	struct attest_error e = {0};
	char want[HEX_SIZE(DIGEST_MAX)], got[HEX_SIZE(DIGEST_MAX)];

	hex_encode(digest_slice(&quoted->value), want);
	hex_encode(digest_slice(&track->now), got);
	error_where(&e, "PCR %u, bank %s", quoted->index, digest_name(quoted->value.alg));
	error_expected(&e, "%s (quoted)", want);
	error_found(&e, "%s (after %zu events)", got, track->n_events);
	if (track->reached != 0)
		(void)fail(&e, ATTEST_E_LOG_MISMATCH, "TPM 2.0 Part 1, 17.2",
			   "the log does not replay to the quoted value: its first %zu events do, those after were "
			   "never measured",
			   track->reached);
	else
		(void)fail(
			&e, ATTEST_E_LOG_MISMATCH, "TPM 2.0 Part 1, 17.2",
			"the log does not replay to the quoted value: an event was changed, dropped, added or moved");
	finding_error(findings, ATTEST_STEP_LOG, &e,
		      "the events of this PCR cannot be believed; ask for a proof with the log as it was measured");
}

static void conclude(const struct pcr_values *quoted, const struct track *tracks, struct replay *replay,
		     struct findings *findings)
{
	bool contradicted[LIMIT_PCRS] = {false};

	for (size_t i = 0; i < quoted->n; i++) {
		struct digest initial = initial_value(&quoted->values[i]);
		uint8_t index = quoted->values[i].index;

		if (!tracks[i].covered) {
			replay->states[i] = slice_equal(digest_slice(&initial), digest_slice(&quoted->values[i].value))
						    ? PCR_INITIAL
						    : PCR_UNEXPLAINED;
			continue;
		}
		if (stands(&tracks[i], &quoted->values[i])) {
			replay->states[i] = PCR_EXPLAINED;
			replay->proven[index] = true;
		} else {
			replay->states[i] = PCR_CONTRADICTED;
			contradicted[index] = true;
			report(&quoted->values[i], &tracks[i], findings);
		}
	}
	for (size_t i = 0; i < LIMIT_PCRS; i++)
		replay->proven[i] = replay->proven[i] && !contradicted[i];
}

attest_status replay_logs(struct arena *arena, const struct pcr_values *quoted, const struct log *logs, size_t n_logs,
			  struct replay *ret_replay, struct findings *findings, struct attest_error *error)
{
	struct track *tracks = arena_alloc(arena, quoted->n, sizeof(*tracks));
	struct replay replay = {.states = arena_alloc(arena, quoted->n, sizeof(*replay.states))};
	attest_status status = ATTEST_OK;

	if (tracks == NULL || replay.states == NULL)
		return fail_memory(error);
	for (size_t i = 0; i < quoted->n; i++)
		tracks[i].now = initial_value(&quoted->values[i]);
	for (size_t i = 0; status == ATTEST_OK && i < n_logs; i++)
		status = replay_log(tracks, quoted, &logs[i], error);
	if (status != ATTEST_OK)
		return status;
	conclude(quoted, tracks, &replay, findings);
	*ret_replay = replay;
	return ATTEST_OK;
}
