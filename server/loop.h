/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h - one thread of the listener: its event loop, its connections and its idle connections to the upstream.
 */
#ifndef SERVER_LOOP_H
#define SERVER_LOOP_H

#include <netinet/in.h>
#include <stdatomic.h>

#include "log.h"
#include "mailbox.h"
#include "peers.h"
#include "quoter.h"
#include "stream.h"

/* What all loops share; it does not change while they run. */
struct service {
	SSL_CTX *context;
	BIO_METHOD *tls_method;
	struct quoter *quoter;
	struct peers *peers;
	size_t max_header;
	uint64_t max_body;
	uint64_t idle_ms, header_ms, stall_ms, upstream_ms;
	struct sockaddr_storage upstream;
	socklen_t upstream_len; /* 0: there is none */
};

struct loop {
	const struct service *service;
	struct event_base *base;
	struct mailbox *mailbox;
	struct event mail, tick;
	struct connection *connections;
	struct upstream *pooled;
	size_t n_pooled;
	bool draining;
	uint64_t drain_until;
	struct log_pace said_full;
};

/* `loop` must not move from here on. False without memory or descriptors: then nothing is to be closed. */
bool loop_open(struct loop *loop, const struct service *service);
/* Until it was told to drain, and is empty or out of time. */
void loop_run(struct loop *loop);
/* By another thread: take over an accepted socket. `peer` NULL: all places were taken, and it may have that of an idle
 * connection. */
void loop_give(struct loop *loop, int fd, const struct sockaddr_storage *address, struct peer *peer);
/* To the log: there was no place for a connection. */
void loop_note_full(struct log_pace *pace);
/* By another thread: finish what is under way within `grace_ms`, then end. */
bool loop_drain(struct loop *loop, uint64_t grace_ms);
/* By this loop's connections: the last one of a draining loop has gone. */
void loop_emptied(struct loop *loop);
void loop_close(struct loop *loop);

#endif
