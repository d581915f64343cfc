/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exchange.h"
#include "log.h"

static uint64_t microseconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

bool is_past(uint64_t time, uint64_t since, uint64_t ms)
{
	return time > since && time - since > ms;
}

void exchange_reset(struct connection *c)
{
	attestation_forget(c);
	if (c->upstream != NULL)
		upstream_close(c->upstream);
	c->upstream = NULL;
	quote_text_unref(c->text);
	c->text = NULL;
}

enum progress connection_gone(struct connection *c, bool reset)
{
	struct loop *loop = c->loop;

	exchange_reset(c);
	if (c->previous != NULL)
		c->previous->next = c->next;
	else
		loop->connections = c->next;
	if (c->next != NULL)
		c->next->previous = c->previous;
	peers_leave(loop->service->peers, c->peer);
	stream_close(&c->stream, reset);
	buffer_free(&c->request);
	free(c);
	if (loop->draining && loop->connections == NULL)
		loop_emptied(loop);
	return PROGRESS_GONE;
}

static void log_request(const struct connection *c)
{
	uint64_t took = microseconds() - c->began_us;

	if (log_level >= LOG_LEVEL_ACCESS)
		log_line(LOG_LEVEL_ACCESS, "%s %s %d %llu bytes %llu.%llu ms", c->method,
			 c->is_ours ? "attestation" : "upstream", c->status, (unsigned long long)c->n_bytes,
			 (unsigned long long)(took / 1000), (unsigned long long)(took % 1000 / 100));
}

static void begin_closing(struct connection *c)
{
	c->phase = PHASE_CLOSING;
	c->stream.moved_at = now();
}

enum progress exchange_refuse(struct connection *c, int status, const char *reason)
{
	struct http_refusal refusal = {status, reason};
	size_t before = c->stream.out.len;

	exchange_reset(c);
	answer_error(&refusal, 0, true, c->to_head, &c->stream.out);
	c->status = status;
	c->n_bytes = c->stream.out.len - before;
	log_request(c);
	begin_closing(c);
	return PROGRESS_MADE;
}

static void wait_for_request(struct connection *c)
{
	c->phase = PHASE_HEAD;
	c->scanned = 0;
	c->deadline = now() + c->loop->service->idle_ms;
	/* A head that came with the last request has its own time. */
	if (c->stream.in.len > 0)
		c->deadline = now() + c->loop->service->header_ms;
	c->to_head = false;
	c->method = "-";
	c->is_ours = false;
	c->n_bytes = 0;
}

enum progress exchange_done(struct connection *c)
{
	log_request(c);
	exchange_reset(c);
	if (c->keep_alive && c->request_done)
		wait_for_request(c);
	else
		begin_closing(c);
	return PROGRESS_MADE;
}

static enum progress handshake(struct connection *c)
{
	switch (stream_handshake(&c->stream)) {
	case STREAM_OK:
		wait_for_request(c);
		return PROGRESS_MADE;
	case STREAM_BLOCKED:
		return PROGRESS_WAITS;
	default:
		return connection_gone(c, false);
	}
}

static const char *method_text(struct slice method)
{
	static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (slice_equal(method, slice_of_string(names[i])))
			return names[i];
	}
	return "-";
}

static bool is_one_of(const char *method, const char *a, const char *b, const char *c)
{
	return strcmp(method, a) == 0 || strcmp(method, b) == 0 || strcmp(method, c) == 0;
}

static void note_request(struct connection *c, const struct http_head *head)
{
	c->method = method_text(head->method);
	c->minor = head->minor;
	c->keep_alive = head->keep_alive && !c->loop->draining;
	c->to_head = strcmp(c->method, "HEAD") == 0;
	c->request_framing = head->framing;
	c->request_done = c->request_body.done;
	/* RFC 9110, 9.2.2: these may be sent again where the connection broke before an answer. */
	c->may_retry = c->request_done && is_one_of(c->method, "GET", "HEAD", "OPTIONS");
	c->response_begun = c->response_done = false;
	c->upstream_scanned = 0;
	c->status = 0;
}

