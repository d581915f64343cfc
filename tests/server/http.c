/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include "buffer.h"
#include "list.h"

static struct http_head head;
static struct http_body body;
static struct http_refusal refusal;

static int request_status(const char *text)
{
	return http_request_head(slice_of_string(text), 1000, &head, &body, &refusal) ? 0 : refusal.status;
}

static int response_status(const char *text, bool to_head)
{
	return http_response_head(slice_of_string(text), to_head, &head, &body, &refusal) ? 0 : refusal.status;
}

void http_finds_heads(void)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET";
	size_t scanned = 0, len = 0;

	for (size_t i = 0; i < 27; i++)
		CHECK(http_find_head(slice_of(text, i), &scanned, &len) == HTTP_HEAD_MORE);
	CHECK(http_find_head(slice_of(text, sizeof(text) - 1), &scanned, &len) == HTTP_HEAD_WHOLE && len == 27);
	scanned = 0;
	CHECK(http_find_head(slice_of_string("\r\nGET"), &scanned, &len) == HTTP_HEAD_BAD);
	scanned = 0;
	CHECK(http_find_head(slice_of_string("GET /\n"), &scanned, &len) == HTTP_HEAD_BAD);
	scanned = 0;
	CHECK(http_find_head(slice_of_string("\n"), &scanned, &len) == HTTP_HEAD_BAD);
}

void http_reads_requests(void)
{
	CHECK(request_status("POST /a?b HTTP/1.1\r\nHost: x:1\r\nA: \t b c \r\ncontent-length: 007\r\n\r\n") == 0);
	CHECK(slice_equal(head.method, slice_of_string("POST")) && slice_equal(head.target, slice_of_string("/a?b")));
	CHECK(head.n_fields == 3 && slice_equal(head.fields[1].value, slice_of_string("b c")));
	CHECK(head.framing == HTTP_LENGTH && head.length == 7 && head.keep_alive && !body.done);
	CHECK(request_status("GET / HTTP/1.1\r\nHost: x\r\nConnection: a, CLOSE\r\n\r\n") == 0 && !head.keep_alive);
	CHECK(request_status("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") == 0 && !head.keep_alive && body.done);
	CHECK(request_status("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n") == 0);
	CHECK(request_status("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n") == 413);
	CHECK(request_status("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n") == 0 &&
	      head.wants_continue);
	CHECK(request_status("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n") == 0 &&
	      !head.wants_continue);
	CHECK(request_status("PUT / HTTP/1.0\r\nExpect: 200\r\nContent-Length: 1\r\n\r\n") == 0 &&
	      !head.wants_continue);
	CHECK(request_status("GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n") == 0 &&
	      body.done);
}

void http_counts_fields(void)
{
	struct buffer text = {0};

	buffer_add_text(&text, "GET / HTTP/1.1\r\nHost: x\r\n");
	for (unsigned i = 1; i < LIMIT_HEADER_FIELDS; i++)
		buffer_add_text(&text, "A: b\r\n");
	buffer_add_text(&text, "\r\n");
	CHECK(http_request_head(buffer_slice(&text), 0, &head, &body, &refusal) && head.n_fields == 100);
	buffer_free(&text);
}

/* In all fields together; empty ones too, as each costs a look. */
static bool takes_options(unsigned n)
{
	struct buffer text = {0};
	bool taken;

	buffer_add_text(&text, "GET / HTTP/1.1\r\nHost: x\r\nConnection: a\r\nConnection: b");
	for (unsigned i = 1; i < n; i++) /* what follows the last comma is no element */
		buffer_add_text(&text, ",");
	buffer_add_text(&text, "\r\n\r\n");
	taken = http_request_head(buffer_slice(&text), 0, &head, &body, &refusal);
	buffer_free(&text);
	return taken;
}

void http_counts_connection_options(void)
{
	CHECK(takes_options(2));
	CHECK(takes_options(32));
	CHECK(!takes_options(33) && refusal.status == 400);
	CHECK(!takes_options(20000) && refusal.status == 400);
}

