/* SPDX-License-Identifier: Apache-2.0 */
#include "wellknown.h"

#include <stdio.h>
#include <string.h>

static bool refuse(struct http_refusal *ret_refusal, int status, const char *reason)
{
	ret_refusal->status = status;
	ret_refusal->reason = reason;
	return false;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_escape(struct slice s, size_t at)
{
	return s.len - at >= 3 && s.data[at] == '%' && hex_digit(s.data[at + 1]) >= 0 && hex_digit(s.data[at + 2]) >= 0;
}

/* Undo the escapes once, in place. What is no escape stays. */
static bool unescape(uint8_t *text, size_t *len)
{
	size_t n = 0, at = 0;

	while (at < *len) {
		bool escaped = is_escape(slice_of(text, *len), at);
		int byte = escaped ? hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2]) : text[at];

		text[n++] = (uint8_t)byte;
		at += escaped ? 3 : 1;
	}
	at = *len;
	*len = n;
	return n != at;
}

/* Segment parameters end at the next slash: some servers drop them before they look a path up. */
static struct slice without_parameters(struct slice segment)
{
	return slice_sub(segment, 0, slice_find(segment, ';'));
}

static bool has_bad_characters(struct slice path)
{
	for (size_t i = 0; i < path.len; i++) {
		if (path.data[i] == '\\' || path.data[i] < 0x20 || path.data[i] == 0x7f)
			return true;
	}
	return false;
}

/* The next segment of a path that begins with a slash. */
static struct slice next_segment(struct slice *path)
{
	struct slice rest = slice_sub(*path, 1, path->len);
	size_t slash = slice_find(rest, '/');

	*path = slice_sub(rest, slash, rest.len);
	return slice_sub(rest, 0, slash);
}

static bool climbs(struct slice path)
{
	while (path.len > 0) {
		if (slice_equal(without_parameters(next_segment(&path)), slice_of_string("..")))
			return true;
	}
	return false;
}

/* The path's segments but empty ones and ".", without parameters, begin with ours in any letter case. */
static bool is_below_ours(struct slice path)
{
	static const char *const ours[] = {".well-known", "attestation"};
	size_t n = 0;

	while (path.len > 0 && n < 2) {
		struct slice segment = without_parameters(next_segment(&path));

		if (segment.len == 0 || slice_equal(segment, slice_of_string(".")))
			continue;
		if (!http_name_is(segment, ours[n++]))
			return false;
	}
	return n == 2;
}

static bool escapes_are_whole(struct slice path)
{
	for (size_t i = 0; i < path.len; i++) {
		if (path.data[i] == '%' && !is_escape(path, i))
			return false;
	}
	return true;
}

/* Every reading of the path, escapes undone once more each time, until it changes no more. "%252525…" would change as
 * often as it is long. */
static bool readings(struct slice path, bool *ret_below, struct http_refusal *ret_refusal)
{
	uint8_t text[LIMIT_HEADER_BYTES];
	size_t len = path.len;

	if (len > sizeof(text))
		return refuse(ret_refusal, 414, "the path is too long");
	memcpy(text, path.data, len);
	for (unsigned n = 0; n <= LIMIT_READINGS; n++) {
		struct slice reading = slice_of(text, len);

		if (has_bad_characters(reading))
			return refuse(ret_refusal, 400, "the path has a backslash or a control character");
		if (climbs(reading))
			return refuse(ret_refusal, 400, "the path has a segment \\\"..\\\"");
		*ret_below = *ret_below || is_below_ours(reading);
		if (!unescape(text, &len))
			return true;
	}
	return refuse(ret_refusal, 400, "the path is percent-encoded more than 4 times over");
}

static struct slice path_of(struct slice target)
{
	return slice_sub(target, 0, slice_find(target, '?'));
}

/* Nothing in it that readings() could read otherwise: nearly every path. */
static bool is_plain(struct slice path)
{
	for (size_t i = 0; i < path.len; i++) {
		if (path.data[i] == '%' || path.data[i] == '\\' || path.data[i] == '.' || path.data[i] == ';')
			return false;
	}
	return true;
}

enum route wellknown_route(struct slice target, struct http_refusal *ret_refusal)
{
	struct slice path = path_of(target);
	bool below = false;

	/* Ours has a dot; without one, and without an escape, no reading has. */
	if (is_plain(path))
		return ROUTE_UPSTREAM;
	if (slice_equal(path, slice_of_string(WELLKNOWN_PATH)))
		return ROUTE_PROOF;
	if (slice_equal(path, slice_of_string(WELLKNOWN_HEALTH)))
		return ROUTE_HEALTH;
	if (!escapes_are_whole(path)) {
		(void)refuse(ret_refusal, 400, "the path has a percent sign that no two hex digits follow");
		return ROUTE_REFUSED;
	}
	if (!readings(path, &below, ret_refusal))
		return ROUTE_REFUSED;
	if (!below)
		return ROUTE_UPSTREAM;
	(void)refuse(ret_refusal, 404,
		     "attestation is at " WELLKNOWN_PATH " and " WELLKNOWN_HEALTH ", spelled exactly so");
	return ROUTE_REFUSED;
}

