/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TCG Canonical Event Log in its JSON encoding (CEL 1.1, 5.2): an array of records, or an object that has it as
 * "records". Bytes are hex, as in the specification's example and in all known producers.
 *
 * Members that are not known here are passed over: nothing that is not a digest is proven by being there. The older
 * names "type" and "sub_event" of tpm2-tss' FAPI are read too.
 */
#include "cel.h"

#include <string.h>

#include "base/text.h"

static const char clause[] = "CEL 1.1, 5.2";

struct cel_json {
	struct json_doc doc;
	struct arena scratch; /* of one event */
	struct json_node records;
	size_t n_records;
	struct cel_counter counter;
};

attest_status cel_json_fail(const struct attest_error *json, struct attest_error *error)
{
	if (status_is_internal(json->status))
		return fail_memory(error);
	if (json->expected[0] != '\0')
		error_expected(error, "%s", json->expected);
	error_found(error, "%s%s%s", json->where, json->found[0] == '\0' ? "" : ": ", json->found);
	return fail(error, json->status == ATTEST_E_LIMIT ? ATTEST_E_LIMIT : ATTEST_E_LOG_STRUCTURE, json->clause, "%s",
		    json->message);
}

/* In what follows errors are those of json.h. */
static attest_status wrong(const struct json_node *node, const char *expected, const char *message,
			   struct attest_error *error)
{
	error_expected(error, "%s", expected);
	return json_node_fail(node, fail(error, ATTEST_E_STRUCTURE, clause, "%s", message), error);
}

static attest_status read_number(const struct json_node *node, json_int_t max, uint64_t *ret_number,
				 struct attest_error *error)
{
	json_int_t number = json_integer_value(node->value);

	if (!json_is_integer(node->value) || number < 0 || number > max)
		return wrong(node, "an integer that is not negative", "a number is missing, or none, or too large",
			     error);
	*ret_number = (uint64_t)number;
	return ATTEST_OK;
}

/* Unlike json_node_hex(): there may be no bytes. */
static attest_status read_hex(const struct json_node *node, struct slice *ret_bytes, struct attest_error *error)
{
	struct slice text = {NULL, 0}, bytes = {NULL, 0};
	attest_status status = json_node_string(node, &text, error);

	if (status == ATTEST_OK)
		status = hex_decode(node->doc->arena, text, &bytes, error);
	if (status == ATTEST_OK && bytes.len > LIMIT_LOG_ENTRY)
		status =
			fail(error, ATTEST_E_LIMIT, NULL, "an event's data has %zu bytes (LIMIT_LOG_ENTRY)", bytes.len);
	if (status == ATTEST_OK)
		*ret_bytes = bytes;
	return json_node_fail(node, status, error);
}

enum { NAME_SIZE = 48 }; /* the longest name is EV_EFI_BOOT_SERVICES_APPLICATION */

