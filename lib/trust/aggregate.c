/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregate.h"

#include <string.h>

#include "logs/ima.h"

/* The event is a boot_aggregate entry; its hash. */
static bool read_aggregate(const struct event *event, struct digest *ret_digest)
{
	struct ima_fields fields;
	uint16_t alg;

	if (event->kind != EVENT_IMA || !ima_fields_read(event, &fields) ||
	    !slice_equal(fields.name, slice_of_string("boot_aggregate")))
		return false;
	alg = fields.digest_alg == NULL ? 0 : digest_alg(fields.digest_alg);
	if (alg == 0 || fields.digest.len != digest_size(alg))
		return false;
	*ret_digest = (struct digest){.alg = alg, .size = digest_size(alg)};
	memcpy(ret_digest->bytes, fields.digest.data, fields.digest.len);
	return true;
}

/* The values of the first n registers in the bank of the hash; false where one is not known. Where nothing was quoted,
 * PCR 8 and 9 may be without events. */
static bool values(const struct replay *replay, uint16_t bank, size_t n, struct slice *ret_values)
{
	for (size_t pcr = 0; pcr < n; pcr++) {
		const struct track *track = &replay->tracks[pcr][digest_index(bank)];
		bool known = track->quoted != NULL || track->n_events > 0 || (pcr >= 8 && replay->is_free);

		if (!known)
			return false;
		ret_values[pcr] = digest_slice(track->quoted != NULL ? track->quoted : &track->now);
	}
	return true;
}

static attest_status find_fit(const struct replay *replay, const struct digest *aggregate, enum aggregate_fit *ret_fit,
			      struct attest_error *error)
{
	static const struct {
		size_t n;
		enum aggregate_fit fit;
	} rules[] = {
		{8,  AGGREGATE_FITS_0_7},
                {10, AGGREGATE_FITS_0_9}
        };
	enum aggregate_fit fit = AGGREGATE_UNKNOWN;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct slice parts[10];
		struct digest digest;
		attest_status status;

		if (!values(replay, aggregate->alg, rules[i].n, parts))
			continue;
		status = digest_compute(aggregate->alg, parts, rules[i].n, &digest, error);
		if (status != ATTEST_OK)
			return status;
		if (slice_equal(digest_slice(&digest), digest_slice(aggregate))) {
			*ret_fit = rules[i].fit;
			return ATTEST_OK;
		}
		if (rules[i].n == 10 || aggregate->alg == ALG_SHA1)
			fit = AGGREGATE_DIFFERS;
	}
	*ret_fit = fit;
	return ATTEST_OK;
}

attest_status aggregate_find_fit(const struct replay *replay, const struct event *event, enum aggregate_fit *ret_fit,
				 struct attest_error *error)
{
	struct digest aggregate;

	*ret_fit = AGGREGATE_UNKNOWN;
	return read_aggregate(event, &aggregate) ? find_fit(replay, &aggregate, ret_fit, error) : ATTEST_OK;
}

static attest_status check_item(struct software *item, struct arena *arena, const struct replay *replay,
				const struct log *log, int *ret_differs, struct attest_error *error)
{
	static const char *const texts[] = {
		[AGGREGATE_UNKNOWN] = "not compared: not all of PCR 0-9 are known in its bank",
		[AGGREGATE_FITS_0_7] = "fits PCR 0-7",
		[AGGREGATE_FITS_0_9] = "fits PCR 0-9",
		[AGGREGATE_DIFFERS] = "fits neither PCR 0-7 nor PCR 0-9",
	};
	struct log_cursor cursor;
	struct event event;
	enum aggregate_fit fit = AGGREGATE_UNKNOWN;
	attest_status status = log_seek(&cursor, log, item->number, &event, error);

	if (status == ATTEST_OK)
		status = aggregate_find_fit(replay, &event, &fit, error);
	log_end(&cursor);
	if (status != ATTEST_OK)
		return status;
	item->value = arena_printf(arena, "%s, %s", item->value, texts[fit]);
	if (fit == AGGREGATE_DIFFERS)
		*ret_differs = item->pcr;
	return item->value == NULL ? fail_memory(error) : ATTEST_OK;
}

attest_status aggregate_check(struct software_reader *software, const struct replay *replay, const struct log *logs,
			      int *ret_differs, struct attest_error *error)
{
	attest_status status = ATTEST_OK;
	size_t n_checked = 0;

	*ret_differs = -1;
	for (size_t i = 0; status == ATTEST_OK && i < software->n && n_checked < LIMIT_LOGS; i++) {
		struct software *item = &software->items[i];

		/* The kernel makes one, at the begin; each is looked up from the front of its log. */
		if (strcmp(item->what, "ima.boot_aggregate") != 0 || item->number != 0)
			continue;
		n_checked++;
		status = check_item(item, software->arena, replay, &logs[item->log], ret_differs, error);
	}
	return status;
}
