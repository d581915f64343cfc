/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <string.h>

#include "base/limits.h"

attest_status event_digest(const struct event *event, uint16_t bank, struct digest *ret_digest,
			   struct attest_error *error)
{
	if (event->digest.len == 0)
		return digest_compute(bank, &event->text, 1, ret_digest, error);
	if (event->digest.len != digest_size(bank))
		return fail(error, ATTEST_E_LOG_MISMATCH, NULL, "an event's digest has not the size of the bank");
	*ret_digest = (struct digest){.alg = bank, .size = digest_size(bank)};
	memcpy(ret_digest->bytes, event->digest.data, event->digest.len);
	return ATTEST_OK;
}

attest_status event_object(const struct event *event, json_t **ret_object, struct attest_error *error)
{
	json_error_t e = {0};
	json_t *value;

	*ret_object = NULL;
	if (event->type != NULL || event->text.len == 0 || event->text.len > LIMIT_EVENT_JSON ||
	    event->text.data[0] != '{')
		return ATTEST_OK;
	value = json_loadb((const char *)event->text.data, event->text.len, JSON_REJECT_DUPLICATES, &e);
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

/* Known to the proof format; replaying them is not part of this version. */
static attest_status parse_unreadable(const struct json_node *node, struct log *ret_log, struct attest_error *error)
{
	static const char *const members[] = {"format", "data", NULL};
	struct json_node data = json_node_member(node, "data");
	struct slice bytes;
	attest_status status = json_node_only(node, members, error);

	if (status == ATTEST_OK)
		status = json_node_base64(&data, LIMIT_LOG_BYTES, &bytes, error);
	if (status == ATTEST_OK)
		*ret_log = (struct log){.readable = false, .pcr = -1};
	return status;
}

attest_status log_parse(const struct json_node *node, struct log *ret_log, struct attest_error *error)
{
	static const struct {
		const char *name;
		attest_status (*parse)(const struct json_node *, struct log *, struct attest_error *);
	} formats[] = {
		{"text-events", parse_text_log  },
                {"tcg",         parse_unreadable},
                {"ima",         parse_unreadable},
		{"ima-ascii",   parse_unreadable},
                {"systemd",     parse_unreadable},
                {"cel-json",    parse_unreadable},
	};
	struct json_node format = json_node_member(node, "format");
	struct slice name = {NULL, 0};
	struct log log;
	attest_status status = json_node_object(node, error);

	if (status == ATTEST_OK)
		status = json_node_string(&format, &name, error);
	for (size_t i = 0; status == ATTEST_OK && i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!slice_equal(name, slice_of_string(formats[i].name)))
			continue;
		status = formats[i].parse(node, &log, error);
		if (status != ATTEST_OK)
			return status;
		log.format = formats[i].name;
		log.place = arena_string(node->doc->arena, slice_of_string(node->path));
		if (log.place == NULL)
			return fail_memory(error);
		*ret_log = log;
		return ATTEST_OK;
	}
	if (status == ATTEST_OK)
		status = json_node_fail(&format, fail(error, ATTEST_E_STRUCTURE, NULL, "unknown log format"), error);
	return status;
}
