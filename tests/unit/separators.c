/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/separators.h"

#include <stdio.h>

#include "unit.h"

enum { CRTM_CONTENTS = 7, CRTM_VERSION = 8, SEPARATOR = 4 };

/* One event of the firmware's, in two banks. */
struct measured {
	struct event event;
	struct digest digests[2];
};

/* `hashed` is what was extended, `data` what the log says. */
static void measure(struct measured *m, uint8_t pcr, uint32_t type, struct slice data, struct slice hashed)
{
	static const uint16_t banks[] = {ALG_SHA1, ALG_SHA256};
	struct attest_error e = {0};

	*m = (struct measured){
		.event = {.pcr = pcr, .tcg_type = type, .data = data, .n_digests = 2, .startup_locality = -1}
        };
	tcg_event_classify(&m->event);
	for (size_t i = 0; i < 2; i++) {
		CHECK_STATUS(digest_compute(banks[i], &hashed, 1, &m->digests[i], &e), ATTEST_OK);
		m->event.digests[i] = (struct event_digest){banks[i], digest_slice(&m->digests[i])};
	}
}

/* All of the logs' events so far. */
struct fixture {
	struct separators separators;
	struct hasher hasher;
	size_t n;
	attest_status status; /* the first that is not ATTEST_OK */
	struct attest_error error;
};

static const uint8_t zeros[4], ones[4] = {0xff, 0xff, 0xff, 0xff}, error_value[4] = {1};

static void check_event(struct fixture *f, const struct event *event)
{
	struct attest_error e = {0};
	attest_status status = separators_check(&f->separators, &f->hasher, event, f->n / 3, f->n % 3, &e);

	CHECK(e.status == status);
	if (f->status == ATTEST_OK)
		f->error = e;
	if (f->status == ATTEST_OK)
		f->status = status;
	f->n++;
}

static void check(struct fixture *f, uint8_t pcr, uint32_t type, const void *data, size_t len)
{
	struct measured m;

	measure(&m, pcr, type, slice_of(data, len), slice_of(data, len));
	check_event(f, &m.event);
}

/* What the end says of all that came. */
static attest_status end(struct fixture *f, size_t *ret_log)
{
	static const struct log logs[] = {{.place = "$.logs[0]"}, {.place = "$.logs[1]"}, {.place = "$.logs[2]"}};
	attest_status status = separators_end(&f->separators, logs, ret_log, &f->error);

	hasher_free(&f->hasher);
	return status;
}

static void check_end(struct fixture *f, attest_status status, attest_status end_status)
{
	size_t log = 77;

	CHECK_STATUS(f->status, status);
	CHECK_STATUS(end(f, &log), end_status);
	CHECK((log != 77) == (end_status != ATTEST_OK));
}

/* Each PCR has its own, of any four bytes that are what was hashed. */
void separators_agree(void)
{
	static const uint8_t *const values[] = {zeros, ones, error_value};

	for (size_t i = 0; i < COUNT(values); i++) {
		struct fixture f = {.n = 0};

		for (uint8_t pcr = 0; pcr < N_FIRMWARE_PCRS; pcr++) {
			check(&f, pcr, CRTM_VERSION, "version", 7);
			check(&f, pcr, SEPARATOR, values[i], 4);
			check(&f, pcr, CRTM_VERSION, "version", 7);
		}
		f.n = 0;
		check_end(&f, ATTEST_OK, ATTEST_OK);
	}
}

void separators_disagree(void)
{
	const struct {
		struct slice data, hashed;
	} events[] = {
		{slice_of("\0\0\0\0",   4), slice_of("\xff\xff\xff\xff", 4)},
		{slice_of("\0\0\0\0",   4), slice_of("something",        9)},
		{slice_of("",           0), slice_of("\0\0\0\0",         4)},
		{slice_of("\0\0\0",     3), slice_of("\0\0\0\0",         4)},
		{slice_of("something",  9), slice_of("something",        9)}, /* its own hash, but not four bytes */
		{slice_of("\0\0\0\0\0", 5), slice_of("\0\0\0\0\0",       5)},
	};
	struct measured m, other;

	for (size_t i = 0; i < COUNT(events); i++) {
		struct fixture f = {.n = 0};

		measure(&m, 7, SEPARATOR, events[i].data, events[i].hashed);
		check_event(&f, &m.event);
		check_end(&f, ATTEST_E_LOG_STRUCTURE, ATTEST_OK);
	}
	for (size_t i = 0; i < 2; i++) { /* one bank is enough */
		struct fixture f = {.n = 0};

		measure(&m, 7, SEPARATOR, slice_of(zeros, 4), slice_of(zeros, 4));
		measure(&other, 7, SEPARATOR, slice_of(zeros, 4), slice_of("x", 1));
		m.event.digests[i].value = other.event.digests[i].value;
		check_event(&f, &m.event);
		check_end(&f, ATTEST_E_LOG_STRUCTURE, ATTEST_OK);
	}
}

