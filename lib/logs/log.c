/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <string.h>

attest_status log_begin(struct log_cursor *cursor, const struct log *log, struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	*cursor = (struct log_cursor){.log = log};
	window_open(&cursor->window, log->source);
	if (log->walker->begin != NULL)
		status = log->walker->begin(cursor, error);
	if (status != ATTEST_OK && !status_is_internal(status))
		error_where(error, "%s, offset %zu", log->place, cursor->window.offset);
	return status;
}

attest_status log_next(struct log_cursor *cursor, struct event *ret_event, bool *ret_more, struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	*ret_event = (struct event){.measured = true, .startup_locality = -1};
	*ret_more = true;
	cursor->offset = cursor->window.offset;
	status = cursor->log->walker->next(cursor, ret_event, ret_more, error);
	if (status == ATTEST_OK && *ret_more && cursor->number == LIMIT_LOG_EVENTS)
		status = fail(error, ATTEST_E_LIMIT, NULL, "more than %u events (LIMIT_LOG_EVENTS)", LIMIT_LOG_EVENTS);
	if (status == ATTEST_OK && *ret_more && ret_event->pcr >= LIMIT_PCRS) {
		error_expected(error, "0 to %u", LIMIT_PCRS - 1);
		error_found(error, "%u", ret_event->pcr);
		status = fail(error, ATTEST_E_LOG_STRUCTURE, NULL, "there is no such PCR");
	}
	if (status != ATTEST_OK && !status_is_internal(status)) {
		if (cursor->log->source.size > 0)
			error_where(error, "%s, event %zu, offset %zu", cursor->log->place, cursor->number,
				    cursor->offset);
		else
			error_where(error, "%s, event %zu", cursor->log->place, cursor->number);
	}
	cursor->number++;
	return status;
}

void log_end(struct log_cursor *cursor)
{
	if (cursor->log != NULL && cursor->log->walker->end != NULL)
		cursor->log->walker->end(cursor);
	window_close(&cursor->window);
	arena_free(&cursor->arena);
}

attest_status log_seek(struct log_cursor *cursor, const struct log *log, size_t number, struct event *ret_event,
		       struct attest_error *error)
{
	attest_status status = log_begin(cursor, log, error);
	bool more = true;

	for (size_t i = 0; status == ATTEST_OK && more && i <= number; i++)
		status = log_next(cursor, ret_event, &more, error);
	return status;
}

static attest_status next_event(struct log_cursor *cursor, struct event *ret_event, bool *ret_more,
				struct attest_error *error)
{
	(void)error;
	*ret_more = cursor->number < cursor->log->n_events;
	if (*ret_more)
		*ret_event = cursor->log->events[cursor->number];
	return ATTEST_OK;
}

const struct log_walker walk_events = {.next = next_event};

const struct event_digest *event_find_digest(const struct event *event, uint16_t bank)
{
	for (size_t i = 0; i < event->n_digests; i++)
		if (event->digests[i].alg == bank)
			return &event->digests[i];
	return NULL;
}

attest_status event_digest(const struct event *event, uint16_t bank, struct digest *ret_digest,
			   struct attest_error *error)
{
	const struct event_digest *d = event_find_digest(event, bank);

	*ret_digest = (struct digest){.alg = bank};
	if (d == NULL)
		return event->preimage.data == NULL ? ATTEST_OK
						    : digest_compute(bank, &event->preimage, 1, ret_digest, error);
	ret_digest->size = digest_size(bank);
	memcpy(ret_digest->bytes, d->value.data, ret_digest->size);
	return ATTEST_OK;
}

bool event_is_hash_of(const struct event *event, uint16_t bank, struct slice part)
{
	const struct event_digest *d = event_find_digest(event, bank);
	struct attest_error e = {0};
	struct digest digest;

	if (d == NULL)
		return event->preimage.data != NULL && slice_equal(event->preimage, part);
	return part.data != NULL && digest_compute(bank, &part, 1, &digest, &e) == ATTEST_OK &&
	       slice_equal(digest_slice(&digest), d->value);
}

static bool is_letter_or_digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool event_is_plain_text(const struct event *event, uint16_t bank)
{
	return event->kind == EVENT_SYSTEMD && event->data.len > 0 && is_letter_or_digit(event->data.data[0]) &&
	       event_is_hash_of(event, bank, event->data);
}

attest_status event_object(const struct event *event, json_t **ret_object, struct attest_error *error)
{
	json_error_t e = {0};
	json_t *value;

	*ret_object = NULL;
	if (event->kind != EVENT_TEXT || event->type != NULL || event->data.len == 0 ||
	    event->data.len > LIMIT_EVENT_JSON || event->data.data[0] != '{')
		return ATTEST_OK;
	value = json_loadb((const char *)event->data.data, event->data.len, JSON_REJECT_DUPLICATES, &e);
	if (value == NULL && (json_error_code(&e) == json_error_out_of_memory || e.text[0] == '\0'))
		return fail_memory(error);
	*ret_object = value;
	return ATTEST_OK;
}

