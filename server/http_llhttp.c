/* SPDX-License-Identifier: Apache-2.0 */
#include "http_llhttp.h"

#include <string.h>

/* llhttp_t.data: what it has seen of the message. */
struct seen {
	struct http_body *body;
	bool head, end;
	uint64_t length;
	unsigned flags;
};

static int on_headers_complete(llhttp_t *llhttp)
{
	struct seen *seen = llhttp->data;

	seen->head = true;
	seen->length = llhttp->content_length;
	seen->flags = llhttp->flags;
	/* Nothing is ever upgraded here; llhttp would stop reading. */
	llhttp->upgrade = 0;
	return seen->body->headless ? 1 : 0;
}

static int on_message_complete(llhttp_t *llhttp)
{
	((struct seen *)llhttp->data)->end = true;
	return 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t length)
{
	struct http_body *body = ((struct seen *)llhttp->data)->body;

	if (body->take != NULL)
		body->take(body->arg, slice_of(at, length));
	return 0;
}

/* The scanner lets none through; should it fail to, llhttp says so. */
static int on_extension(llhttp_t *llhttp, const char *at, size_t length)
{
	(void)llhttp;
	(void)at;
	(void)length;
	return HPE_USER;
}

static const llhttp_settings_t settings = {
	.on_headers_complete = on_headers_complete,
	.on_message_complete = on_message_complete,
	.on_body = on_body,
	.on_chunk_extension_name = on_extension,
	.on_chunk_extension_value = on_extension,
};

static bool execute(struct http_body *body, struct slice bytes, struct seen *seen)
{
	llhttp_errno_t status;

	body->llhttp.data = seen;
	status = llhttp_execute(&body->llhttp, (const char *)bytes.data, bytes.len);
	body->llhttp.data = NULL;
	return status == HPE_OK;
}

static bool same_framing(const struct http_body *body, const struct http_head *head, const struct seen *seen)
{
	if (((seen->flags & F_CHUNKED) != 0) != (head->framing == HTTP_CHUNKED) && !body->headless)
		return false;
	return ((seen->flags & F_CONTENT_LENGTH) != 0) == head->has_length &&
	       (!head->has_length || seen->length == head->length);
}

static bool same_start(const struct http_body *body, const struct http_head *head)
{
	if (body->llhttp.http_major != 1 || body->llhttp.http_minor != head->minor)
		return false;
	if (!body->is_request)
		return body->llhttp.status_code == head->status;
	return slice_equal(head->method, slice_of_string(llhttp_method_name((llhttp_method_t)body->llhttp.method)));
}

bool http_llhttp_agrees(struct http_body *body, const struct http_head *head, struct slice bytes)
{
	struct seen seen = {.body = body};

	llhttp_init(&body->llhttp, body->is_request ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
	return execute(body, bytes, &seen) && seen.head && same_start(body, head) && same_framing(body, head, &seen) &&
	       seen.end == body->done;
}

bool http_llhttp_body(struct http_body *body, struct slice bytes)
{
	struct seen seen = {.body = body};

	return execute(body, bytes, &seen) && seen.end == body->done;
}
