/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue.h - questions that wait for the quoter, in turn for each client: quoter.h says how. Not thread-safe.
 */
#ifndef SERVER_QUEUE_H
#define SERVER_QUEUE_H

#include "quoter.h"

struct waiting {
	struct waiting *next;
	struct quote_question question;
	double asked_at;
};

/* A first-in first-out list. */
struct line {
	struct waiting *first, **last;
	size_t n;
};

void line_init(struct line *line);
void line_push(struct line *line, struct waiting *waiting);
/* NULL: it is empty. */
struct waiting *line_pop(struct line *line);

struct client;
struct group;

/* Zero it, but for the depth, to start. It is freed by taking out all questions. */
struct queue {
	size_t depth, n, n_clients; /* n: questions */
	struct client *first_client;
	struct group *groups;
};

enum queue_result { QUEUE_WAITS, QUEUE_OVER_SHARE, QUEUE_FULL, QUEUE_NO_MEMORY };

/* QUEUE_WAITS: the question is the queue's. *ret_pushed_out, where it was set, is the caller's again. */
enum queue_result queue_push(struct queue *queue, struct waiting *waiting, struct waiting **ret_pushed_out);
/* The oldest question of the client whose turn it is; then it is the next one's. NULL: there is none. */
struct waiting *queue_next(struct queue *queue);

#endif
