/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener.h - HTTP/1.1 over TLS: answers /.well-known/attestation itself, and passes all else to the upstream.
 */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include <openssl/ssl.h>

#include "quoter.h"

struct listener_options {
	const char *address;                          /* "host:port" or "[v6]:port"; port 0: any free one */
	const char *upstream;                         /* "http://host:port" on loopback, or NULL: all else is 404 */
	unsigned threads;                             /* 0: one for each processor */
	size_t max_connections, max_header, max_body; /* bytes; 0: the defaults in bounds.h */
	unsigned idle_seconds, header_seconds;        /* 0: the defaults */
	unsigned stall_seconds, upstream_seconds;     /* 0: the defaults */
	SSL_CTX *context;
	struct quoter *quoter;
};

struct listener;

/* Bind, so that a port below 1024 can be had before privileges are dropped. */
attest_status listener_open(const struct listener_options *options, struct listener **ret_listener,
			    struct attest_error *error);
/* "127.0.0.1:43211": where it listens. Borrowed. */
const char *listener_address(const struct listener *listener);
/* Serve until listener_stop(): then accept no more, finish what is under way for at most `grace` seconds. */
attest_status listener_run(struct listener *listener, unsigned grace, struct attest_error *error);
/* From a signal handler or another thread. */
void listener_stop(struct listener *listener);
void listener_free(struct listener *listener);

#endif
