/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server reads of HTTP: heads, framing, bodies, targets; and what it makes of them for the other side. The
 * first byte says what the rest is: even a request, odd a response, to HEAD where its second bit is set.
 *
 * What is accepted is read the same in one piece and byte by byte, and what is made of it is accepted again, framed the
 * same. No target that goes to the upstream is ours in a reading of a second, simpler reader.
 */
#include "forward.h"
#include "fuzz.h"
#include "wellknown.h"

enum { MAX_BODY = 4096 };

static struct http_head head, again;
static struct http_body body;

static void check_refusal(const struct http_refusal *refusal)
{
	REQUIRE(refusal->status >= 400 && refusal->status <= 505);
	REQUIRE(refusal->reason != NULL && refusal->reason[0] != '\0');
	REQUIRE(strcmp(answer_phrase(refusal->status), "Unknown") != 0);
}

static struct slice copy(struct slice s)
{
	uint8_t *data = malloc(s.len + 1);

	REQUIRE(data != NULL);
	if (s.len > 0)
		memcpy(data, s.data, s.len);
	return slice_of(data, s.len);
}

/* The head that `bytes` begin with, looked for byte by byte and at once. */
static size_t find_head(struct slice bytes)
{
	size_t scanned = 0, len = 0, same = 0;
	enum http_end end = HTTP_HEAD_MORE, whole;

	for (size_t n = 0; n <= bytes.len && end == HTTP_HEAD_MORE; n++)
		end = http_find_head(slice_sub(bytes, 0, n), &scanned, &len);
	scanned = 0;
	whole = http_find_head(bytes, &scanned, &same);
	REQUIRE(whole == end && same == len && len <= bytes.len);
	return end == HTTP_HEAD_WHOLE ? len : 0;
}

static void take(void *arg, struct slice part)
{
	buffer_add(arg, part);
}

/* How many bytes belong to the body; SIZE_MAX: it is refused. */
static size_t read_body(struct http_body start, struct slice bytes, size_t step, struct buffer *to)
{
	static struct http_body at; /* llhttp's state points into it */
	struct http_refusal refusal = {0};
	size_t used = 0, n = 0;

	at = start;
	at.take = take;
	at.arg = to;
	for (; n < bytes.len && !at.done; n += used) {
		struct slice part = copy(slice_sub(bytes, n, step));
		bool good = http_read_body(&at, part, &used, &refusal);

		free((void *)part.data);
		if (!good) {
			check_refusal(&refusal);
			return SIZE_MAX;
		}
		REQUIRE(used > 0);
	}
	return at.done ? n : bytes.len + 1;
}

static void check_body(struct slice bytes)
{
	struct buffer once = {0}, bytewise = {0};
	size_t n = read_body(body, bytes, bytes.len, &once), same = read_body(body, bytes, 1, &bytewise);

	REQUIRE(n == same);
	if (n != SIZE_MAX)
		REQUIRE(slice_equal(buffer_slice(&once), buffer_slice(&bytewise)));
	if (body.is_request && n != SIZE_MAX)
		REQUIRE(once.len <= MAX_BODY);
	buffer_free(&once);
	buffer_free(&bytewise);
}

static bool has_field(const struct http_head *of, const char *name)
{
	for (size_t i = 0; i < of->n_fields; i++) {
		if (http_name_is(of->fields[i].name, name))
			return true;
	}
	return false;
}

static void check_request(const struct buffer *out)
{
	static const char *const gone[] = {"connection", "te",     "upgrade",    "http2-settings", "trailer",
					   "proxy",      "expect", "keep-alive", "x-real-ip",      "forwarded"};
	struct http_refusal refusal = {0};
	struct slice bytes = buffer_slice(out);

	/* Two fields more than came may be too many for ourselves. */
	if (head.n_fields + 2 > LIMIT_HEADER_FIELDS || head.minor == 0)
		return;
	REQUIRE(find_head(bytes) == bytes.len);
	REQUIRE(http_request_head(bytes, MAX_BODY, &again, &body, &refusal));
	REQUIRE(slice_equal(again.target, head.target) && slice_equal(again.method, head.method));
	REQUIRE(again.framing == head.framing && again.length == head.length && again.has_length == head.has_length);
	REQUIRE(again.keep_alive && !again.wants_continue);
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		REQUIRE(!has_field(&again, gone[i]));
}

