/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wellknown.h - /.well-known/attestation: which targets are ours, what is asked there, and the texts of our answers.
 * Pure: no sockets, no TPM.
 */
#ifndef SERVER_WELLKNOWN_H
#define SERVER_WELLKNOWN_H

#include "buffer.h"
#include "http.h"
#include "quoter.h"

#define WELLKNOWN_PATH   "/.well-known/attestation"
#define WELLKNOWN_HEALTH WELLKNOWN_PATH "/health"

enum route { ROUTE_UPSTREAM, ROUTE_PROOF, ROUTE_HEALTH, ROUTE_REFUSED };

/*
 * Where a target goes. Whatever some reading of its path makes equal to ours or to something below it (escapes undone
 * once or more, letter case, empty and dot segments, segment parameters) is either ours to the byte or refused: no
 * answer of the upstream can pass for one of ours.
 */
enum route wellknown_route(struct slice target, struct http_refusal *ret_refusal);

/* What a proof is asked with, from the whole target. */
struct wellknown_ask {
	uint8_t nonce[QUOTE_NONCE_MAX];
	size_t nonce_len; /* 0: the standing proof */
	bool binds_session;
};
bool wellknown_ask(struct slice target, struct wellknown_ask *ret_ask, struct http_refusal *ret_refusal);

struct answer {
	int status;
	const char *cache;    /* Cache-Control */
	unsigned retry_after; /* seconds; 0: no such field */
	bool closes, allows_get;
	size_t length; /* of the body */
};
/* The head of a JSON answer of ours, after which the body follows (not to HEAD). */
void answer_head(const struct answer *answer, struct buffer *out);
/* A whole answer: {"error": {"status": …, "message": …}}. */
void answer_error(const struct http_refusal *refusal, unsigned retry_after, bool closes, bool to_head,
		  struct buffer *out);
void answer_health(const struct quoter_health *health, bool closes, bool to_head, struct buffer *out);
const char *answer_phrase(int status);

#endif