const char *event_type(const struct event *event, const json_t *object)
{
	const char *type = event->type != NULL ? event->type : json_string_value(json_object_get(object, "type"));

	return type != NULL ? type : json_string_value(json_object_get(object, "event_type"));
}

static attest_status parse_pcr(const struct json_node *log, uint8_t *ret_pcr, struct attest_error *error)
{
	struct json_node node = json_node_member(log, "pcr");
	json_int_t pcr = json_integer_value(node.value);

	if (!json_is_integer(node.value) || pcr < 0 || pcr >= (json_int_t)LIMIT_PCRS) {
		error_expected(error, "an integer from 0 to %u", LIMIT_PCRS - 1);
		return json_node_fail(&node, fail(error, ATTEST_E_STRUCTURE, NULL, "not a PCR"), error);
	}
	*ret_pcr = (uint8_t)pcr;
	return ATTEST_OK;
}

static attest_status parse_text_log(const struct json_node *node, struct log *ret_log, struct attest_error *error)
{
	static const char *const members[] = {"format", "pcr", "events", NULL};
	struct json_node events = json_node_member(node, "events");
	attest_status status = json_node_only(node, members, error);
	uint8_t pcr = 0;

	if (status == ATTEST_OK)
		status = parse_pcr(node, &pcr, error);
	if (status == ATTEST_OK)
		status = text_events_parse(&events, pcr, 0, ret_log, error);
	return status;
}

static attest_status parse_bytes(const struct json_node *node, struct log *ret_log, struct attest_error *error)
{
	static const char *const members[] = {"format", "data", NULL};
	struct json_node data = json_node_member(node, "data");
	attest_status status = json_node_only(node, members, error);

	return status == ATTEST_OK ? json_node_source(&data, LIMIT_LOG_BYTES, &ret_log->source, error) : status;
}

/* In the order in which log_recognise() asks them. */
static const struct {
	const char *name;
	const struct log_walker *walker;
	bool (*is)(struct slice bytes);
} formats[] = {
	{"systemd",   &walk_systemd,   is_systemd  },
	{"cel-json",  &walk_cel_json,  is_cel_json },
	{"cel-tlv",   &walk_cel_tlv,   is_cel_tlv  },
	{"ima-ascii", &walk_ima_ascii, is_ima_ascii},
	{"ima",       &walk_ima,       is_ima      },
	{"tcg",       &walk_tcg,       is_tcg      },
};

static const struct log_walker *find_walker(struct slice name, const char **ret_name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!slice_equal(name, slice_of_string(formats[i].name)))
			continue;
		*ret_name = formats[i].name;
		return formats[i].walker;
	}
	return NULL;
}

attest_status log_parse(const struct json_node *node, struct log *ret_log, struct attest_error *error)
{
	struct json_node format = json_node_member(node, "format");
	struct slice name = {NULL, 0};
	struct log log = {.pcr = -1};
	attest_status status = json_node_object(node, error);

	if (status == ATTEST_OK)
		status = json_node_string(&format, &name, error);
	if (status != ATTEST_OK)
		return status;
	if (slice_equal(name, slice_of_string("text-events"))) {
		status = parse_text_log(node, &log, error);
	} else {
		log.walker = find_walker(name, &log.format);
		if (log.walker == NULL)
			return json_node_fail(&format, fail(error, ATTEST_E_STRUCTURE, NULL, "unknown log format"),
					      error);
		status = parse_bytes(node, &log, error);
	}
	if (status != ATTEST_OK)
		return status;
	log.place = arena_string(node->doc->arena, slice_of_string(node->path));
	if (log.place == NULL)
		return fail_memory(error);
	*ret_log = log;
	return ATTEST_OK;
}

attest_status log_recognise(struct slice bytes, struct log *ret_log, struct attest_error *error)
{
	if (bytes.len > LIMIT_LOG_BYTES)
		return fail(error, ATTEST_E_LIMIT, NULL, "more than %u bytes (LIMIT_LOG_BYTES)", LIMIT_LOG_BYTES);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!formats[i].is(bytes))
			continue;
		*ret_log = (struct log){.format = formats[i].name,
					.place = formats[i].name,
					.walker = formats[i].walker,
					.pcr = -1,
					.source = source_raw(bytes)};
		return ATTEST_OK;
	}
	error_expected(error, "a TCG, CEL, systemd or IMA log");
	return fail(error, ATTEST_E_FORMAT, NULL, "an event log of no known format");
}