void separators_second(void)
{
	static const uint8_t *const values[] = {zeros, ones};

	for (size_t i = 0; i < COUNT(values); i++) {
		struct fixture f = {.n = 0};

		check(&f, 2, SEPARATOR, zeros, 4);
		check(&f, 3, SEPARATOR, zeros, 4);
		CHECK_STATUS(f.status, ATTEST_OK);
		check(&f, 2, SEPARATOR, values[i], 4);
		check_end(&f, ATTEST_E_LOG_STRUCTURE, ATTEST_OK);
		CHECK(strstr(f.error.message, "second separator") != NULL);
	}
}

/* A separator that is called something else. */
void separators_renamed(void)
{
	static const uint32_t types[] = {CRTM_CONTENTS, 5, 0x80000007, 0x80000001, 0x99999999};
	static const uint8_t *const values[] = {zeros, ones, error_value};
	size_t log = 77;

	for (size_t i = 0; i < COUNT(types) * 3; i++) {
		struct fixture f = {.n = 0}, g = {.n = 0}, h = {.n = 0};

		check(&f, 7, CRTM_VERSION, "a", 1); /* and none follows */
		check(&f, 7, CRTM_VERSION, "b", 1);
		check(&f, 7, CRTM_VERSION, "c", 1);
		check(&f, 7, types[i / 3], values[i % 3], 4);
		check(&f, 7, CRTM_VERSION, "d", 1);
		check(&f, 6, SEPARATOR, zeros, 4); /* of another PCR */
		CHECK_STATUS(f.status, ATTEST_OK);
		CHECK_STATUS(end(&f, &log), ATTEST_E_LOG_STRUCTURE);
		CHECK(log == 1);
		CHECK_TEXT(f.error.where, "$.logs[1], event 0, PCR 7");
		check(&g, 7, SEPARATOR, zeros, 4); /* and one came before */
		check(&g, 7, types[i / 3], values[i % 3], 4);
		check_end(&g, ATTEST_E_LOG_STRUCTURE, ATTEST_OK);
		check(&h, 7, types[i / 3], values[i % 3], 4); /* data that tell of something else */
		check(&h, 7, SEPARATOR, zeros, 4);
		check_end(&h, ATTEST_OK, ATTEST_OK);
	}
}

/* In whichever bank its digest is that of a separator, and whatever its data. */
void separators_renamed_in_one_bank(void)
{
	for (size_t i = 0; i < 2; i++) {
		struct fixture f = {.n = 0};
		struct measured m, other;

		measure(&m, 0, CRTM_VERSION, slice_of("version", 7), slice_of("version", 7));
		measure(&other, 0, CRTM_VERSION, slice_of("version", 7), slice_of(zeros, 4));
		m.event.digests[i].value = other.event.digests[i].value;
		check_event(&f, &m.event);
		check_end(&f, ATTEST_OK, ATTEST_E_LOG_STRUCTURE);
	}
}

/* glinux-alex: zeros as EV_S_CRTM_CONTENTS, more than once, and later the separator. */
void separators_zeros_as_contents(void)
{
	struct fixture f = {.n = 0};

	check(&f, 0, CRTM_CONTENTS, zeros, 4);
	check(&f, 0, CRTM_VERSION, "version", 7);
	check(&f, 0, CRTM_CONTENTS, zeros, 4);
	check(&f, 1, SEPARATOR, zeros, 4);
	check(&f, 0, SEPARATOR, zeros, 4);
	check_end(&f, ATTEST_OK, ATTEST_OK);
}

/* Only the firmware's PCRs have separators. */
void separators_elsewhere(void)
{
	struct fixture f = {.n = 0};

	for (uint8_t pcr = N_FIRMWARE_PCRS; pcr < LIMIT_PCRS; pcr++) {
		check(&f, pcr, SEPARATOR, "no separator", 12);
		check(&f, pcr, SEPARATOR, zeros, 4);
		check(&f, pcr, SEPARATOR, zeros, 4);
		check(&f, pcr, CRTM_VERSION, zeros, 4);
	}
	f.n = 0;
	check_end(&f, ATTEST_OK, ATTEST_OK);
}

/* A log of another kind hides none either: whoever wrote it, the register was extended with a separator. */
void separators_of_other_kinds(void)
{
	static const uint8_t *const values[] = {zeros, ones, error_value};

	for (size_t i = 0; i < COUNT(values) * (EVENT_OTHER + 1); i++) {
		struct fixture f = {.n = 0}, g = {.n = 0}, h = {.n = 0};
		struct measured m, text;

		measure(&m, 7, SEPARATOR, slice_of("x", 1), slice_of(values[i % 3], 4));
		m.event.kind = (enum event_kind)(i / 3);
		m.event.type = m.event.kind == EVENT_TEXT ? NULL : "static";
		if (m.event.kind == EVENT_TCG)
			continue;
		check_event(&f, &m.event);
		check_end(&f, ATTEST_OK, ATTEST_E_LOG_STRUCTURE);
		text = m;
		text.event.n_digests = 0; /* what is hashed, and not its hash */
		text.event.preimage = slice_of(values[i % 3], 4);
		check_event(&g, &text.event);
		check_end(&g, ATTEST_OK, ATTEST_E_LOG_STRUCTURE);
		check(&h, 7, SEPARATOR, zeros, 4);
		check_event(&h, &m.event);
		check_end(&h, ATTEST_E_LOG_STRUCTURE, ATTEST_OK);
	}
}
