/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TCG Canonical Event Log in its TLV encoding (CEL 1.0, 5.1): type 1, length 4 with the highest byte first, value.
 * A record is recnum (0), PCR (1) or NV index (2), digests (3) and content, in this order.
 */
#include "cel.h"

static const char clause[] = "CEL 1.0, 5.1";

enum { TLV_RECNUM = 0, TLV_PCR = 1, TLV_NV_INDEX = 2, TLV_DIGESTS = 3, TLV_HEAD = 1 + 4, TLV_PARTS = 4 };

struct tlv {
	uint8_t type;
	struct slice value;
	struct slice whole; /* with type and length */
};

static attest_status malformed(struct attest_error *error, const char *message)
{
	return fail(error, ATTEST_E_LOG_STRUCTURE, clause, "%s", message);
}

static struct tlv take_tlv(struct reader *r)
{
	struct slice start = r->rest;
	struct tlv tlv = {.type = reader_u8(r)};
	uint32_t len = (uint32_t)reader_u16be(r) << 16;

	len |= reader_u16be(r);
	tlv.value = reader_bytes(r, len);
	tlv.whole = slice_sub(start, 0, TLV_HEAD + tlv.value.len);
	return tlv;
}

/* 1 to 8 bytes: some write what the type takes, some what the number does. */
static bool read_number(struct slice bytes, uint64_t max, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (bytes.len == 0 || bytes.len > 8)
		return false;
	for (size_t i = 0; i < bytes.len; i++)
		number = number << 8 | bytes.data[i];
	*ret_number = number;
	return number <= max;
}

/* The size of the next record, where that fits into what is left. */
static attest_status measure(struct window *window, size_t *ret_size, struct attest_error *error)
{
	size_t size = 0;

	for (int i = 0; i < TLV_PARTS; i++) {
		struct slice part = {NULL, 0};
		attest_status status = window_peek(window, size + TLV_HEAD, &part, error);
		uint64_t len = 0;

		if (status != ATTEST_OK)
			return status;
		(void)read_number(slice_sub(part, size + 1, TLV_HEAD - 1), UINT32_MAX, &len);
		if (len > LIMIT_LOG_ENTRY)
			return fail(error, ATTEST_E_LIMIT, NULL, "a record's part of %llu bytes (LIMIT_LOG_ENTRY)",
				    (unsigned long long)len);
		size += TLV_HEAD + (size_t)len;
	}
	*ret_size = size;
	return ATTEST_OK;
}

/* Of algorithms by the low byte of their TPM_ALG_ID. */
static attest_status read_digests(const struct tlv *tlv, struct event *event, struct attest_error *error)
{
	struct reader r = reader_of(tlv->value);
	attest_status status = ATTEST_OK;

	if (tlv->type != TLV_DIGESTS)
		return malformed(error, "a record's third part is not its digests");
	for (size_t n = 0; status == ATTEST_OK && !reader_done(&r); n++) {
		struct tlv digest = take_tlv(&r);

		if (r.failed)
			return malformed(error, "a digest is longer than the record's digests");
		if (n == LIMIT_BANKS)
			return fail(error, ATTEST_E_LIMIT, NULL, "more than %u digests (LIMIT_BANKS)", LIMIT_BANKS);
		status = cel_add_digest(event, digest.type, digest.value, error);
	}
	return status;
}

/* TPML_EVENT_CELMGT (CEL 1.1, 4.4): one or several. Measured if one of them is. */
static attest_status read_management(const struct tlv *tlv, struct event *event, struct attest_error *error)
{
	struct reader r = reader_of(tlv->value);

	event->kind = EVENT_OTHER;
	event->data = tlv->value;
	event->measured = false;
	do {
		struct tlv part = take_tlv(&r);

		if (r.failed)
			return malformed(error, "CEL management content is not whole");
		if (cel_management(part.type, slice_of("", 0), &event->type))
			event->measured = true;
	} while (!reader_done(&r));
	return ATTEST_OK;
}

/* Two parts, 0 and 1, and nothing else. */
static bool read_pair(struct slice content, struct slice *ret_first, struct slice *ret_second)
{
	struct reader r = reader_of(content);
	struct tlv first = take_tlv(&r), second = take_tlv(&r);

	*ret_first = first.value;
	*ret_second = second.value;
	return reader_done(&r) && first.type == 0 && second.type == 1;
}

/* TPMS_EVENT_PCCLIENT_STD: event_type, event_data */
static attest_status read_pcclient(const struct tlv *tlv, struct event *event, struct attest_error *error)
{
	struct slice type, data;
	uint64_t number;

	if (!read_pair(tlv->value, &type, &data) || !read_number(type, UINT32_MAX, &number))
		return malformed(error, "pcclient_std content is not an event type and event data");
	event->tcg_type = (uint32_t)number;
	event->data = data;
	tcg_event_classify(event);
	return ATTEST_OK;
}