static enum progress begin_request(struct connection *c, size_t head_len)
{
	struct slice bytes = slice_sub(buffer_slice(&c->stream.in), 0, head_len);
	struct http_refusal refusal = {400, ""};
	struct http_head head;
	enum progress progress;
	enum route route;

	c->began_us = microseconds();
	if (!http_request_head(bytes, c->loop->service->max_body, &head, &c->request_body, &refusal))
		return exchange_refuse(c, refusal.status, refusal.reason);
	note_request(c, &head);
	route = wellknown_route(head.target, &refusal);
	c->is_ours = route != ROUTE_UPSTREAM;
	if (route == ROUTE_REFUSED)
		return exchange_refuse(c, refusal.status, refusal.reason);
	progress = route == ROUTE_UPSTREAM ? relay_begin(c, &head) : attestation_begin(c, &head, route);
	/* `head` and `bytes` point into what is dropped here. */
	if (progress != PROGRESS_GONE)
		buffer_drop(&c->stream.in, head_len);
	return progress;
}

/* Idle connections are many, and most stay so for long: their buffers are not kept. */
static enum progress rest(struct connection *c)
{
	if (c->stream.in.len == 0) {
		buffer_free(&c->stream.in);
		buffer_free(&c->stream.out);
		buffer_free(&c->request);
	}
	return PROGRESS_WAITS;
}

static enum progress read_head(struct connection *c)
{
	bool was_empty = c->stream.in.len == 0;

	switch (stream_read(&c->stream, !was_empty)) {
	case STREAM_OK:
		if (was_empty)
			c->deadline = now() + c->loop->service->header_ms;
		return PROGRESS_MADE;
	case STREAM_BLOCKED:
		return rest(c);
	case STREAM_END:
		begin_closing(c);
		return PROGRESS_MADE;
	default:
		return connection_gone(c, false);
	}
}

static enum progress head_step(struct connection *c)
{
	enum http_end end = HTTP_HEAD_MORE;
	size_t len = 0;

	/* One answer at a time: what a client sends ahead waits until it has taken the last one. */
	switch (stream_flush(&c->stream)) {
	case STREAM_OK:
		break;
	case STREAM_BLOCKED:
		return PROGRESS_WAITS;
	default:
		return connection_gone(c, false);
	}
	if (c->loop->draining && c->stream.in.len == 0) {
		begin_closing(c);
		return PROGRESS_MADE;
	}
	if (c->stream.in.len > 0)
		end = http_find_head(buffer_slice(&c->stream.in), &c->scanned, &len);
	if (end == HTTP_HEAD_BAD)
		return exchange_refuse(c, 400,
				       "a line of the head does not end with CR LF, or is empty before the request");
	if (end == HTTP_HEAD_WHOLE && len <= c->loop->service->max_header)
		return begin_request(c, len);
	if (end == HTTP_HEAD_WHOLE || c->stream.in.len > c->loop->service->max_header)
		return exchange_refuse(c, 431, "the head is longer than this server takes");
	return read_head(c);
}

static enum progress closing_step(struct connection *c)
{
	enum stream_result result = stream_flush(&c->stream);

	if (result == STREAM_OK)
		result = stream_finish(&c->stream);
	if (result == STREAM_BLOCKED)
		return PROGRESS_WAITS;
	if (result != STREAM_OK)
		return connection_gone(c, false);
	c->phase = PHASE_LINGER;
	c->deadline = now() + LIMIT_LINGER_SECONDS * UINT64_C(1000);
	return PROGRESS_MADE;
}

static enum progress linger_step(struct connection *c)
{
	switch (stream_discard(&c->stream)) {
	case STREAM_OK:
		return PROGRESS_MADE;
	case STREAM_BLOCKED:
		return PROGRESS_WAITS;
	default:
		return connection_gone(c, false);
	}
}

