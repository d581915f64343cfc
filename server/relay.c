/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request to the upstream and its answer back, both at once: bodies go on as they come, and a side that takes no more
 * stops the reading of the other.
 */
#include <string.h>

#include "exchange.h"

static void take_request_part(void *arg, struct slice part)
{
	struct connection *c = arg;

	if (c->request_framing == HTTP_CHUNKED)
		forward_chunk(part, &c->upstream->stream.out);
	else
		buffer_add(&c->upstream->stream.out, part);
}

static void take_response_part(void *arg, struct slice part)
{
	struct connection *c = arg;

	c->n_bytes += part.len;
	if (c->response_framing == HTTP_CHUNKED)
		forward_chunk(part, &c->stream.out);
	else
		buffer_add(&c->stream.out, part);
}

static bool has_room(const struct stream *stream)
{
	return stream->out.len < LIMIT_BUFFERED;
}

static enum progress no_upstream(struct connection *c)
{
	return exchange_refuse(c, 502, "the upstream server takes no connection");
}

enum progress relay_begin(struct connection *c, const struct http_head *head)
{
	if (c->loop->service->upstream_len == 0)
		return exchange_refuse(c, 404, "there is nothing here but " WELLKNOWN_PATH);
	c->upstream = upstream_take(c->loop, c, false);
	if (c->upstream == NULL)
		return no_upstream(c);
	c->phase = PHASE_RELAY;
	buffer_empty(&c->request);
	forward_request(head, c->address, &c->request);
	if (c->request.failed)
		return connection_gone(c, true);
	buffer_add(&c->upstream->stream.out, buffer_slice(&c->request));
	c->request_body.take = take_request_part;
	c->request_body.arg = c;
	if (head->wants_continue)
		buffer_add_text(&c->stream.out, "HTTP/1.1 100 Continue\r\n\r\n");
	return PROGRESS_MADE;
}

/* The answer cannot be had, or not whole. */
static enum progress fail_upstream(struct connection *c, int status, const char *reason)
{
	struct upstream *old = c->upstream;

	/* What was begun must not look whole. */
	if (c->response_begun)
		return connection_gone(c, true);
	/* The upstream closes idle connections when it likes; then no byte of an answer came. */
	if (!old->reused || !c->may_retry || old->stream.in.len > 0 || status != 502)
		return exchange_refuse(c, status, reason);
	c->may_retry = false;
	c->upstream = upstream_take(c->loop, c, true);
	upstream_close(old);
	if (c->upstream == NULL)
		return no_upstream(c);
	buffer_add(&c->upstream->stream.out, buffer_slice(&c->request));
	return PROGRESS_MADE;
}

/* What has come of the request's body goes to the upstream's buffer. */
static enum progress forward_body(struct connection *c)
{
	struct http_refusal refusal = {400, ""};
	size_t used = 0;

	if (!http_read_body(&c->request_body, buffer_slice(&c->stream.in), &used, &refusal))
		return c->response_begun ? connection_gone(c, true)
					 : exchange_refuse(c, refusal.status, refusal.reason);
	buffer_drop(&c->stream.in, used);
	c->request_done = c->request_body.done;
	if (c->request_done && c->request_framing == HTTP_CHUNKED)
		forward_last_chunk(&c->upstream->stream.out);
	return PROGRESS_MADE;
}

static enum progress read_request(struct connection *c)
{
	if (c->request_done || !has_room(&c->upstream->stream))
		return PROGRESS_WAITS;
	if (c->stream.in.len > 0)
		return forward_body(c);
	switch (stream_read(&c->stream, true)) {
	case STREAM_OK:
		return forward_body(c);
	case STREAM_BLOCKED:
		return PROGRESS_WAITS;
	default:
		return connection_gone(c, true);
	}
}

static enum progress begin_response(struct connection *c, size_t len)
{
	struct stream *stream = &c->upstream->stream;
	struct http_refusal refusal = {502, ""};
	struct http_head head;

	if (!http_response_head(slice_sub(buffer_slice(&stream->in), 0, len), c->to_head, &head, &c->response_body,
				&refusal))
		return exchange_refuse(c, 502, refusal.reason);
	if (head.status == 101)
		return exchange_refuse(c, 502, "the upstream server changed protocols, which was not asked for");
	c->upstream_scanned = 0;
	if (head.status < 200) {
		buffer_drop(&stream->in, len);
		return PROGRESS_MADE;
	}
	c->response_begun = true;
	c->response_body.take = take_response_part;
	c->response_body.arg = c;
	c->upstream_keeps = head.keep_alive && head.framing != HTTP_UNTIL_CLOSE;
	c->response_framing = forward_framing(&head, c->minor);
	/* It answers before it has the whole request: the rest of that is not read for another one. */
	if (!c->request_done || c->response_framing == HTTP_UNTIL_CLOSE || c->loop->draining)
		c->keep_alive = false;
	c->status = head.status;
	forward_response(&head, c->response_framing, !c->keep_alive, &c->stream.out);
	buffer_drop(&stream->in, len);
	c->response_done = c->response_body.done;
	return PROGRESS_MADE;
}

static enum progress find_response(struct connection *c)
{
	struct stream *stream = &c->upstream->stream;
	size_t len = 0;

	switch (http_find_head(buffer_slice(&stream->in), &c->upstream_scanned, &len)) {
	case HTTP_HEAD_WHOLE:
		if (len <= c->loop->service->max_header)
			return begin_response(c, len);
		return exchange_refuse(c, 502, "the upstream server's head is too long");
	case HTTP_HEAD_BAD:
		return exchange_refuse(c, 502, "a line of the upstream server's head does not end with CR LF");
	default:
		return stream->in.len <= c->loop->service->max_header
			       ? PROGRESS_WAITS
			       : exchange_refuse(c, 502, "the upstream server's head is too long");
	}
}

