/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies of HTTP/1.x messages: RFC 9112, 6 and 7. */
#include <string.h>

#include "http_llhttp.h"

enum { AT_SIZE, AT_SIZE_LF, IN_DATA, AT_DATA_CR, AT_DATA_LF, AT_LAST, AT_LAST_LF, IN_TRAILER, AT_TRAILER_LF };

enum { SIZE_DIGITS = 16 };

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* chunk-size CRLF and nothing between: extensions have no use here, and are read in more than one way. */
static const char *at_size(struct http_body *body, uint8_t c)
{
	int digit = hex_digit(c);

	if (digit >= 0 && body->digits < SIZE_DIGITS) {
		body->left = body->left << 4 | (uint64_t)digit;
		body->digits++;
		return NULL;
	}
	if (c != '\r' || body->digits == 0)
		return "the size of a chunk is not 1 to 16 hex digits and CR LF";
	body->state = AT_SIZE_LF;
	return NULL;
}

static const char *expect(struct http_body *body, uint8_t c, uint8_t want, int then)
{
	if (c != want)
		return "a chunk does not end with CR LF";
	body->state = then;
	return NULL;
}

static const char *at_last(struct http_body *body, uint8_t c)
{
	if (c != '\r' && body->is_request)
		return "trailers are not taken";
	if (c == '\n')
		return "a trailer does not end with CR LF";
	body->state = c == '\r' ? AT_LAST_LF : IN_TRAILER;
	return NULL;
}

static const char *in_trailer(struct http_body *body, uint8_t c)
{
	if (c == '\n' || c == '\0' || body->trailer == LIMIT_TRAILER_BYTES)
		return "the trailers are malformed or too long";
	body->trailer++;
	if (c == '\r')
		body->state = AT_TRAILER_LF;
	return NULL;
}

static const char too_long[] = "the body is longer than this server takes";

static const char *after_size(struct http_body *body)
{
	body->digits = 0;
	if (body->left > body->room)
		return too_long;
	body->room -= body->left;
	body->state = body->left == 0 ? AT_LAST : IN_DATA;
	return NULL;
}

/* One byte that is not of the data. NULL: it fits. */
static const char *step(struct http_body *body, uint8_t c)
{
	switch (body->state) {
	case AT_SIZE:
		return at_size(body, c);
	case AT_SIZE_LF:
		return c == '\n' ? after_size(body) : "the size of a chunk is not 1 to 16 hex digits and CR LF";
	case AT_DATA_CR:
		return expect(body, c, '\r', AT_DATA_LF);
	case AT_DATA_LF:
		return expect(body, c, '\n', AT_SIZE);
	case AT_LAST:
		return at_last(body, c);
	case AT_LAST_LF:
		body->done = c == '\n';
		return body->done ? NULL : "the last chunk does not end with CR LF";
	case IN_TRAILER:
		return in_trailer(body, c);
	default:
		return expect(body, c, '\n', AT_LAST);
	}
}

static bool refuse(const struct http_body *body, int status, const char *reason, struct http_refusal *ret_refusal)
{
	ret_refusal->status = body->is_request ? status : 502;
	ret_refusal->reason = reason;
	return false;
}

static size_t skip_data(struct http_body *body, size_t most)
{
	size_t n = body->left < most ? (size_t)body->left : most;

	body->left -= n;
	if (body->left == 0)
		body->state = AT_DATA_CR;
	return n;
}

/* How many of `bytes` are of this body, and well framed. */
static bool scan_chunks(struct http_body *body, struct slice bytes, size_t *ret_n, struct http_refusal *ret_refusal)
{
	size_t n = 0;

	while (n < bytes.len && !body->done) {
		const char *wrong = NULL;

		if (body->state == IN_DATA)
			n += skip_data(body, bytes.len - n);
		else
			wrong = step(body, bytes.data[n++]);
		if (wrong != NULL)
			return refuse(body, wrong == too_long ? 413 : 400, wrong, ret_refusal);
	}
	*ret_n = n;
	return true;
}

bool http_read_body(struct http_body *body, struct slice bytes, size_t *ret_used, struct http_refusal *ret_refusal)
{
	size_t n = bytes.len;

	*ret_used = 0;
	if (n == 0 || body->done)
		return true;
	if (body->framing == HTTP_CHUNKED && !scan_chunks(body, bytes, &n, ret_refusal))
		return false;
	if (body->framing == HTTP_LENGTH) {
		n = body->left < n ? (size_t)body->left : n;
		body->left -= n;
		body->done = body->left == 0;
	}
	if (!http_llhttp_body(body, slice_sub(bytes, 0, n)))
		return refuse(body, 400, "the body can be read in more than one way", ret_refusal);
	*ret_used = n;
	return true;
}