/* TPMS_EVENT_IMA_TEMPLATE: template_name, template_data */
static attest_status read_ima_template(const struct tlv *tlv, struct event *event, struct attest_error *error)
{
	struct slice name, data;

	if (!read_pair(tlv->value, &name, &data))
		return malformed(error, "ima_template content is not a name and data");
	cel_set_ima_template(event, name, data);
	return ATTEST_OK;
}

/* go-tpm-tools, cel/cos_tlv.go: one part of a type of Google's. The digest is of the whole TLV. */
static attest_status read_cos(const struct tlv *tlv, struct event *event, struct attest_error *error)
{
	struct reader r = reader_of(tlv->value);

	(void)take_tlv(&r);
	if (!reader_done(&r))
		return malformed(error, "COS content is not exactly one part");
	event->kind = EVENT_OTHER;
	event->type = "COS";
	event->data = tlv->whole;
	return ATTEST_OK;
}

static attest_status read_content(const struct tlv *tlv, struct event *event, struct attest_error *error)
{
	switch (tlv->type) {
	case CEL_MANAGEMENT:
		return read_management(tlv, event, error);
	case CEL_PCCLIENT_STD:
		return read_pcclient(tlv, event, error);
	case CEL_IMA_TEMPLATE:
		return read_ima_template(tlv, event, error);
	case CEL_COS:
		return read_cos(tlv, event, error);
	default:
		break;
	}
	if (tlv->type <= TLV_DIGESTS)
		return malformed(error, "a record's last part is not its content");
	event->kind = tlv->type == CEL_SYSTEMD ? EVENT_SYSTEMD : EVENT_OTHER;
	event->type = tlv->type == CEL_SYSTEMD ? "systemd" : tlv->type == CEL_IMA_TLV ? "ima_tlv" : "unknown content";
	event->data = tlv->value;
	return ATTEST_OK;
}

static attest_status read_record(struct slice record, struct cel_counter *counter, struct event *event,
				 struct attest_error *error)
{
	struct reader r = reader_of(record);
	struct tlv recnum = take_tlv(&r), index = take_tlv(&r), digests = take_tlv(&r), content = take_tlv(&r);
	bool is_nv = index.type == TLV_NV_INDEX;
	uint64_t number, at;
	attest_status status;

	if (recnum.type != TLV_RECNUM || !read_number(recnum.value, UINT64_MAX, &number))
		return malformed(error, "a record does not begin with its number");
	if ((index.type != TLV_PCR && !is_nv) || !read_number(index.value, UINT32_MAX, &at))
		return malformed(error, "a record's second part is not the index of a PCR, nor of NV");
	status = cel_count(counter, is_nv ? LIMIT_PCRS : at, number, error);
	if (status == ATTEST_OK)
		status = read_digests(&digests, event, error);
	if (status == ATTEST_OK)
		status = read_content(&content, event, error);
	if (status == ATTEST_OK)
		cel_finish(event, at, is_nv);
	return status;
}

bool is_cel_tlv(struct slice bytes)
{
	struct reader r = reader_of(bytes);
	struct tlv recnum = take_tlv(&r), index = take_tlv(&r);
	uint64_t number;

	return !r.failed && recnum.type == TLV_RECNUM && read_number(recnum.value, UINT64_MAX, &number) &&
	       (index.type == TLV_PCR || index.type == TLV_NV_INDEX) && read_number(index.value, UINT32_MAX, &number) &&
	       reader_u8(&r) == TLV_DIGESTS && !r.failed;
}

static attest_status begin_cel_tlv(struct log_cursor *cursor, struct attest_error *error)
{
	cursor->state = arena_alloc(&cursor->arena, 1, sizeof(struct cel_counter));
	return cursor->state == NULL ? fail_memory(error) : ATTEST_OK;
}

static attest_status next_cel_tlv(struct log_cursor *cursor, struct event *ret_event, bool *ret_more,
				  struct attest_error *error)
{
	struct slice record = {NULL, 0};
	size_t size = 0;
	attest_status status;

	*ret_more = window_left(&cursor->window) > 0;
	if (!*ret_more)
		return ATTEST_OK;
	status = measure(&cursor->window, &size, error);
	if (status == ATTEST_OK)
		status = window_take(&cursor->window, size, &record, error);
	return status == ATTEST_OK ? read_record(record, cursor->state, ret_event, error) : status;
}

const struct log_walker walk_cel_tlv = {.begin = begin_cel_tlv, .next = next_cel_tlv};