static enum progress step(struct connection *c)
{
	switch (c->phase) {
	case PHASE_HANDSHAKE:
		return handshake(c);
	case PHASE_HEAD:
		return head_step(c);
	case PHASE_RELAY:
		return relay_step(c);
	case PHASE_PROOF:
	case PHASE_ANSWER:
		return attestation_step(c);
	case PHASE_CLOSING:
		return closing_step(c);
	default:
		return linger_step(c);
	}
}

void connection_run(struct connection *connection)
{
	enum progress progress = PROGRESS_MADE;

	for (unsigned round = 0; progress == PROGRESS_MADE && round < LIMIT_ROUNDS; round++)
		progress = step(connection);
	/* There is more to do, but others wait too: go on after them. */
	if (progress == PROGRESS_MADE)
		event_active(&connection->stream.event, EV_WRITE, 0);
}

static void happened(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)fd;
	stream_happened(&c->stream, what);
	connection_run(c);
}

bool connection_open(struct loop *loop, int fd, const struct sockaddr_storage *address, struct peer *peer)
{
	const struct service *service = loop->service;
	struct connection *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return false;
	if (!stream_open(&c->stream, loop->base, fd, service->context, service->tls_method, happened, c)) {
		free(c);
		return false;
	}
	c->loop = loop;
	c->peer = peer;
	c->method = "-";
	peer_text(address, false, c->address);
	peer_text(address, true, c->shared_address);
	peer_group_text(address, c->group);
	c->phase = PHASE_HANDSHAKE;
	c->deadline = now() + service->header_ms;
	c->next = loop->connections;
	if (c->next != NULL)
		c->next->previous = c;
	loop->connections = c;
	return true;
}

static void check_head(struct connection *c)
{
	if (c->stream.in.len > 0)
		(void)exchange_refuse(c, 408, "the head of the request did not come in time");
	else
		begin_closing(c);
	connection_run(c);
}

static void check(struct connection *c, uint64_t time)
{
	switch (c->phase) {
	case PHASE_HANDSHAKE:
	case PHASE_LINGER:
		if (time >= c->deadline)
			(void)connection_gone(c, false);
		break;
	case PHASE_HEAD:
		if (c->stream.out.len > 0 && is_past(time, c->stream.moved_at, c->loop->service->stall_ms))
			(void)connection_gone(c, true);
		else if (c->stream.out.len == 0 && time >= c->deadline)
			check_head(c);
		break;
	case PHASE_ANSWER:
	case PHASE_CLOSING:
		if (is_past(time, c->stream.moved_at, c->loop->service->stall_ms))
			(void)connection_gone(c, true);
		break;
	case PHASE_RELAY:
		if (relay_check(c, time) == PROGRESS_MADE)
			connection_run(c);
		break;
	default:
		if (attestation_check(c, time) == PROGRESS_MADE)
			connection_run(c);
	}
}

void connections_check(struct loop *loop, uint64_t time)
{
	struct connection *next;

	for (struct connection *c = loop->connections; c != NULL; c = next) {
		next = c->next;
		check(c, time);
	}
}

static bool is_idle(const struct connection *c)
{
	return c->phase == PHASE_HEAD && c->stream.in.len == 0 && c->stream.out.len == 0;
}

void connections_make_place(struct loop *loop, const char *group)
{
	struct connection *longest = NULL;

	for (struct connection *c = loop->connections; c != NULL; c = c->next) {
		if (is_idle(c) && strcmp(c->group, group) == 0 && (longest == NULL || c->deadline <= longest->deadline))
			longest = c;
	}
	if (longest == NULL)
		return;
	(void)stream_finish(&longest->stream);
	(void)connection_gone(longest, false);
}

void connections_drain(struct loop *loop)
{
	struct connection *next;

	for (struct connection *c = loop->connections; c != NULL; c = next) {
		next = c->next;
		c->keep_alive = false;
		if (c->phase == PHASE_HEAD)
			connection_run(c);
	}
}

void connections_close_all(struct loop *loop)
{
	while (loop->connections != NULL)
		(void)connection_gone(loop->connections, true);
}
