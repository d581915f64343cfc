/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/replay.h"

#include <stdio.h>

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

/* The value that these events make of a PCR, which began with this. */
static struct digest measured_from(struct digest d, const struct event *events, size_t n)
{
	struct hasher hasher = {{NULL}};
	struct attest_error e = {0};
	struct digest event;

	for (size_t i = 0; i < n; i++) {
		CHECK_STATUS(event_digest(&events[i], d.alg, &event, &e), ATTEST_OK);
		CHECK_STATUS(digest_extend(&hasher, &d, digest_slice(&event), &e), ATTEST_OK);
	}
	hasher_free(&hasher);
	return d;
}

static struct digest measured(uint16_t bank, uint8_t index, const struct event *events, size_t n)
{
	struct digest d = {.alg = bank, .size = digest_size(bank)};

	memset(d.bytes, index >= 17 && index <= 22 ? 0xff : 0, d.size);
	return measured_from(d, events, n);
}

static struct event text_event(uint8_t pcr, struct slice text)
{
	return (struct event){.kind = EVENT_TEXT,
			      .pcr = pcr,
			      .measured = true,
			      .data = text,
			      .preimage = text,
			      .startup_locality = -1};
}

static void set_text(struct event *event, struct slice text)
{
	event->data = event->preimage = text;
}

static void set_up(struct fixture *f)
{
	static const char *const texts[EVENTS] = {"{\"type\":\"config\"}", "weights", ""};

	*f = (struct fixture){
		.log = {.format = "text-events",
			.place = "$.logs[0]",
			.walker = &walk_events,
			.pcr = PCR,
			.events = f->events,
			.n_events = EVENTS}
        };
	f->findings.arena = &f->arena;
	f->quoted = (struct pcr_values){f->values, 1};
	for (size_t i = 0; i < EVENTS; i++)
		f->events[i] = text_event(PCR, slice_of_string(texts[i]));
	f->values[0] = (struct pcr_value){PCR, measured(ALG_SHA256, PCR, f->events, EVENTS)};
}

static void replay(struct fixture *f, const struct log *logs, size_t n)
{
	struct attest_error e = {0};

	f->findings = (struct findings){.arena = &f->arena};
	CHECK_STATUS(replay_logs(&f->replay, &f->quoted, logs, n, &f->findings, &e), ATTEST_OK);
	CHECK(f->findings.internal == ATTEST_OK && f->replay.done);
}

static void check_state(const struct fixture *f, size_t i, enum pcr_state want)
{
	CHECK(replay_state(&f->replay, &f->values[i]) == want);
	CHECK(f->findings.step_failed[ATTEST_STEP_LOG] || want != PCR_CONTRADICTED);
}

void replay_explains(void)
{
	struct fixture f;

	set_up(&f);
	CHECK(replay_state(&f.replay, &f.values[0]) == PCR_UNEXPLAINED); /* nothing was replayed yet */
	replay(&f, &f.log, 1);
	check_state(&f, 0, PCR_EXPLAINED);
	CHECK(f.replay.proven[PCR] && !f.replay.proven[15] && f.findings.n == 0);
	CHECK(f.replay.logs[0].n_events == EVENTS && f.replay.logs[0].pcrs == 1u << PCR && f.replay.logs[0].explains &&
	      !f.replay.logs[0].broken);
	replay(&f, NULL, 0);
	check_state(&f, 0, PCR_UNEXPLAINED);
	CHECK(!f.replay.proven[PCR]);
	f.log.pcr = -1; /* a log that says nothing covers nothing */
	f.log.n_events = 0;
	replay(&f, &f.log, 1);
	check_state(&f, 0, PCR_UNEXPLAINED);
	CHECK(!f.replay.logs[0].explains);
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
			set_text(&f.events[1], slice_of_string("weightS"));
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
}