/* What has come from the upstream goes to the client's buffer. */
static enum progress forward_answer(struct connection *c)
{
	struct stream *stream = &c->upstream->stream;
	struct http_refusal refusal;
	size_t used = 0;
	enum progress progress = PROGRESS_MADE;

	while (!c->response_begun && progress == PROGRESS_MADE && c->phase == PHASE_RELAY && stream->in.len > 0)
		progress = find_response(c);
	if (progress == PROGRESS_GONE || c->phase != PHASE_RELAY || !c->response_begun || c->response_done)
		return progress;
	if (!http_read_body(&c->response_body, buffer_slice(&stream->in), &used, &refusal))
		return connection_gone(c, true);
	buffer_drop(&stream->in, used);
	c->response_done = c->response_body.done;
	if (c->response_done && c->response_framing == HTTP_CHUNKED)
		forward_last_chunk(&c->stream.out);
	return PROGRESS_MADE;
}

static enum progress flush_upstream(struct connection *c)
{
	struct stream *stream = &c->upstream->stream;
	size_t before = stream->out.len;

	switch (upstream_connect(c->upstream)) {
	case STREAM_OK:
		break;
	case STREAM_BLOCKED:
		return PROGRESS_WAITS;
	default:
		return fail_upstream(c, 502, "the upstream server takes no connection");
	}
	if (before == 0)
		return PROGRESS_WAITS;
	/* An upstream that answers early may take no more; its answer is worth reading still. */
	if (stream_flush(stream) == STREAM_FAILED && !c->response_begun && stream->in.len == 0)
		return stream_read(stream, true) == STREAM_OK
			       ? forward_answer(c)
			       : fail_upstream(c, 502, "the upstream server closed the connection");
	return stream->out.len < before ? PROGRESS_MADE : PROGRESS_WAITS;
}

static enum progress upstream_ended(struct connection *c)
{
	if (!c->response_begun || c->response_body.framing != HTTP_UNTIL_CLOSE)
		return fail_upstream(c, 502, "the upstream server closed the connection without a whole answer");
	c->response_done = true;
	if (c->response_framing == HTTP_CHUNKED)
		forward_last_chunk(&c->stream.out);
	return PROGRESS_MADE;
}

static enum progress read_response(struct connection *c)
{
	struct stream *stream = &c->upstream->stream;
	enum progress progress;

	if (c->response_done || !c->upstream->connected || !has_room(&c->stream))
		return PROGRESS_WAITS;
	switch (stream_read(stream, stream->in.len > 0 || c->response_begun)) {
	case STREAM_OK:
		progress = forward_answer(c);
		/* There may be more where a head is not yet whole. */
		return progress == PROGRESS_WAITS ? PROGRESS_MADE : progress;
	case STREAM_BLOCKED:
		return PROGRESS_WAITS;
	case STREAM_END:
		return upstream_ended(c);
	default:
		return fail_upstream(c, 502, "the upstream server broke the connection");
	}
}

static enum progress finish(struct connection *c)
{
	struct upstream *upstream = c->upstream;

	/* Bytes behind the answer are no answer to the next request. Behind one to HEAD a bad upstream sends a body,
	 * which may still be under way. */
	if (c->upstream_keeps && !c->to_head && c->request_done && upstream->stream.in.len == 0 &&
	    upstream->stream.out.len == 0) {
		c->upstream = NULL;
		upstream_give_back(upstream);
	}
	return exchange_done(c);
}

static enum progress flush_client(struct connection *c)
{
	size_t before = c->stream.out.len;

	if (before == 0)
		return PROGRESS_WAITS;
	if (stream_flush(&c->stream) == STREAM_FAILED)
		return connection_gone(c, true);
	return c->stream.out.len < before ? PROGRESS_MADE : PROGRESS_WAITS;
}

enum progress relay_step(struct connection *c)
{
	static enum progress (*const parts[])(struct connection * c) = {read_request, flush_upstream, read_response,
									flush_client};
	bool moved = false;

	/* Who has gone needs no answer, and a model need not think for it. */
	if (c->stream.closed && c->request_done)
		return connection_gone(c, true);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		enum progress progress = parts[i](c);

		if (progress == PROGRESS_GONE || c->phase != PHASE_RELAY)
			return progress;
		moved = moved || progress == PROGRESS_MADE;
	}
	if (c->upstream->stream.out.failed || c->stream.out.failed)
		return connection_gone(c, true);
	if (c->response_done)
		return finish(c);
	return moved ? PROGRESS_MADE : PROGRESS_WAITS;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

enum progress relay_check(struct connection *c, uint64_t time)
{
	const struct service *service = c->loop->service;
	const struct upstream *upstream = c->upstream;
	uint64_t moved = later(c->stream.moved_at, upstream->stream.moved_at);

	if (!upstream->connected)
		return is_past(time, upstream->since, LIMIT_CONNECT_SECONDS * UINT64_C(1000))
			       ? fail_upstream(c, 504, "the upstream server did not take the connection in time")
			       : PROGRESS_WAITS;
	if (c->stream.out.len > 0)
		return is_past(time, c->stream.moved_at, service->stall_ms) ? connection_gone(c, true) : PROGRESS_WAITS;
	if (!c->request_done && has_room(&upstream->stream)) {
		if (!is_past(time, moved, service->stall_ms))
			return PROGRESS_WAITS;
		return c->response_begun ? connection_gone(c, true)
					 : exchange_refuse(c, 408, "the body of the request did not come in time");
	}
	return is_past(time, moved, service->upstream_ms)
		       ? fail_upstream(c, 504, "the upstream server did not answer in time")
		       : PROGRESS_WAITS;
}
