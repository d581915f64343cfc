/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_llhttp.h - llhttp as the second reader of every message.
 */
#ifndef SERVER_HTTP_LLHTTP_H
#define SERVER_HTTP_LLHTTP_H

#include "http.h"

/* llhttp reads the same method, version, status and framing out of `bytes`, and sees the head end with them. */
bool http_llhttp_agrees(struct http_body *body, const struct http_head *head, struct slice bytes);
/* It takes all of `bytes`, gives the parts of the body on, and sees the message end where body->done says so. */
bool http_llhttp_body(struct http_body *body, struct slice bytes);

#endif
