/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quoter.h - the one worker that talks to the TPM once the server serves. TPMs do one thing at a time and quote slowly,
 * so the queue is bounded and fair: clients (by address) take turns. Where the queue is full, the group of addresses
 * with the most waiting loses one to a group that has fewer, and inside a group the client with the most its newest to
 * one that has fewer.
 */
#ifndef SERVER_QUOTER_H
#define SERVER_QUOTER_H

#include <pthread.h>

#include "prover.h"

enum { QUOTE_NONCE_MIN = 8, QUOTE_NONCE_MAX = 64, QUOTE_CLIENT_SIZE = 48 };

struct quoter;

/* A proof, shared by all who are answered with it. */
struct quote_text;
struct slice quote_text_slice(const struct quote_text *text);
void quote_text_unref(struct quote_text *text);

/* What became of a question: an HTTP status (200, 429, 500, 503), and for 200 the proof. */
struct quote_answer {
	int status;
	struct quote_text *text; /* a reference of the receiver's; NULL unless the status is 200 */
	const char *reason;      /* for people, where the status is not 200; static */
	unsigned retry_after;    /* seconds, with 429 and 503 */
};
/* Called once for each question that was taken, on the worker's thread, or on the asker's inside quoter_ask(). */
typedef void (*quote_done)(void *arg, struct quote_answer answer);

struct quote_question {
	uint8_t nonce[QUOTE_NONCE_MAX];
	size_t nonce_len; /* 0: the standing proof, which is made anew at most once in some seconds */
	uint8_t exporter[EXPORTER_SIZE];
	bool has_exporter;
	char client[QUOTE_CLIENT_SIZE]; /* its address, as text */
	char group[QUOTE_CLIENT_SIZE];  /* of addresses */
	quote_done done;
	void *arg;
};

struct quoter_health {
	size_t waiting, depth;     /* questions in the queue, and how many it holds */
	uint64_t n_made, n_failed; /* proofs since the start */
	double last_milliseconds;  /* that the last proof took */
	bool is_well;              /* the last proof was made, and none takes longer than a question may wait */
	char last_error[256];      /* of the last failure; empty where there was none */
};

/* `prover` belongs to the worker from here on, until quoter_stop(). */
attest_status quoter_start(struct prover *prover, size_t depth, struct quoter **ret_quoter, struct attest_error *error);
/* The same with another source of proofs than prover_prove(). */
typedef attest_status (*quoter_prove)(struct prover *prover, const struct prover_ask *ask, char **ret_json,
				      size_t *ret_len, struct attest_error *error);
attest_status quoter_start_with(quoter_prove prove, struct prover *prover, size_t depth, struct quoter **ret_quoter,
				struct attest_error *error);
/* How long a question may wait, LIMIT_QUESTION_SECONDS unless it is set, before the first one is asked. The worker
 * keeps to it between two proofs; while the TPM hangs only the asker can. */
void quoter_set_patience(struct quoter *quoter, unsigned seconds);
unsigned quoter_patience(const struct quoter *quoter);
/* Every question is answered, be it with 429 or 503. Thread-safe. */
void quoter_ask(struct quoter *quoter, const struct quote_question *question);
void quoter_health(struct quoter *quoter, struct quoter_health *ret_health);
/* Answers all that wait with 503, ends the worker and frees the quoter. */
void quoter_stop(struct quoter *quoter);

#endif