/* A short name as C string, its letters all small or all capital; empty where it is too long for any that is known. */
static void fold(struct slice name, bool capital, char ret_name[NAME_SIZE])
{
	size_t len = name.len < NAME_SIZE ? name.len : 0;

	for (size_t i = 0; i < len; i++) {
		char c = (char)name.data[i];

		if (capital && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (!capital && c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		ret_name[i] = c;
	}
	ret_name[len] = '\0';
}

/* "sha256", in any letter case, or as TPM_ALG_ID; 0 for an unknown one. */
static attest_status read_alg(const struct json_node *node, uint16_t *ret_alg, struct attest_error *error)
{
	static const char prefix[] = "tpm2_alg_";
	struct slice text = {NULL, 0};
	char name[NAME_SIZE];
	uint64_t number = 0;
	attest_status status;

	if (json_is_integer(node->value)) {
		status = read_number(node, UINT16_MAX, &number, error);
		*ret_alg = (uint16_t)number;
		return status;
	}
	status = json_node_string(node, &text, error);
	if (status != ATTEST_OK)
		return status;
	fold(text, false, name);
	*ret_alg = digest_alg(strncmp(name, prefix, strlen(prefix)) == 0 ? &name[strlen(prefix)] : name);
	return ATTEST_OK;
}

static attest_status read_digest(const struct json_node *node, struct event *event, struct attest_error *error)
{
	struct json_node alg_node, digest;
	struct slice value = {NULL, 0};
	uint16_t alg = 0;
	attest_status status = json_node_object(node, error);

	if (status != ATTEST_OK)
		return status;
	alg_node = json_node_member(node, "hashAlg");
	digest = json_node_member(node, "digest");
	status = read_alg(&alg_node, &alg, error);
	if (status == ATTEST_OK)
		status = read_hex(&digest, &value, error);
	return status == ATTEST_OK ? json_node_fail(&digest, cel_add_digest(event, alg, value, error), error) : status;
}

static attest_status read_digests(const struct json_node *record, struct event *event, struct attest_error *error)
{
	struct json_node digests = json_node_member(record, "digests");
	size_t n = 0;
	attest_status status = json_node_array(&digests, LIMIT_BANKS, "LIMIT_BANKS", &n, error);

	for (size_t i = 0; status == ATTEST_OK && i < n; i++) {
		struct json_node digest = json_node_element(&digests, i);

		status = read_digest(&digest, event, error);
	}
	return status;
}

/* A number, or a name such as "EV_SEPARATOR" in any letter case. */
static attest_status read_event_type(const struct json_node *node, bool *ret_known, uint32_t *ret_type,
				     struct attest_error *error)
{
	struct slice text = {NULL, 0};
	char name[NAME_SIZE];
	uint64_t number = 0;
	attest_status status;

	if (json_is_integer(node->value)) {
		status = read_number(node, UINT32_MAX, &number, error);
		*ret_type = (uint32_t)number;
		*ret_known = true;
		return status;
	}
	status = json_node_string(node, &text, error);
	if (status != ATTEST_OK)
		return status;
	fold(text, true, name);
	*ret_known = tcg_event_number(slice_of_string(name), ret_type);
	return ATTEST_OK;
}

/* {"event_type": …, "event_data": "hex"} */
static attest_status read_pcclient(const struct json_node *content, struct event *event, struct attest_error *error)
{
	struct json_node type = json_node_member(content, "event_type"), data = json_node_member(content, "event_data");
	bool known = false;
	attest_status status = json_node_object(content, error);

	if (status == ATTEST_OK)
		status = read_event_type(&type, &known, &event->tcg_type, error);
	if (status == ATTEST_OK)
		status = read_hex(&data, &event->data, error);
	if (status != ATTEST_OK)
		return status;
	if (known) {
		tcg_event_classify(event);
		return ATTEST_OK;
	}
	event->kind = EVENT_OTHER;
	event->type = "unknown event type";
	return ATTEST_OK;
}

/* {"template_name": "ima-ng", "template_data": "hex"} */
static attest_status read_ima_template(const struct json_node *content, struct event *event, struct attest_error *error)
{
	struct json_node name = json_node_member(content, "template_name");
	struct json_node data = json_node_member(content, "template_data");
	struct slice text = {NULL, 0}, bytes = {NULL, 0};
	attest_status status = json_node_object(content, error);

	if (status == ATTEST_OK)
		status = json_node_string(&name, &text, error);
	if (status == ATTEST_OK)
		status = read_hex(&data, &bytes, error);
	if (status == ATTEST_OK)
		cel_set_ima_template(event, text, bytes);
	return status;
}

static attest_status read_ima_tlv(const struct json_node *content, struct event *event, struct attest_error *error)
{
	event->type = "ima_tlv";
	return read_hex(content, &event->data, error);
}

/* What tpm2-tss' Fapi_PcrExtend() hashed: {"data": "hex", "event": …} */
static attest_status read_tss(const struct json_node *content, struct event *event, struct attest_error *error)
{
	struct json_node data = json_node_member(content, "data");
	attest_status status = json_node_object(content, error);

	event->type = "tss2";
	return status == ATTEST_OK ? read_hex(&data, &event->data, error) : status;
}

/* systemd writes {"string": what was hashed, "eventType": "phase", …}, where either may be missing; CEL 1.1 wants the
 * bytes that were hashed. */
static attest_status read_systemd(const struct json_node *content, struct event *event, struct attest_error *error)
{
	struct json_node string = json_node_member(content, "string"), type = json_node_member(content, "eventType");
	struct slice label = {NULL, 0};
	attest_status status;

	event->kind = EVENT_SYSTEMD;
	event->type = "systemd";
	if (json_is_string(content->value))
		return read_hex(content, &event->data, error);
	status = json_node_object(content, error);
	if (status == ATTEST_OK && string.value != NULL)
		status = json_node_string(&string, &event->data, error);
	if (status == ATTEST_OK && json_is_string(type.value)) {
		status = json_node_string(&type, &label, error);
		if (status != ATTEST_OK)
			return status;
		event->label = arena_string(content->doc->arena, label);
		return event->label == NULL ? fail_memory(error) : ATTEST_OK;
	}
	return status;
}

/* {"type": "cel_version" or its number, "data": …} */
static attest_status read_management_part(const struct json_node *part, struct event *event, struct attest_error *error)
{
	struct json_node type = json_node_member(part, "type");
	struct slice name = {NULL, 0};
	uint64_t number = 0;
	attest_status status = json_node_object(part, error);

	if (status == ATTEST_OK)
		status = json_is_integer(type.value) ? read_number(&type, UINT32_MAX, &number, error)
						     : json_node_string(&type, &name, error);
	if (status == ATTEST_OK && cel_management(number, name, &event->type))
		event->measured = true;
	return status;
}

/* One or an array (TPML_EVENT_CELMGT). Measured if one of them is. */
static attest_status read_management(const struct json_node *content, struct event *event, struct attest_error *error)
{
	size_t n = json_array_size(content->value);
	attest_status status = ATTEST_OK;

	event->measured = false;
	if (!json_is_array(content->value))
		return read_management_part(content, event, error);
	if (n == 0)
		return wrong(content, "at least one", "a record of CEL management has none", error);
	for (size_t i = 0; status == ATTEST_OK && i < n; i++) {
		struct json_node part = json_node_element(content, i);

		status = read_management_part(&part, event, error);
	}
	return status;
}

typedef attest_status (*content_fn)(const struct json_node *, struct event *, struct attest_error *);

static const struct {
	json_int_t number;
	const char *name;
	content_fn read;
} contents[] = {
	{CEL_MANAGEMENT,   "cel",          read_management  },
	{CEL_PCCLIENT_STD, "pcclient_std", read_pcclient    },
	{CEL_IMA_TEMPLATE, "ima_template", read_ima_template},
	{CEL_IMA_TLV,      "ima_tlv",      read_ima_tlv     },
	{CEL_SYSTEMD,      "systemd",      read_systemd     },
	{-1,	       "tss2",         read_tss         },
};

static content_fn find_content(const json_t *type)
{
	const char *name = json_string_value(type);

	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++)
		if (name != NULL ? strcmp(name, contents[i].name) == 0
				 : json_is_integer(type) && json_integer_value(type) == contents[i].number)
			return contents[i].read;
	return NULL;
}

static attest_status read_content(const struct json_node *record, struct event *event, struct attest_error *error)
{
	bool old = !json_node_has(record, "content_type");
	struct json_node type = json_node_member(record, old ? "type" : "content_type");
	struct json_node content = json_node_member(record, old ? "sub_event" : "content");
	content_fn read = find_content(type.value);

	event->kind = EVENT_OTHER;
	if (read != NULL)
		return read(&content, event, error);
	event->type = "unknown content";
	return ATTEST_OK;
}

/* "pcr", or else "nv_index" (CEL 1.1, 4.2.3) */
static attest_status read_index(const struct json_node *record, uint64_t *ret_index, bool *ret_is_nv,
				struct attest_error *error)
{
	struct json_node pcr = json_node_member(record, "pcr"), nv_index = json_node_member(record, "nv_index");

	*ret_is_nv = nv_index.value != NULL;
	if (*ret_is_nv && pcr.value != NULL)
		return wrong(&nv_index, "a PCR or an NV index", "a record is of both a PCR and an NV index", error);
	return read_number(*ret_is_nv ? &nv_index : &pcr, UINT32_MAX, ret_index, error);
}

static attest_status read_record(const struct json_node *record, struct cel_counter *counter, struct event *event,
				 struct attest_error *error)
{
	struct json_node recnum = json_node_member(record, "recnum");
	attest_status status = json_node_object(record, error);
	uint64_t index = 0, number = 0;
	bool is_nv = false;

	if (status == ATTEST_OK)
		status = read_index(record, &index, &is_nv, error);
	if (status == ATTEST_OK && recnum.value != NULL) { /* systemd writes none */
		status = read_number(&recnum, INT64_MAX, &number, error);
		if (status == ATTEST_OK)
			status = cel_count(counter, is_nv ? LIMIT_PCRS : index, number, error);
	}
	if (status == ATTEST_OK)
		status = read_content(record, event, error);
	if (status != ATTEST_OK)
		return status;
	if ((event->measured && !is_nv) || json_node_has(record, "digests"))
		status = read_digests(record, event, error);
	cel_finish(event, index, is_nv);
	return status;
}

attest_status cel_json_record(const struct json_node *record, struct cel_counter *counter, struct event *event,
			      struct attest_error *error)
{
	struct attest_error json = {0};

	return read_record(record, counter, event, &json) == ATTEST_OK ? ATTEST_OK : cel_json_fail(&json, error);
}

static struct slice skip_white(struct slice text)
{
	size_t n = 0;

	while (n < text.len &&
	       (text.data[n] == ' ' || text.data[n] == '\n' || text.data[n] == '\r' || text.data[n] == '\t'))
		n++;
	return slice_sub(text, n, text.len);
}

static bool holds_member(struct slice text, const char *name, size_t *ret_at)
{
	const uint8_t *at = memmem(text.data, text.len, name, strlen(name));

	*ret_at = at == NULL ? text.len : (size_t)(at - text.data);
	return at != NULL;
}

/* Which names stand first in an array of objects: those of a record, or those of a log in a proof. */
static bool is_record(struct slice text)
{
	static const char *const ours[] = {"\"recnum\"", "\"digests\"", "\"content\""};
	static const char *const others[] = {"\"format\"", "\"events\"", "\"data\""};
	struct slice head = slice_sub(text, 0, 4096);
	size_t first = head.len, at;
	bool is = false;

	for (size_t i = 0; i < 3; i++) {
		if (holds_member(head, ours[i], &at) && at < first) {
			first = at;
			is = true;
		}
		if (holds_member(head, others[i], &at) && at < first) {
			first = at;
			is = false;
		}
	}
	return is;
}

/* "[{" of a record, or "{"records"", with white space */
bool is_cel_json(struct slice bytes)
{
	static const char name[] = "\"records\"";
	struct slice text = skip_white(bytes), inside = skip_white(slice_sub(text, 1, text.len));

	if (text.len == 0 || inside.len == 0)
		return false;
	return (text.data[0] == '[' && inside.data[0] == '{' && is_record(inside)) ||
	       (text.data[0] == '{' && slice_equal(slice_sub(inside, 0, strlen(name)), slice_of_string(name)));
}

static attest_status read_records(struct cel_json *cel, struct slice text, struct attest_error *error)
{
	attest_status status = json_doc_parse(&cel->doc, &cel->scratch, text, error);

	if (status != ATTEST_OK)
		return status;
	cel->records = json_doc_root(&cel->doc);
	if (json_is_object(cel->records.value)) {
		struct json_node root = cel->records;

		cel->records = json_node_member(&root, "records");
	}
	return json_node_array(&cel->records, LIMIT_LOG_EVENTS, "LIMIT_LOG_EVENTS", &cel->n_records, error);
}

/* The whole text is read at once, and stays in the window: strings of the document lie there. */
static attest_status begin_cel_json(struct log_cursor *cursor, struct attest_error *error)
{
	struct cel_json *cel = arena_alloc(&cursor->arena, 1, sizeof(*cel));
	struct attest_error json = {0};
	struct slice text = {NULL, 0};
	attest_status status;

	if (cel == NULL)
		return fail_memory(error);
	cursor->state = cel;
	status = window_peek(&cursor->window, window_left(&cursor->window), &text, error);
	if (status != ATTEST_OK)
		return status;
	return read_records(cel, text, &json) == ATTEST_OK ? ATTEST_OK : cel_json_fail(&json, error);
}

static attest_status next_cel_json(struct log_cursor *cursor, struct event *ret_event, bool *ret_more,
				   struct attest_error *error)
{
	struct cel_json *cel = cursor->state;
	struct json_node record;

	arena_free(&cel->scratch);
	*ret_more = cursor->number < cel->n_records;
	if (!*ret_more)
		return ATTEST_OK;
	record = json_node_element(&cel->records, cursor->number);
	return cel_json_record(&record, &cel->counter, ret_event, error);
}

static void end_cel_json(struct log_cursor *cursor)
{
	struct cel_json *cel = cursor->state;

	if (cel == NULL)
		return;
	json_doc_free(&cel->doc);
	arena_free(&cel->scratch);
}

const struct log_walker walk_cel_json = {.begin = begin_cel_json, .next = next_cel_json, .end = end_cel_json};
