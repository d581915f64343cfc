/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text events: of libattest's own server, BlindLlama and AICert. The digest of an event is the hash of its exact text,
 * so the text is kept as it came and never written again.
 */
#include "log.h"

static attest_status next_text(struct log_cursor *cursor, struct event *ret_event, bool *ret_more,
			       struct attest_error *error)
{
	(void)error;
	*ret_more = cursor->number < cursor->log->n_events;
	if (!*ret_more)
		return ATTEST_OK;
	ret_event->kind = EVENT_TEXT;
	ret_event->pcr = (uint8_t)cursor->log->pcr;
	ret_event->data = ret_event->preimage = cursor->log->texts[cursor->number];
	return ATTEST_OK;
}

const struct log_walker walk_texts = {.next = next_text};

attest_status text_events_parse(const struct json_node *array, uint8_t pcr, uint16_t only_bank, struct log *ret_log,
				struct attest_error *error)
{
	struct log log = {.format = "text-events", .walker = &walk_texts, .pcr = pcr, .only_bank = only_bank};
	attest_status status = json_node_array(array, LIMIT_LOG_EVENTS, "LIMIT_LOG_EVENTS", &log.n_events, error);
	struct slice *texts;

	if (status != ATTEST_OK)
		return status;
	log.place = arena_string(array->doc->arena, slice_of_string(array->path));
	texts = arena_alloc(array->doc->arena, log.n_events, sizeof(*texts));
	if (log.place == NULL || texts == NULL)
		return fail_memory(error);
	for (size_t i = 0; i < log.n_events; i++) {
		struct json_node text = json_node_element(array, i);

		status = json_node_string(&text, &texts[i], error);
		if (status != ATTEST_OK)
			return status;
	}
	log.texts = texts;
	*ret_log = log;
	return ATTEST_OK;
}