/* One request for each reason of a refusal that the corpus of tests/httpd.py cannot part from another. */
void http_refuses_requests(void)
{
	CHECK(request_status("GET / HTTP/1.1\r\nHost: x\r\n") == 400);
	CHECK(request_status("GET / HTTP/1.1\r\nHost: x\r\n\r\nmore") == 400);
	CHECK(request_status("") == 400);
	CHECK(request_status("\r\n") == 400);
	CHECK(request_status("GET / HTTP/1.1\r\n\tHost: x\r\n\r\n") == 400);
	CHECK(request_status("GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n") == 400);
	CHECK(request_status("GET / HTTP/1.0\r\nHost: a/b\r\n\r\n") == 400);
}

static void check_reason(const char *text, const char *reason)
{
	CHECK(request_status(text) == 400);
	CHECK(strstr(refusal.reason, reason) != NULL);
}

/* llhttp refuses these too; the scanner must do so by itself. */
void http_names_reasons(void)
{
	check_reason("GET / HTTP/1.1\r\nHost: x\r\n A: b\r\n\r\n", "begins with white space");
	check_reason("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "both");
	check_reason("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
		     "more than one Content-Length");
	check_reason("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: a\r\n\r\n", "not a number");
	check_reason("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0");
	check_reason("GET / HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n", "control character");
	check_reason("GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n", "name of a header field");
	check_reason("GET / HTTP/1.1\r\nHost: x\r\nA\r\n\r\n", "no colon");
	check_reason("GET /#a HTTP/1.1\r\nHost: x\r\n\r\n", "fragment");
	check_reason("GET x HTTP/1.1\r\nHost: x\r\n\r\n", "slash");
}

void http_reads_responses(void)
{
	CHECK(response_status("HTTP/1.1 200 OK fine\r\nContent-Length: 3\r\n\r\n", false) == 0);
	CHECK(head.status == 200 && slice_equal(head.reason, slice_of_string("OK fine")) && head.length == 3 &&
	      !body.done);
	CHECK(response_status("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true) == 0);
	CHECK(head.framing == HTTP_NO_BODY && head.has_length && head.length == 3 && body.done);
	CHECK(response_status("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true) == 0 && body.done);
	CHECK(response_status("HTTP/1.1 304 \r\nContent-Length: 3\r\n\r\n", false) == 0 && body.done);
	CHECK(response_status("HTTP/1.1 204 No\r\n\r\n", false) == 0 && body.done);
	CHECK(response_status("HTTP/1.1 100 Go\r\n\r\n", false) == 0 && body.done);
	CHECK(response_status("HTTP/1.1 200 OK\r\n\r\n", false) == 0 && head.framing == HTTP_UNTIL_CLOSE && !body.done);
	CHECK(response_status("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false) == 0 && body.done);
	CHECK(response_status("HTTP/1.0 200\r\n\r\n", false) == 0 && !head.keep_alive);
	CHECK(response_status("HTTP/1.1 099 OK\r\n\r\n", false) == 502);
	CHECK(response_status("HTTP/1.1 600 OK\r\n\r\n", false) == 502);
	CHECK(response_status("HTTP/1.1  200 OK\r\n\r\n", false) == 502);
	CHECK(response_status("HTTP/1.1 200OK\r\n\r\n", false) == 502);
	CHECK(response_status("HTTP/1.1 200 O\001K\r\n\r\n", false) == 502);
	CHECK(response_status("HTTP/1.2 200 OK\r\n\r\n", false) == 502);
}

static void take(void *arg, struct slice part)
{
	buffer_add(arg, part);
}

/* Reads `text` in pieces of `step` bytes: the body's bytes, or the status of the refusal. */
static int read_all(const char *start, const char *text, size_t step, struct buffer *to, size_t *ret_used)
{
	size_t len = strlen(text), used = 0;

	*ret_used = 0;
	if (start[0] == 'H' ? response_status(start, false) != 0 : request_status(start) != 0)
		return refusal.status;
	body.take = take;
	body.arg = to;
	for (size_t at = 0; at < len && !body.done; at += used) {
		struct slice part = slice_sub(slice_of_string(text), at, step);
		void *exact = unit_exact(part);
		bool good = http_read_body(&body, slice_of(exact, part.len), &used, &refusal);

		free(exact);
		if (!good)
			return refusal.status;
		*ret_used += used;
	}
	return 0;
}

static void check_body(const char *start, const char *text, const char *want, size_t n_used)
{
	for (size_t step = 1; step <= strlen(text) + 1; step++) {
		struct buffer got = {0};
		size_t used = 0;

		CHECK(read_all(start, text, step, &got, &used) == 0 && body.done);
		CHECK(slice_equal(buffer_slice(&got), slice_of_string(want)) && used == n_used);
		buffer_free(&got);
	}
}

static void check_bad_body(const char *start, const char *text, int status)
{
	for (size_t step = 1; step <= strlen(text) + 1; step++) {
		struct buffer got = {0};
		size_t used = 0;

		CHECK(read_all(start, text, step, &got, &used) == status && !body.done);
		buffer_free(&got);
	}
}

#define CHUNKED_REQUEST  "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
#define CHUNKED_RESPONSE "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

void http_reads_bodies(void)
{
	check_body("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", "helloGET", "hello", 5);
	check_body(CHUNKED_REQUEST, "5\r\nhello\r\n00A\r\n0123456789\r\n0000000000000000\r\n\r\nGET", "hello0123456789",
		   47);
	check_body(CHUNKED_REQUEST, "0\r\n\r\n", "", 5);
	check_body(CHUNKED_RESPONSE, "2\r\nok\r\n0\r\nA: b\r\nC: d\r\n\r\nHTTP", "ok", 24);
}

void http_refuses_bodies(void)
{
	check_bad_body(CHUNKED_REQUEST, "5;a\r\nhello\r\n", 400);
	check_bad_body(CHUNKED_REQUEST, "5\nhello", 400);
	check_bad_body(CHUNKED_REQUEST, "5\r\nhello\nx", 400);
	check_bad_body(CHUNKED_REQUEST, "5\r\nhello\rx", 400);
	check_bad_body(CHUNKED_REQUEST, "\r\n", 400);
	check_bad_body(CHUNKED_REQUEST, "00000000000000001\r\n", 400);
	check_bad_body(CHUNKED_REQUEST, "3e9\r\n", 413);
	check_bad_body(CHUNKED_REQUEST, "1\r\na\r\n3e8\r\n", 413);
	check_bad_body(CHUNKED_REQUEST, "0\r\nA: b\r\n\r\n", 400);
	check_bad_body(CHUNKED_REQUEST, "0\r\n\n", 400);
	check_bad_body(CHUNKED_REQUEST, "0\r\n\rx", 400);
	check_bad_body(CHUNKED_RESPONSE, "5;a\r\nhello\r\n", 502);
	check_bad_body(CHUNKED_RESPONSE, "0\r\nA: b\n\r\n", 502);
	check_bad_body(CHUNKED_RESPONSE, "0\r\nA: b\rC: d\r\n\r\n", 502);
	check_bad_body(CHUNKED_RESPONSE, "0\r\n\n", 502);
}

void http_bounds_trailers(void)
{
	struct buffer text = {0}, got = {0};
	size_t used;

	buffer_add_text(&text, "0\r\nA: ");
	for (unsigned i = 0; i < LIMIT_TRAILER_BYTES; i++)
		buffer_add_text(&text, "b");
	buffer_add(&text, slice_of("\r\n\r\n", 5));
	CHECK(read_all(CHUNKED_RESPONSE, (const char *)buffer_slice(&text).data, 1000, &got, &used) == 502);
	buffer_free(&text);
	buffer_free(&got);
}

void http_splits_lists(void)
{
	struct slice list = slice_of_string("a,\t b ,,c d"), element;

	CHECK(http_list_next(&list, &element) && slice_equal(element, slice_of_string("a")));
	CHECK(http_list_next(&list, &element) && slice_equal(element, slice_of_string("b")));
	CHECK(http_list_next(&list, &element) && element.len == 0);
	CHECK(http_list_next(&list, &element) && slice_equal(element, slice_of_string("c d")));
	CHECK(!http_list_next(&list, &element));
	CHECK(http_name_is(slice_of_string("HoSt"), "host") && !http_name_is(slice_of_string("hos"), "host") &&
	      !http_name_is(slice_of_string("hosts"), "host"));
}
