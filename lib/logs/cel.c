/* SPDX-License-Identifier: Apache-2.0 */
#include "cel.h"

#include "ima.h"

attest_status cel_count(struct cel_counter *c, uint64_t pcr, uint64_t number, struct attest_error *error)
{
	if (c->begun && number != c->next)
		c->not_by_log = true;
	if (pcr < LIMIT_PCRS && c->seen[pcr] && number != c->next_of[pcr])
		c->not_by_pcr = true;
	if (c->not_by_log && c->not_by_pcr) {
		error_found(error, "recnum %llu", (unsigned long long)number);
		return fail(error, ATTEST_E_LOG_STRUCTURE, "CEL 1.1, 4.2.2",
			    "the numbers of the records count up neither for each PCR nor through the log");
	}
	c->begun = true;
	c->next = number + 1;
	if (pcr < LIMIT_PCRS) {
		c->seen[pcr] = true;
		c->next_of[pcr] = number + 1;
	}
	return ATTEST_OK;
}

attest_status cel_add_digest(struct event *event, uint16_t alg, struct slice value, struct attest_error *error)
{
	if (digest_size(alg) == 0)
		return ATTEST_OK;
	if (value.len != digest_size(alg)) {
		error_expected(error, "%u bytes", digest_size(alg));
		error_found(error, "%zu", value.len);
		return fail(error, ATTEST_E_LOG_STRUCTURE, "CEL 1.1, 4.2", "a digest has not its algorithm's size");
	}
	for (size_t i = 0; i < event->n_digests; i++)
		if (event->digests[i].alg == alg)
			return fail(error, ATTEST_E_LOG_STRUCTURE, "CEL 1.1, 4.2",
				    "a record has two digests of one algorithm");
	event->digests[event->n_digests++] = (struct event_digest){alg, value};
	return ATTEST_OK;
}

void cel_set_ima_template(struct event *event, struct slice name, struct slice data)
{
	struct ima_template t;

	ima_template_find(name, &t);
	event->kind = EVENT_IMA;
	event->type = t.type;
	event->data = data;
	if (!t.is_short) /* nobody says what CEL holds of this one */
		event->preimage = data;
}

/* All bytes are 0xff, which is extended, or zero, which the kernel logs. */
static bool is_violation(const struct event_digest *digest)
{
	size_t n = 0;

	while (n < digest->value.len && digest->value.data[n] == 0xff)
		n++;
	return n == digest->value.len || slice_is_zero(digest->value);
}

void cel_finish(struct event *event, uint64_t index, bool is_nv)
{
	for (size_t i = 0; event->kind == EVENT_IMA && i < event->n_digests; i++)
		if (is_violation(&event->digests[i]))
			event->preimage = slice_of(NULL, 0);
	if (!is_nv) {
		event->pcr = index < LIMIT_PCRS ? (uint8_t)index : LIMIT_PCRS;
		return;
	}
	event->measured = false;
	event->startup_locality = -1;
}

bool cel_management(uint64_t number, struct slice name, const char **ret_type)
{
	static const struct {
		uint64_t number;
		const char *name;
		bool measured;
	} types[] = {
		{1,  "cel_version",   false},
		{2,  "firmware_end",  false},
		{80, "cel_timestamp", true },
		{81, "state_trans",   true },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (name.len > 0 ? !slice_equal(name, slice_of_string(types[i].name)) : number != types[i].number)
			continue;
		*ret_type = types[i].name;
		return types[i].measured;
	}
	*ret_type = "unknown CEL management";
	return true;
}
