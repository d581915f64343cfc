/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd's log of what user space measures, tpm2-measure.log: a JSON text sequence (RFC 7464) of records as in CEL's
 * JSON encoding, without numbers. A record is the byte 0x1e, JSON and a line feed.
 *
 * The digest is the hash of "string", but for volume keys: that is an HMAC, which cannot be computed again.
 */
#include "cel.h"

static const char clause[] = "RFC 7464, 2";

enum { RECORD_SEPARATOR = 0x1e };

struct systemd {
	struct json_doc doc; /* of one event */
	struct arena scratch;
	struct cel_counter counter;
};

bool is_systemd(struct slice bytes)
{
	return bytes.len >= 2 && bytes.data[0] == RECORD_SEPARATOR && bytes.data[1] == '{';
}

/* Up to the next record or the end; JSON has no such byte in it. */
static attest_status peek_record(struct window *window, struct slice *ret_record, struct attest_error *error)
{
	bool found = false;
	attest_status status =
		window_find(window, 1, RECORD_SEPARATOR, 1 + LIMIT_EVENT_JSON + 1, ret_record, &found, error);

	if (status == ATTEST_OK && ret_record->len > 1 + LIMIT_EVENT_JSON)
		return fail(error, ATTEST_E_LIMIT, NULL, "a record of more than %u bytes (LIMIT_EVENT_JSON)",
			    LIMIT_EVENT_JSON);
	return status;
}

static attest_status check_frame(struct slice record, struct attest_error *error)
{
	if (slice_find(record, RECORD_SEPARATOR) != 0) {
		error_expected(error, "the byte 0x1e before every record");
		return fail(error, ATTEST_E_LOG_STRUCTURE, clause, "no record begins here");
	}
	if (slice_find(slice_sub(record, record.len - 1, 1), '\n') != 0) {
		error_expected(error, "a line feed behind every record");
		return fail(error, ATTEST_E_LOG_STRUCTURE, clause, "an incomplete record");
	}
	return ATTEST_OK;
}

static attest_status read_record(struct systemd *systemd, struct slice text, struct event *event,
				 struct attest_error *error)
{
	struct attest_error json = {0};
	struct json_node record;

	if (json_doc_parse(&systemd->doc, &systemd->scratch, text, &json) != ATTEST_OK)
		return cel_json_fail(&json, error);
	record = json_doc_root(&systemd->doc);
	return cel_json_record(&record, &systemd->counter, event, error);
}

static void forget(struct systemd *systemd)
{
	json_doc_free(&systemd->doc);
	arena_free(&systemd->scratch);
}

static attest_status begin_systemd(struct log_cursor *cursor, struct attest_error *error)
{
	cursor->state = arena_alloc(&cursor->arena, 1, sizeof(struct systemd));
	return cursor->state == NULL ? fail_memory(error) : ATTEST_OK;
}

static attest_status next_systemd(struct log_cursor *cursor, struct event *ret_event, bool *ret_more,
				  struct attest_error *error)
{
	struct systemd *systemd = cursor->state;
	struct slice record = {NULL, 0};
	attest_status status;

	forget(systemd);
	*ret_more = window_left(&cursor->window) > 0;
	if (!*ret_more)
		return ATTEST_OK;
	status = peek_record(&cursor->window, &record, error);
	if (status == ATTEST_OK)
		status = check_frame(record, error);
	if (status == ATTEST_OK)
		status = read_record(systemd, slice_sub(record, 1, record.len), ret_event, error);
	if (status == ATTEST_OK)
		window_skip(&cursor->window, record.len);
	return status;
}

static void end_systemd(struct log_cursor *cursor)
{
	if (cursor->state != NULL)
		forget(cursor->state);
}

const struct log_walker walk_systemd = {.begin = begin_systemd, .next = next_systemd, .end = end_systemd};
