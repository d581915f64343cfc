/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange.h - the state of a client's connection, which three files share: connection.c leads it through its phases,
 * relay.c is the phase with the upstream, attestation.c those of our own endpoints.
 */
#ifndef SERVER_EXCHANGE_H
#define SERVER_EXCHANGE_H

#include "connection.h"
#include "forward.h"
#include "upstream.h"
#include "wellknown.h"

enum phase {
	PHASE_HANDSHAKE,
	PHASE_HEAD,    /* idle, or in a request's head */
	PHASE_RELAY,   /* with the upstream */
	PHASE_PROOF,   /* the quoter was asked */
	PHASE_ANSWER,  /* a proof is being sent */
	PHASE_CLOSING, /* the last answer is being sent */
	PHASE_LINGER,  /* all was sent; what still comes is thrown away, so that it makes no reset */
};

/* What became of one step. */
enum progress {
	PROGRESS_MADE,
	PROGRESS_WAITS, /* for an event */
	PROGRESS_GONE,  /* the connection was closed and freed */
};

struct connection {
	struct stream stream;
	struct loop *loop;
	struct connection *next, *previous;
	struct peer *peer;
	char address[PEER_TEXT_SIZE], shared_address[PEER_TEXT_SIZE], group[PEER_TEXT_SIZE];
	enum phase phase;
	uint64_t deadline; /* of handshake, head, proof and lingering */
	size_t scanned;    /* of the head, by http_find_head() */

	/* The request. */
	const char *method; /* for the log; static */
	unsigned minor;
	bool keep_alive, to_head, may_retry, request_done;
	enum http_framing request_framing;
	struct http_body request_body;
	struct buffer request; /* its head as the upstream gets it */

	/* The answer. */
	struct upstream *upstream;
	size_t upstream_scanned;
	bool response_begun, response_done, upstream_keeps;
	enum http_framing response_framing; /* towards the client */
	struct http_body response_body;
	struct ticket *ticket;
	struct quote_text *text;
	size_t text_sent;

	/* For the log. */
	bool is_ours;
	int status;
	uint64_t began_us, n_bytes;
};

/* A refusal ends the connection after it: the bytes that follow cannot be trusted to be a request. */
enum progress exchange_refuse(struct connection *c, int status, const char *reason);
/* The answer is complete in the output buffer: on to the next request, or to the end. */
enum progress exchange_done(struct connection *c);
/* Let go of upstream, quoter and proof. */
void exchange_reset(struct connection *c);
enum progress connection_gone(struct connection *c, bool reset);

enum progress relay_begin(struct connection *c, const struct http_head *head);
enum progress relay_step(struct connection *c);
/* Past a time limit. */
enum progress relay_check(struct connection *c, uint64_t time);

enum progress attestation_begin(struct connection *c, const struct http_head *head, enum route route);
enum progress attestation_step(struct connection *c);
/* While the quoter was asked: past the time that a question may take, be it that the TPM hangs. */
enum progress attestation_check(struct connection *c, uint64_t time);
/* The connection goes away while the quoter still works for it. */
void attestation_forget(struct connection *c);

/* `time` is more than `ms` after `since`. */
bool is_past(uint64_t time, uint64_t since, uint64_t ms);

#endif
