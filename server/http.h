/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - HTTP/1.x messages (RFC 9112), read strictly: bytes in, heads and bodies out, no sockets.
 *
 * Every message is read twice, by the scanner here and by llhttp, and both must agree on where it ends and how it is
 * framed: what two readers understand differently is how requests are smuggled. The scanner takes no leniency that the
 * RFC allows: CRLF alone ends a line, there are no folded lines, no chunk extensions, and one framing.
 */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include <llhttp.h>

#include "base/bytes.h"
#include "bounds.h"

/* Why a message is refused: an HTTP status, and a sentence for people without any byte of the message. */
struct http_refusal {
	int status;
	const char *reason;
};

struct http_field {
	struct slice name, value; /* value without white space around it */
};

enum http_framing { HTTP_NO_BODY, HTTP_LENGTH, HTTP_CHUNKED, HTTP_UNTIL_CLOSE };

/* Slices point into the bytes of the head. */
struct http_head {
	struct slice method, target; /* of a request */
	int status;                  /* of a response */
	struct slice reason;
	unsigned minor; /* HTTP/1.minor: 0 or 1 */
	struct http_field fields[LIMIT_HEADER_FIELDS];
	size_t n_fields;
	enum http_framing framing;
	bool has_length; /* Content-Length is there; also where there is no body: HEAD and 304 */
	uint64_t length;
	bool keep_alive; /* the connection outlives this message */
	bool wants_continue;
};

enum http_end { HTTP_HEAD_MORE, HTTP_HEAD_WHOLE, HTTP_HEAD_BAD };

/* Where the head ends that `bytes` begin with. *scanned: zero for a new head, then kept between calls. */
enum http_end http_find_head(struct slice bytes, size_t *scanned, size_t *ret_len);

/* The body of one message. It must not move while it is read. */
struct http_body {
	llhttp_t llhttp;
	enum http_framing framing;
	int state; /* of the scanner of chunks */
	unsigned digits;
	uint64_t left; /* bytes of the body, or of the chunk */
	uint64_t room; /* bytes that a body without a length may still have */
	size_t trailer;
	bool is_request, headless, head_done, done;
	void (*take)(void *arg, struct slice part);
	void *arg;
};

/* `bytes`: a whole head as http_find_head() found it. False: refused. `body` is then ready for what follows. */
bool http_request_head(struct slice bytes, uint64_t max_body, struct http_head *ret_head, struct http_body *ret_body,
		       struct http_refusal *ret_refusal);
/* The answer to a request with the method HEAD, where `to_head`. */
bool http_response_head(struct slice bytes, bool to_head, struct http_head *ret_head, struct http_body *ret_body,
			struct http_refusal *ret_refusal);
/* Takes from the front of `bytes` what belongs to the body, and gives its parts to `take`; body->done: all was read. */
bool http_read_body(struct http_body *body, struct slice bytes, size_t *ret_used, struct http_refusal *ret_refusal);

/* Without regard to case. */
bool http_name_is(struct slice name, const char *lower_case);
/* The next element of a comma-separated list, without white space; false at its end. */
bool http_list_next(struct slice *list, struct slice *ret_element);
/* tchar (RFC 9110, 5.6.2) only, at least one. */
bool http_is_token(struct slice text);

#endif
