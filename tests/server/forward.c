/* SPDX-License-Identifier: Apache-2.0 */
#include "forward.h"

#include "list.h"

static struct http_head head;
static struct http_body body;
static struct http_refusal refusal;

static void check_text(struct buffer *out, const char *want)
{
	buffer_add(out, slice_of("", 1));
	CHECK_TEXT((const char *)buffer_slice(out).data, want);
	buffer_free(out);
}

static void check_response(const char *text, const char *want)
{
	struct buffer out = {0};

	CHECK(http_response_head(slice_of_string(text), false, &head, &body, &refusal));
	forward_response(&head, forward_framing(&head, 1), false, &out);
	check_text(&out, want);
}

/* Every name that is dropped of a request; and its neighbours, which are not. */
void forward_drops(void)
{
	static const char text[] =
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: close, a\r\nConnection: B,c\r\nA: 1\r\nb: 1\r\nC: 1\r\nD: "
		"1\r\n"
		"Keep-Alive: 1\r\nTE: 1\r\nTrailer: 1\r\nUpgrade: 1\r\nHTTP2-Settings: 1\r\nProxy: 1\r\nProxy-X: 1\r\n"
		"proxy_x: 1\r\nProxies: 1\r\nForwarded: 1\r\nX-Forwarded-For: 1\r\nX_FORWARDED-for: 1\r\n"
		"X-Forwarded-Proto: 1\r\nX-Forwarded-Host: 1\r\nX-Forwarded-Port: 1\r\nX-Forwarded-Server: 1\r\n"
		"X-Forwarded-Prefix: 1\r\nX-Forwarded-Ssl: 1\r\nX-Real-Ip: 1\r\nExpect: 100-continue\r\nAlt-Svc: "
		"1\r\nX-Forwarded-: 1\r\nx-forwarded_client-cert: 1\r\nX-Forwarded: 1\r\nX_Client_IP: 1\r\n"
		"X-Original-Url: 1\r\nX-Rewrite-URL: 1\r\ntrue-client-ip: 1\r\nX-Forwardedx: 1\r\n\r\n";
	struct buffer out = {0};

	CHECK(http_request_head(slice_of_string(text), 0, &head, &body, &refusal));
	forward_request(&head, "2001:db8::1", &out);
	check_text(&out, "GET / HTTP/1.1\r\nHost: x\r\nD: 1\r\nProxies: 1\r\nAlt-Svc: 1\r\n"
			 "X-Forwarded: 1\r\nX-Forwardedx: 1\r\nX-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: "
			 "https\r\n\r\n");
}

void forward_frames(void)
{
	check_response("HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 05\r\n\r\n",
		       "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\n\r\n");
	check_response("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nAlt-Svc: x\r\nExpect: z\r\n\r\n",
		       "HTTP/1.1 200 OK\r\nExpect: z\r\nTransfer-Encoding: chunked\r\n\r\n");
	check_response("HTTP/1.1 200 OK\r\nX-Forwarded-Y: z\r\nContent-Length: 5\r\n\r\n",
		       "HTTP/1.1 200 OK\r\nX-Forwarded-Y: z\r\nContent-Length: 5\r\n\r\n");
	check_response("HTTP/1.0 200\r\nServer: x\r\n\r\n",
		       "HTTP/1.1 200 \r\nServer: x\r\nTransfer-Encoding: chunked\r\n\r\n");
	check_response("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n");
	check_response("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
		       "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n");
}

void forward_to_old_clients(void)
{
	struct buffer out = {0};

	CHECK(http_response_head(slice_of_string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), false, &head,
				 &body, &refusal));
	CHECK(forward_framing(&head, 0) == HTTP_UNTIL_CLOSE);
	forward_response(&head, HTTP_UNTIL_CLOSE, true, &out);
	check_text(&out, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

void forward_chunks(void)
{
	struct buffer out = {0};

	forward_chunk(slice_of_string("0123456789"), &out);
	forward_chunk(slice_of_string(""), &out); /* would be the last one */
	forward_last_chunk(&out);
	check_text(&out, "a\r\n0123456789\r\n0\r\n\r\n");
}
