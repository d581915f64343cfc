/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/replay.h"

#include "unit.h"

enum { PCR = 14, EVENTS = 3 };

struct fixture {
	struct arena arena;
	struct event events[EVENTS];
	struct log log;
	struct pcr_value values[4];
	struct pcr_values quoted;
	struct findings findings;
	struct replay replay;
};

/* The value that these events make of a PCR. */
static struct digest measured(uint16_t bank, uint8_t index, const struct event *events, size_t n)
{
	struct attest_error e = {0};
	struct digest d = {.alg = bank, .size = digest_size(bank)}, event;

	memset(d.bytes, index >= 17 && index <= 22 ? 0xff : 0, d.size);
	for (size_t i = 0; i < n; i++) {
		CHECK_STATUS(event_digest(&events[i], bank, &event, &e), ATTEST_OK);
		CHECK_STATUS(digest_extend(&d, digest_slice(&event), &e), ATTEST_OK);
	}
	return d;
}

static void set_up(struct fixture *f)
{
	static const char *const texts[EVENTS] = {"{\"type\":\"config\"}", "weights", ""};

	*f = (struct fixture){
		.log = {"text-events", "$.logs[0]", true, PCR, 0, f->events, EVENTS}
        };
	f->findings.arena = &f->arena;
	f->quoted = (struct pcr_values){f->values, 1};
	for (size_t i = 0; i < EVENTS; i++)
		f->events[i] = (struct event){.pcr = PCR, .text = slice_of_string(texts[i])};
	f->values[0] = (struct pcr_value){PCR, measured(ALG_SHA256, PCR, f->events, EVENTS)};
}

static void replay(struct fixture *f, const struct log *logs, size_t n)
{
	struct attest_error e = {0};

	f->findings = (struct findings){.arena = &f->arena};
	CHECK_STATUS(replay_logs(&f->arena, &f->quoted, logs, n, &f->replay, &f->findings, &e), ATTEST_OK);
	CHECK(f->findings.internal == ATTEST_OK);
}

static void check_state(const struct fixture *f, size_t i, enum pcr_state want)
{
	CHECK(f->replay.states[i] == want);
	CHECK(f->findings.step_failed[ATTEST_STEP_LOG] || want != PCR_CONTRADICTED);
}

void replay_explains(void)
{
	struct fixture f;

	set_up(&f);
	replay(&f, &f.log, 1);
	check_state(&f, 0, PCR_EXPLAINED);
	CHECK(f.replay.proven[PCR] && !f.replay.proven[15] && f.findings.n == 0);
	replay(&f, NULL, 0);
	check_state(&f, 0, PCR_UNEXPLAINED);
	CHECK(!f.replay.proven[PCR]);
	f.log.readable = false;
	f.log.pcr = -1;
	replay(&f, &f.log, 1);
	check_state(&f, 0, PCR_UNEXPLAINED);
	arena_free(&f.arena);
}

void replay_contradicts(void)
{
	struct fixture f;

	for (int change = 0; change < 6; change++) {
		set_up(&f);
		if (change == 0)
			f.log.n_events--;
		else if (change == 1)
			f.log.n_events = 0; /* the log still says that it covers the PCR */
		else if (change == 2)
			f.events[1].text = slice_of_string("weightS");
		else if (change == 3)
			f.events[0] = f.events[1];
		else if (change == 4)
			f.values[0].value.bytes[31] ^= 1;
		else
			f.events[1].pcr = 15;
		replay(&f, &f.log, 1);
		check_state(&f, 0, PCR_CONTRADICTED);
		CHECK(!f.replay.proven[PCR] && f.findings.n == 1);
		CHECK(f.findings.items[0].status == ATTEST_E_LOG_MISMATCH);
		arena_free(&f.arena);
	}
	set_up(&f); /* events that were never measured, after those that were */
	f.values[0].value = measured(ALG_SHA256, PCR, f.events, 2);
	replay(&f, &f.log, 1);
	check_state(&f, 0, PCR_CONTRADICTED);
	CHECK(strstr(f.findings.items[0].message, "its first 2 events do") != NULL);
	arena_free(&f.arena);
}

void replay_initial(void)
{
	struct fixture f;

	for (uint8_t index = 0; index < LIMIT_PCRS; index++) {
		set_up(&f);
		f.values[0] = (struct pcr_value){index, measured(ALG_SHA256, index, NULL, 0)};
		replay(&f, NULL, 0);
		check_state(&f, 0, PCR_INITIAL);
		CHECK(!f.replay.proven[index]); /* nothing was said about it */
		for (size_t i = 0; i < EVENTS; i++)
			f.events[i].pcr = index;
		f.log.pcr = index;
		f.values[0].value = measured(ALG_SHA256, index, f.events, EVENTS);
		replay(&f, &f.log, 1);
		check_state(&f, 0, PCR_EXPLAINED);
		arena_free(&f.arena);
	}
}

void replay_banks(void)
{
	static const uint16_t banks[] = {ALG_SHA1, ALG_SHA256, ALG_SHA384, ALG_SHA512};
	struct fixture f;

	set_up(&f);
	f.quoted.n = 4;
	for (size_t i = 0; i < 4; i++)
		f.values[i] = (struct pcr_value){PCR, measured(banks[i], PCR, f.events, EVENTS)};
	replay(&f, &f.log, 1);
	for (size_t i = 0; i < 4; i++)
		check_state(&f, i, PCR_EXPLAINED);
	CHECK(f.replay.proven[PCR]);
	f.values[2].value.bytes[0] ^= 1; /* one bank contradicts: the PCR proves nothing */
	replay(&f, &f.log, 1);
	check_state(&f, 0, PCR_EXPLAINED);
	check_state(&f, 2, PCR_CONTRADICTED);
	CHECK(!f.replay.proven[PCR]);
	f.log.only_bank = ALG_SHA256; /* its producer extends this one only */
	replay(&f, &f.log, 1);
	check_state(&f, 0, PCR_UNEXPLAINED);
	check_state(&f, 1, PCR_EXPLAINED);
	check_state(&f, 2, PCR_UNEXPLAINED);
	CHECK(f.findings.n == 0 && f.replay.proven[PCR]);
	arena_free(&f.arena);
}

void replay_many_logs(void)
{
	struct fixture f;
	struct log logs[2];

	set_up(&f);
	logs[0] = logs[1] = f.log;
	logs[0].n_events = 1;
	logs[1].events = f.events + 1;
	logs[1].n_events = EVENTS - 1;
	replay(&f, logs, 2);
	check_state(&f, 0, PCR_EXPLAINED);
	logs[0].events = f.events + 1;
	logs[0].n_events = EVENTS - 1;
	logs[1].events = f.events;
	logs[1].n_events = 1;
	replay(&f, logs, 2); /* their order counts */
	check_state(&f, 0, PCR_CONTRADICTED);
	logs[0] = f.log;
	logs[1].n_events = 0;
	replay(&f, logs, 2);
	check_state(&f, 0, PCR_EXPLAINED);
	logs[1] = f.log;
	replay(&f, logs, 2); /* twice the same */
	check_state(&f, 0, PCR_CONTRADICTED);
	arena_free(&f.arena);
}
