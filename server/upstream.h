/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upstream.h - connections to the upstream, kept alive in a pool for each loop.
 */
#ifndef SERVER_UPSTREAM_H
#define SERVER_UPSTREAM_H

#include "base/error.h"
#include "loop.h"

struct connection;

struct upstream {
	struct stream stream;
	struct loop *loop;
	struct connection *owner; /* NULL: it is in the pool */
	struct upstream *next, *previous;
	bool connected, reused;
	uint64_t since; /* it began to connect, or went into the pool */
};

/* "http://HOST:PORT" with a host that is this machine, as nothing protects the way to it. */
attest_status upstream_address(const char *url, struct sockaddr_storage *ret_address, socklen_t *ret_len,
			       struct attest_error *error);
/* One from the pool, or a new one that begins to connect, which it always is where `is_new`. NULL: neither can be had.
 */
struct upstream *upstream_take(struct loop *loop, struct connection *owner, bool is_new);
/* Note that a connection came about. STREAM_BLOCKED: not yet. */
enum stream_result upstream_connect(struct upstream *upstream);
/* It is ready for another request: put it into the pool. */
void upstream_give_back(struct upstream *upstream);
void upstream_close(struct upstream *upstream);
void upstream_check_pool(struct loop *loop, uint64_t time);
void upstream_close_pool(struct loop *loop);

#endif
