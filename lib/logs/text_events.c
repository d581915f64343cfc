/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text events: of libattest's own server, BlindLlama and AICert. The digest of an event is the hash of its exact text,
 * so the text is kept as it came and never written again.
 */
#include "base/limits.h"
#include "log.h"

attest_status text_events_parse(const struct json_node *array, uint8_t pcr, uint16_t only_bank, struct log *ret_log,
				struct attest_error *error)
{
	struct log log = {.format = "text-events", .readable = true, .pcr = pcr, .only_bank = only_bank};
	attest_status status = json_node_array(array, LIMIT_LOG_EVENTS, "LIMIT_LOG_EVENTS", &log.n_events, error);

	if (status != ATTEST_OK)
		return status;
	log.place = arena_string(array->doc->arena, slice_of_string(array->path));
	log.events = arena_alloc(array->doc->arena, log.n_events, sizeof(*log.events));
	if (log.place == NULL || log.events == NULL)
		return fail_memory(error);
	for (size_t i = 0; i < log.n_events; i++) {
		struct json_node text = json_node_element(array, i);

		log.events[i].pcr = pcr;
		status = json_node_string(&text, &log.events[i].text, error);
		if (status != ATTEST_OK)
			return status;
	}
	*ret_log = log;
	return ATTEST_OK;
}
