/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forward.h - messages rendered anew on their way through: what was read is never passed on as bytes, so that framing
 * is always ours.
 */
#ifndef SERVER_FORWARD_H
#define SERVER_FORWARD_H

#include "buffer.h"
#include "http.h"

/* For the upstream, on a connection that is kept. `client`: its address, for X-Forwarded-For. */
void forward_request(const struct http_head *head, const char *client, struct buffer *out);
/* How the body goes to the client: chunked where its length is not known, until the end of the connection to a client
 * of HTTP/1.0. */
enum http_framing forward_framing(const struct http_head *response, unsigned client_minor);
void forward_response(const struct http_head *head, enum http_framing framing, bool closes, struct buffer *out);
void forward_chunk(struct slice part, struct buffer *out);
void forward_last_chunk(struct buffer *out);

#endif
