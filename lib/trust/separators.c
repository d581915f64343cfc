/* SPDX-License-Identifier: Apache-2.0 */
#include "separators.h"

enum { EV_SEPARATOR = 4 };

static const char clause[] = "PFP 1.06, 10.4.1 (EV_SEPARATOR)";

/* PFP 1.06, 3.3.2.2: zeros or ones, and 1 after an error. */
static const uint8_t separator_data[N_SEPARATORS][4] = {
	{0,    0,    0,    0   },
        {0xff, 0xff, 0xff, 0xff},
        {1,    0,    0,    0   }
};

/* Computed when a bank first meets an event. */
static attest_status separator_digest(struct separators *s, struct hasher *hasher, size_t kind, size_t bank,
				      const struct digest **ret_digest, struct attest_error *error)
{
	struct slice bytes = slice_of(separator_data[kind], 4);
	attest_status status = ATTEST_OK;

	if (s->digests[kind][bank].size == 0)
		status = hasher_compute(hasher, digest_at(bank), &bytes, 1, &s->digests[kind][bank], error);
	*ret_digest = &s->digests[kind][bank];
	return status;
}

static attest_status is_separator_digest(struct separators *s, struct hasher *hasher, const struct event_digest *d,
					 bool *ret_is, struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	for (size_t kind = 0; status == ATTEST_OK && kind < N_SEPARATORS; kind++) {
		const struct digest *digest;

		status = separator_digest(s, hasher, kind, digest_index(d->alg), &digest, error);
		*ret_is = *ret_is || (status == ATTEST_OK && slice_equal(digest_slice(digest), d->value));
	}
	return status;
}

static attest_status check_named(struct separators *s, struct hasher *hasher, const struct event *event,
				 struct attest_error *error)
{
	for (size_t i = 0; i < event->n_digests; i++) {
		struct digest own;
		attest_status status = hasher_compute(hasher, event->digests[i].alg, &event->data, 1, &own, error);

		if (status != ATTEST_OK)
			return status;
		if (event->data.len != 4 || !slice_equal(digest_slice(&own), event->digests[i].value))
			return fail(error, ATTEST_E_LOG_STRUCTURE, clause,
				    "called a separator, but its digest is not that of its four bytes");
	}
	if ((s->seen >> event->pcr & 1) != 0)
		return fail(error, ATTEST_E_LOG_STRUCTURE, clause, "a second separator in this PCR");
	s->seen |= 1u << event->pcr;
	s->renamed[event->pcr].type = NULL;
	return ATTEST_OK;
}

static const char *name_of(const struct event *event)
{
	return event->type != NULL ? event->type : "a text";
}

attest_status separators_check(struct separators *s, struct hasher *hasher, const struct event *event, size_t log,
			       size_t number, struct attest_error *error)
{
	attest_status status = ATTEST_OK;
	bool is = false;

	if (event->pcr >= N_FIRMWARE_PCRS)
		return ATTEST_OK;
	if (event->kind == EVENT_TCG && event->tcg_type == EV_SEPARATOR)
		return check_named(s, hasher, event, error);
	for (size_t i = 0; status == ATTEST_OK && i < event->n_digests; i++)
		status = is_separator_digest(s, hasher, &event->digests[i], &is, error);
	for (size_t kind = 0; kind < N_SEPARATORS; kind++)
		is = is || slice_equal(event->preimage, slice_of(separator_data[kind], 4));
	if (status != ATTEST_OK || !is)
		return status;
	if ((s->seen >> event->pcr & 1) != 0)
		return fail(error, ATTEST_E_LOG_STRUCTURE, clause,
			    "the digest of a separator under another type, %s, after the separator", name_of(event));
	s->renamed[event->pcr].type = name_of(event);
	s->renamed[event->pcr].log = log;
	s->renamed[event->pcr].number = number;
	return ATTEST_OK;
}

attest_status separators_end(const struct separators *s, const struct log *logs, size_t *ret_log,
			     struct attest_error *error)
{
	for (size_t pcr = 0; pcr < N_FIRMWARE_PCRS; pcr++) {
		if (s->renamed[pcr].type == NULL)
			continue;
		*ret_log = s->renamed[pcr].log;
		error_where(error, "%s, event %zu, PCR %zu", logs[*ret_log].place, s->renamed[pcr].number, pcr);
		return fail(error, ATTEST_E_LOG_STRUCTURE, clause,
			    "the digest of a separator under another type, %s, and no separator follows",
			    s->renamed[pcr].type);
	}
	return ATTEST_OK;
}