static bool read_nonce(struct slice hex, struct wellknown_ask *ask)
{
	if (hex.len % 2 != 0 || hex.len / 2 < QUOTE_NONCE_MIN || hex.len / 2 > QUOTE_NONCE_MAX)
		return false;
	for (size_t i = 0; i < hex.len; i += 2) {
		int high = hex_digit(hex.data[i]), low = hex_digit(hex.data[i + 1]);

		if (high < 0 || low < 0)
			return false;
		ask->nonce[i / 2] = (uint8_t)(high * 16 + low);
	}
	ask->nonce_len = hex.len / 2;
	return true;
}

static bool read_parameter(struct slice parameter, struct wellknown_ask *ask)
{
	size_t equals = slice_find(parameter, '=');
	struct slice name = slice_sub(parameter, 0, equals);
	struct slice value = slice_sub(parameter, equals < parameter.len ? equals + 1 : equals, parameter.len);

	if (slice_equal(name, slice_of_string("nonce")))
		return ask->nonce_len == 0 && read_nonce(value, ask);
	if (!slice_equal(parameter, slice_of_string("bind=session")) || ask->binds_session)
		return false;
	ask->binds_session = true;
	return true;
}

bool wellknown_ask(struct slice target, struct wellknown_ask *ret_ask, struct http_refusal *ret_refusal)
{
	static const char expected[] = "the query must be nonce=HEX, 8 to 64 bytes in hex, and may add bind=session; "
				       "each at most once, nothing else; or there is no query at all";
	size_t mark = slice_find(target, '?');
	struct slice query = slice_sub(target, mark, target.len);
	struct wellknown_ask ask = {.nonce_len = 0};

	while (query.len > 0) {
		struct slice rest = slice_sub(query, 1, query.len); /* behind "?" or "&" */
		size_t end = slice_find(rest, '&');

		if (!read_parameter(slice_sub(rest, 0, end), &ask))
			return refuse(ret_refusal, 400, expected);
		query = slice_sub(rest, end, rest.len);
	}
	if (ask.binds_session && ask.nonce_len == 0)
		return refuse(ret_refusal, 400, expected);
	*ret_ask = ask;
	return true;
}

const char *answer_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{200, "OK"			     },
		{400, "Bad Request"                    },
		{404, "Not Found"                      },
		{405, "Method Not Allowed"             },
		{408, "Request Timeout"                },
		{413, "Content Too Large"              },
		{414, "URI Too Long"                   },
		{417, "Expectation Failed"             },
		{429, "Too Many Requests"              },
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"          },
		{501, "Not Implemented"                },
		{502, "Bad Gateway"                    },
		{503, "Service Unavailable"            },
		{504, "Gateway Timeout"                },
		{505, "HTTP Version Not Supported"     },
	};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
		if (phrases[i].status == status)
			return phrases[i].phrase;
	}
	return "Unknown";
}

void answer_head(const struct answer *answer, struct buffer *out)
{
	buffer_add_format(out,
			  "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
			  "Cache-Control: %s\r\nX-Content-Type-Options: nosniff\r\n",
			  answer->status, answer_phrase(answer->status), answer->length, answer->cache);
	if (answer->retry_after > 0)
		buffer_add_format(out, "Retry-After: %u\r\n", answer->retry_after);
	if (answer->allows_get)
		buffer_add_text(out, "Allow: GET, HEAD\r\n");
	buffer_add_text(out, answer->closes ? "Connection: close\r\n\r\n" : "\r\n");
}

static void answer_text(struct answer answer, const char *text, int len, size_t size, bool to_head, struct buffer *out)
{
	if (len < 0 || (size_t)len >= size) {
		out->failed = true;
		return;
	}
	answer.length = (size_t)len;
	answer_head(&answer, out);
	if (!to_head)
		buffer_add(out, slice_of(text, (size_t)len));
}

void answer_error(const struct http_refusal *refusal, unsigned retry_after, bool closes, bool to_head,
		  struct buffer *out)
{
	struct answer answer = {.status = refusal->status, .cache = "no-store", .retry_after = retry_after};
	char text[512];
	int len = snprintf(text, sizeof(text), "{\"error\": {\"status\": %d, \"message\": \"%s\"}}\n", refusal->status,
			   refusal->reason);

	answer.closes = closes;
	answer.allows_get = refusal->status == 405;
	answer_text(answer, text, len, sizeof(text), to_head, out);
}

void answer_health(const struct quoter_health *health, bool closes, bool to_head, struct buffer *out)
{
	struct answer answer = {.status = health->is_well ? 200 : 503, .cache = "no-store", .closes = closes};
	char text[512];
	int len = snprintf(
		text, sizeof(text),
		"{\"status\": \"%s\", \"waiting\": %zu, \"depth\": %zu, \"proofs\": %llu, \"failures\": %llu, "
		"\"last_ms\": %.0f}\n",
		health->is_well ? "ok" : "failing", health->waiting, health->depth, (unsigned long long)health->n_made,
		(unsigned long long)health->n_failed, health->last_milliseconds);

	answer_text(answer, text, len, sizeof(text), to_head, out);
}