/* Events that were never measured, after those that were. */
void replay_reached(void)
{
	static const char *const messages[EVENTS] = {
		"its first 0 events do; 3 more were logged",
		"its first 1 events do; 2 more were logged",
		"its first 2 events do; 1 more was logged",
	};
	struct fixture f;

	for (size_t n = 1; n < EVENTS; n++) {
		set_up(&f);
		f.values[0].value = measured(ALG_SHA256, PCR, f.events, n);
		replay(&f, &f.log, 1);
		check_state(&f, 0, PCR_CONTRADICTED);
		CHECK(strstr(f.findings.items[0].message, messages[n]) != NULL);
		arena_free(&f.arena);
	}
	set_up(&f); /* it stood there twice: the last time counts */
	f.events[2] = f.events[1];
	f.values[0].value = measured(ALG_SHA256, PCR, f.events, 2);
	replay(&f, &f.log, 1);
	CHECK(strstr(f.findings.items[0].message, messages[2]) != NULL);
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
	f.quoted.n = 1; /* where that bank was not quoted, the log explains nothing */
	replay(&f, &f.log, 1);
	CHECK(!f.replay.logs[0].explains && !f.replay.proven[PCR]);
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

/* Without quoted values every register is followed. */
void replay_of_a_log_alone(void)
{
	struct attest_error e = {0};
	struct fixture f;

	set_up(&f);
	CHECK_STATUS(replay_logs(&f.replay, NULL, &f.log, 1, NULL, &e), ATTEST_OK);
	for (size_t b = 0; b < N_ALGORITHMS; b++) {
		const struct track *track = &f.replay.tracks[PCR][b];
		struct digest want = measured(digest_at(b), PCR, f.events, EVENTS);

		CHECK(track->state == PCR_EXPLAINED && track->n_events == EVENTS);
		CHECK(slice_equal(digest_slice(&track->now), digest_slice(&want)));
		CHECK(f.replay.tracks[15][b].state == PCR_INITIAL);
	}
	CHECK(!f.replay.proven[PCR]); /* there is nothing that proves it */
	arena_free(&f.arena);
}

/* Digests as a log gives them, without what they are of. */
static struct event bare_event(uint8_t pcr, uint16_t bank, const uint8_t *digest)
{
	return (struct event){.kind = EVENT_BARE,
			      .pcr = pcr,
			      .measured = true,
			      .digests = {{bank, slice_of(digest, digest_size(bank))}},
			      .n_digests = 1,
			      .startup_locality = -1};
}

/* Events that lack a digest for a quoted bank leave its value open, whatever the others come to. */
void replay_missing_digests(void)
{
	static const uint8_t digest[DIGEST_MAX] = {1, 2, 3};
	struct fixture f;

	set_up(&f);
	f.log.pcr = -1;
	f.events[1] = bare_event(PCR, ALG_SHA1, digest);
	f.quoted.n = 2;
	f.values[1] = (struct pcr_value){PCR, measured(ALG_SHA1, PCR, f.events, EVENTS)};
	f.events[1] = f.events[2]; /* what the SHA-256 bank can follow */
	f.values[0].value = measured(ALG_SHA256, PCR, f.events, 2);
	f.events[1] = bare_event(PCR, ALG_SHA1, digest);
	replay(&f, &f.log, 1);
	check_state(&f, 0, PCR_CONTRADICTED);
	check_state(&f, 1, PCR_EXPLAINED);
	CHECK(!f.replay.proven[PCR] && f.findings.n == 1);
	CHECK(strstr(f.findings.items[0].message, "1 events of this PCR have no digest for this bank") != NULL);
	f.events[0] = f.events[2] = f.events[1]; /* none has one: the log says nothing of that bank */
	f.values[1].value = measured(ALG_SHA1, PCR, f.events, EVENTS);
	replay(&f, &f.log, 1);
	check_state(&f, 0, PCR_UNEXPLAINED); /* where anything may have been measured: one bank is not enough */
	check_state(&f, 1, PCR_EXPLAINED);
	CHECK(!f.replay.proven[PCR] && f.findings.n == 1 && !f.findings.items[0].is_error);
	CHECK(!f.findings.step_failed[ATTEST_STEP_LOG]);
	f.quoted.n = 1;
	f.values[0] = f.values[1];
	replay(&f, &f.log, 1);
	CHECK(f.findings.n == 0 && f.replay.proven[PCR]);
	arena_free(&f.arena);
}

/* A producer that extends one bank alone excuses the others; what another log says of the PCR takes that back. */
void replay_excused(void)
{
	static const uint8_t digest[DIGEST_MAX] = {1, 2, 3};
	struct log logs[2];
	struct fixture f;

	for (int order = 0; order < 2; order++) {
		set_up(&f);
		f.quoted.n = 2;
		f.values[1] =
			(struct pcr_value){PCR, measured(ALG_SHA1, PCR, f.events, 1)}; /* which nothing explains */
		logs[order] = f.log;
		logs[order].only_bank = ALG_SHA256;
		logs[order].n_events = 2;
		logs[1 - order] = f.log;
		logs[1 - order].pcr = -1;
		logs[1 - order].events = &f.events[2];
		logs[1 - order].n_events = 1;
		f.events[2] = bare_event(PCR, ALG_SHA256, digest);
		f.values[0].value = measured(ALG_SHA256, PCR, f.events, 2);
		replay(&f, &logs[order], 1);
		check_state(&f, 1, PCR_UNEXPLAINED);
		CHECK(f.replay.proven[PCR] && f.findings.n == 0);
		if (order == 1) {
			struct event first = f.events[2];

			f.values[0].value = measured(ALG_SHA256, PCR, &first, 1);
			f.values[0].value = measured_from(f.values[0].value, f.events, 2);
		} else {
			f.values[0].value = measured(ALG_SHA256, PCR, f.events, EVENTS);
		}
		replay(&f, logs, 2);
		check_state(&f, 0, PCR_EXPLAINED);
		CHECK(!f.replay.proven[PCR] && f.findings.n == 1 && !f.findings.step_failed[ATTEST_STEP_LOG]);
		arena_free(&f.arena);
	}
}

/* The verifier's choice of banks. */
void replay_demands(void)
{
	static const uint16_t banks[] = {ALG_SHA1, ALG_SHA256};
	struct fixture f;

	for (uint8_t demanded = 0; demanded < 16; demanded++) {
		set_up(&f);
		f.quoted.n = 2;
		for (size_t i = 0; i < 2; i++)
			f.values[i] = (struct pcr_value){PCR, measured(banks[i], PCR, f.events, EVENTS)};
		replay(&f, &f.log, 1);
		CHECK(f.replay.proven[PCR] && f.replay.banks == 0);
		replay_demand(&f.replay, demanded);
		CHECK(f.replay.proven[PCR] == (demanded < 4) && f.replay.banks == demanded);
		arena_free(&f.arena);
	}
}

/* The kernel's file log: each entry's SHA-1 and what it is the hash of. */
static void set_ima(struct event *event, const char *entry, struct digest *sha1)
{
	struct slice data = slice_of(entry, strlen(entry));
	struct attest_error e = {0};

	CHECK_STATUS(digest_compute(ALG_SHA1, &data, 1, sha1, &e), ATTEST_OK);
	*event = bare_event(10, ALG_SHA1, sha1->bytes);
	event->kind = EVENT_IMA;
	event->data = event->preimage = data;
}

/* As kernels before 5.8 extend it. */
static struct digest padded(uint16_t bank, const struct digest *entries, size_t n)
{
	struct digest d = {.alg = bank, .size = digest_size(bank)};
	struct hasher hasher = {{NULL}};
	struct attest_error e = {0};

	for (size_t i = 0; i < n; i++) {
		struct digest entry = {.alg = bank, .size = d.size};

		memcpy(entry.bytes, entries[i].bytes, 20);
		CHECK_STATUS(digest_extend(&hasher, &d, digest_slice(&entry), &e), ATTEST_OK);
	}
	hasher_free(&hasher);
	return d;
}

void replay_padded(void)
{
	struct digest entries[EVENTS];
	struct fixture f;

	set_up(&f);
	f.log.pcr = -1;
	set_ima(&f.events[0], "boot_aggregate", &entries[0]);
	set_ima(&f.events[1], "/init", &entries[1]);
	set_ima(&f.events[2], "/bin/sh", &entries[2]);
	f.quoted.n = 2;
	f.values[0] = (struct pcr_value){10, measured(ALG_SHA256, 10, f.events, EVENTS)};
	f.values[1] = (struct pcr_value){10, measured(ALG_SHA1, 10, f.events, EVENTS)};
	replay(&f, &f.log, 1); /* since 5.8: the bank's own hash of the same */
	check_state(&f, 0, PCR_EXPLAINED);
	check_state(&f, 1, PCR_EXPLAINED);
	CHECK(f.findings.n == 0 && f.replay.proven[10]);
	f.values[0].value = padded(ALG_SHA256, entries, EVENTS);
	replay(&f, &f.log, 1);
	check_state(&f, 0, PCR_EXPLAINED);
	check_state(&f, 1, PCR_EXPLAINED);
	CHECK(f.replay.tracks[10][digest_index(ALG_SHA256)].is_padded && f.replay.proven[10]);
	CHECK(f.findings.n == 1 && f.findings.items[0].is_error == 0 && !f.findings.step_failed[ATTEST_STEP_LOG]);
	f.values[0].value = padded(ALG_SHA256, entries, EVENTS - 1); /* neither rule makes up for a wrong log */
	replay(&f, &f.log, 1);
	check_state(&f, 0, PCR_CONTRADICTED);
	f.values[0].value = padded(ALG_SHA256, entries, EVENTS);
	f.values[1].value.bytes[0] ^= 1; /* a SHA-1 bank has no such rule, and spoils the PCR */
	replay(&f, &f.log, 1);
	check_state(&f, 0, PCR_EXPLAINED);
	check_state(&f, 1, PCR_CONTRADICTED);
	CHECK(!f.replay.proven[10]);
	f.quoted.n = 1;
	for (size_t i = 0; i < EVENTS; i++)
		f.events[i].kind = EVENT_TCG; /* the rule is for the file log alone */
	replay(&f, &f.log, 1);
	check_state(&f, 0, PCR_CONTRADICTED);
	arena_free(&f.arena);
}

/* A log that breaks off: what was read may replay, and still nothing is proven. */
void replay_broken(void)
{
	struct log logs[2];
	struct fixture f;

	for (int order = 0; order < 2; order++) {
		set_up(&f);
		logs[order] = f.log;
		logs[1 - order] = (struct log){
			.format = "tcg", .place = "$.logs[7]", .walker = &walk_tcg, .pcr = -1, .source = {.size = 0}};
		replay(&f, logs, 2);
		check_state(&f, 0, PCR_EXPLAINED);
		CHECK(!f.replay.proven[PCR] && f.replay.logs[1 - order].broken && !f.replay.logs[order].broken);
		CHECK(f.replay.logs[1 - order].error.status == ATTEST_E_LOG_STRUCTURE);
		CHECK(f.findings.n == 1 && f.findings.step_failed[ATTEST_STEP_LOG] &&
		      f.findings.items[0].status == ATTEST_E_LOG_STRUCTURE);
		CHECK(strncmp(f.findings.items[0].where, "$.logs[7]", 9) == 0);
		arena_free(&f.arena);
	}
}

/* Separators are looked at while all logs are walked: what they say wrong breaks the log that it is in. */
void replay_separators(void)
{
	static const uint8_t digest[32] = {1};
	struct log logs[2];
	struct fixture f;

	for (int i = 0; i < 3; i++) {
		set_up(&f);
		logs[0] = logs[1] = f.log;
		logs[1].pcr = -1;
		logs[1].place = "$.logs[1]";
		logs[1].events = &f.events[2];
		logs[1].n_events = 1;
		logs[0].n_events = 2;
		f.values[0].value = measured(ALG_SHA256, PCR, f.events, 2);
		f.events[2] = bare_event(7, ALG_SHA256, digest);
		f.events[2].kind = EVENT_TCG;
		f.events[2].tcg_type = i == 0 ? 4 : 8; /* called a separator, or not */
		f.events[2].type = "static";
		f.events[2].data = slice_of("\0\0\0\0", 4);
		if (i == 1) {
			f.events[2].n_digests = 0;
			f.events[2].preimage = f.events[2].data;
		}
		replay(&f, logs, 2);
		CHECK(f.replay.logs[1].broken == (i < 2) && !f.replay.logs[0].broken);
		CHECK(f.replay.proven[PCR] == (i == 2) && f.findings.n == (i < 2));
		if (i < 2)
			CHECK(strncmp(f.findings.items[0].where, "$.logs[1], event 0, PCR 7", 25) == 0);
		arena_free(&f.arena);
	}
}

/* Where PCR 0 began (PFP 1.06, 10.4.5.3). */
struct start {
	int localities[2]; /* of events before the first and before the second that are measured; -1: none */
	uint8_t begin;     /* what the quoted value began with */
	bool broken;
	enum pcr_state want;
};

static void check_start(const struct start *s)
{
	struct event events[4];
	struct digest begin = {.alg = ALG_SHA256, .size = 32};
	size_t n = 0;
	struct fixture f;

	set_up(&f);
	for (size_t i = 0; i < 2; i++) {
		if (s->localities[i] >= 0)
			events[n++] = (struct event){.pcr = 0, .startup_locality = s->localities[i]};
		events[n++] = text_event(0, slice_of_string("text"));
	}
	begin.bytes[31] = s->begin;
	f.log.pcr = -1;
	f.log.events = events;
	f.log.n_events = n;
	f.values[0] = (struct pcr_value){0, measured_from(begin, &events[n - 1], 1)};
	f.values[0].value = measured_from(f.values[0].value, &events[n - 1], 1);
	replay(&f, &f.log, 1);
	check_state(&f, 0, s->want);
	CHECK(f.replay.logs[0].broken == s->broken && f.replay.proven[0] == (s->want == PCR_EXPLAINED && !s->broken));
	if (s->broken)
		CHECK(strncmp(f.findings.items[0].where, "$.logs[0], event ", 17) == 0);
	arena_free(&f.arena);
}

void replay_locality(void)
{
	static const struct start starts[] = {
		{{-1, -1},  0,   false, PCR_EXPLAINED   },
                {{0, -1},   0,   false, PCR_EXPLAINED   },
		{{3, -1},   3,   false, PCR_EXPLAINED   },
                {{4, -1},   4,   false, PCR_EXPLAINED   },
		{{-1, -1},  3,   false, PCR_CONTRADICTED}, /* nobody tries one after the other */
		{{3, -1},   0,   false, PCR_CONTRADICTED},
                {{3, -1},   4,   false, PCR_CONTRADICTED},
		{{1, -1},   1,   true,  PCR_UNEXPLAINED }, /* the walk ends there */
		{{2, -1},   2,   true,  PCR_UNEXPLAINED },
                {{5, -1},   5,   true,  PCR_UNEXPLAINED },
		{{255, -1}, 255, true,  PCR_UNEXPLAINED },
                {{-1, 3},   3,   true,  PCR_CONTRADICTED}, /* too late */
		{{-1, 0},   0,   true,  PCR_CONTRADICTED},
                {{3, 3},    3,   true,  PCR_CONTRADICTED},
	};

	for (size_t i = 0; i < COUNT(starts); i++)
		check_start(&starts[i]);
}

/* Twice, one after the other, is once too often: in one log or in two. */
void replay_locality_twice(void)
{
	for (int n_logs = 1; n_logs <= 2; n_logs++) {
		struct event events[3] = {{.startup_locality = 3}, {.startup_locality = 4}};
		struct log logs[2];
		struct fixture f;

		set_up(&f);
		events[2] = text_event(0, slice_of_string("text"));
		f.log.pcr = -1;
		f.log.events = events;
		logs[0] = logs[1] = f.log;
		logs[0].n_events = n_logs == 1 ? 3 : 1;
		logs[1].events = &events[1];
		logs[1].n_events = 2;
		f.values[0].index = 0;
		replay(&f, logs, (size_t)n_logs);
		CHECK(f.replay.logs[n_logs - 1].broken && f.findings.step_failed[ATTEST_STEP_LOG]);
		arena_free(&f.arena);
	}
}
