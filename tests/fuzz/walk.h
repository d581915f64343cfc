/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.h - walking a log twice: raw, and out of base64. Both must give the same events and the same error.
 */
#ifndef FUZZ_WALK_H
#define FUZZ_WALK_H

#include "base/text.h"
#include "fuzz.h"
#include "logs/log.h"

static inline void walk_check_slice(struct slice a, struct slice b)
{
	REQUIRE((a.data == NULL) == (b.data == NULL));
	REQUIRE(slice_equal(a, b));
	if (a.data != NULL)
		(void)fuzz_hash(a.data, a.len); /* all of it can be read */
}

static inline void walk_check_same(const struct event *a, const struct event *b)
{
	REQUIRE(a->kind == b->kind && a->pcr == b->pcr && a->measured == b->measured && a->tcg_type == b->tcg_type);
	REQUIRE(a->type == b->type && a->startup_locality == b->startup_locality);
	REQUIRE((a->label == NULL) == (b->label == NULL) && (a->label == NULL || strcmp(a->label, b->label) == 0));
	walk_check_slice(a->data, b->data);
	walk_check_slice(a->preimage, b->preimage);
	REQUIRE(a->n_digests == b->n_digests);
	for (size_t i = 0; i < a->n_digests; i++) {
		REQUIRE(a->digests[i].alg == b->digests[i].alg);
		walk_check_slice(a->digests[i].value, b->digests[i].value);
	}
}

/* What log.h promises of every event. */
static inline void walk_check_event(const struct event *event)
{
	REQUIRE(event->pcr < LIMIT_PCRS && event->n_digests <= EVENT_DIGESTS);
	REQUIRE(event->type != NULL && event->kind != EVENT_TEXT && event->kind != EVENT_BARE);
	REQUIRE(event->label == NULL || event->kind == EVENT_SYSTEMD);
	for (size_t i = 0; i < event->n_digests; i++) {
		const struct event_digest *d = &event->digests[i];

		REQUIRE(digest_size(d->alg) != 0 && d->value.len == digest_size(d->alg));
		for (size_t k = 0; k < i; k++)
			REQUIRE(event->digests[k].alg != d->alg);
	}
}

typedef void (*walk_fn)(const struct event *event);

static inline void walk_log(const struct log_walker *walker, const uint8_t *data, size_t size, walk_fn check)
{
	struct log logs[2] = {
		{.place = "log", .walker = walker, .pcr = -1},
                {.place = "log", .walker = walker, .pcr = -1}
        };
	struct attest_error e[2] = {{.status = ATTEST_OK}, {.status = ATTEST_OK}};
	char *base64 = malloc(size / 3 * 4 + 5);
	struct log_cursor cursors[2];
	attest_status status[2];
	struct event events[2];
	bool more[2] = {true, true};

	REQUIRE(base64 != NULL);
	base64_encode(slice_of(data, size), base64);
	logs[0].source = source_raw(slice_of(data, size));
	REQUIRE(source_base64(slice_of_string(base64), &logs[1].source, &e[1]) == ATTEST_OK);
	for (int i = 0; i < 2; i++)
		status[i] = log_begin(&cursors[i], &logs[i], &e[i]);
	while (status[0] == ATTEST_OK && more[0]) {
		for (int i = 0; i < 2 && status[i] == ATTEST_OK; i++)
			status[i] = log_next(&cursors[i], &events[i], &more[i], &e[i]);
		REQUIRE(status[0] == status[1] && more[0] == more[1]);
		if (status[0] != ATTEST_OK || !more[0])
			continue;
		walk_check_event(&events[0]);
		walk_check_same(&events[0], &events[1]);
		check(&events[0]);
	}
	REQUIRE(status[0] == status[1]);
	REQUIRE(strcmp(e[0].message, e[1].message) == 0 && strcmp(e[0].where, e[1].where) == 0);
	fuzz_check_error(status[0], &e[0]);
	REQUIRE(status[0] == ATTEST_OK || status[0] == ATTEST_E_LOG_STRUCTURE || status[0] == ATTEST_E_LIMIT);
	for (int i = 0; i < 2; i++)
		log_end(&cursors[i]);
	free(base64);
}

#endif