/* Unescape once, drop what is between ";" and "/", and compare without regard to case: less than the server does. */
static void check_foreign(struct slice target)
{
	static const char ours[] = WELLKNOWN_PATH;
	char path[sizeof(ours) + 1] = "";
	size_t n = 0;

	for (size_t i = 0; i < target.len && target.data[i] != '?' && n + 1 < sizeof(path); i++) {
		unsigned c = target.data[i];

		if (c == '%' && i + 2 < target.len) {
			char hex[3] = {(char)target.data[i + 1], (char)target.data[i + 2], '\0'};

			c = (unsigned)strtoul(hex, NULL, 16);
			i += 2;
		}
		if (c != '/' || n == 0 || path[n - 1] != '/')
			path[n++] = (char)c;
	}
	REQUIRE(strncasecmp(path, ours, sizeof(ours) - 1) != 0 ||
		(path[sizeof(ours) - 1] != '\0' && path[sizeof(ours) - 1] != '/'));
}

static void check_target(void)
{
	struct http_refusal refusal = {0};
	struct wellknown_ask ask;
	enum route route = wellknown_route(head.target, &refusal);

	if (route == ROUTE_REFUSED)
		check_refusal(&refusal);
	if (route == ROUTE_UPSTREAM)
		check_foreign(head.target);
	if (route != ROUTE_PROOF)
		return;
	if (wellknown_ask(head.target, &ask, &refusal))
		REQUIRE(ask.nonce_len == 0 ? !ask.binds_session
					   : ask.nonce_len >= QUOTE_NONCE_MIN && ask.nonce_len <= QUOTE_NONCE_MAX);
	else
		check_refusal(&refusal);
}

static void read_request(struct slice bytes)
{
	struct http_refusal refusal = {0};
	struct buffer out = {0};
	size_t len = find_head(bytes);

	if (len == 0)
		return;
	if (!http_request_head(slice_sub(bytes, 0, len), MAX_BODY, &head, &body, &refusal)) {
		check_refusal(&refusal);
		return;
	}
	check_target();
	check_body(slice_sub(bytes, len, bytes.len));
	forward_request(&head, "192.0.2.1", &out);
	REQUIRE(!out.failed);
	check_request(&out);
	buffer_free(&out);
}

static void check_response(const struct buffer *out, enum http_framing framing, bool to_head)
{
	struct http_refusal refusal = {0};
	struct slice bytes = buffer_slice(out);

	if (head.n_fields + 2 > LIMIT_HEADER_FIELDS)
		return;
	REQUIRE(find_head(bytes) == bytes.len);
	REQUIRE(http_response_head(bytes, to_head, &again, &body, &refusal));
	REQUIRE(again.status == head.status && again.framing == framing && again.keep_alive);
	REQUIRE(head.status == 204 || (again.length == head.length && again.has_length == head.has_length));
	REQUIRE(!has_field(&again, "connection") && !has_field(&again, "upgrade") && !has_field(&again, "alt-svc"));
}

static void read_response(struct slice bytes, bool to_head)
{
	struct http_refusal refusal = {0};
	struct buffer out = {0};
	enum http_framing framing;
	size_t len = find_head(bytes);

	if (len == 0)
		return;
	if (!http_response_head(slice_sub(bytes, 0, len), to_head, &head, &body, &refusal)) {
		REQUIRE(refusal.status == 502);
		return;
	}
	check_body(slice_sub(bytes, len, bytes.len));
	framing = forward_framing(&head, 1);
	forward_response(&head, framing, false, &out);
	REQUIRE(!out.failed);
	check_response(&out, framing, to_head);
	buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes;

	if (size == 0)
		return 0;
	bytes = copy(slice_of(data + 1, size - 1));
	if ((data[0] & 1) == 0)
		read_request(bytes);
	else
		read_response(bytes, (data[0] & 2) != 0);
	free((void *)bytes.data);
	return 0;
}
