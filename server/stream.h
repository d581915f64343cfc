/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream.h - a socket that never blocks, bare or with TLS, with what was read and what is to be sent.
 *
 * It is watched edge-triggered for everything at once, so that a request costs no epoll_ctl(): the stream remembers
 * whether reading or writing would block. libevent's own TLS bufferevents were not taken because they write each
 * addition at once, which makes two records and two system calls of a head and its body.
 */
#ifndef SERVER_STREAM_H
#define SERVER_STREAM_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/ssl.h>

#include "buffer.h"

enum stream_result { STREAM_OK, STREAM_BLOCKED, STREAM_END, STREAM_FAILED };

/* It must not move while it is open. */
struct stream {
	int fd;
	SSL *ssl; /* NULL: bare */
	struct event event;
	struct buffer in, out;
	uint64_t moved_at;               /* when bytes last went in or out; of now() */
	bool readable, writable, closed; /* as of the last event; closed: the other side will send no more */
	bool drained;                    /* the last read emptied the socket: an event will tell of more */
	bool lazy;                       /* trust `drained` */
};

/* Milliseconds of a clock that only goes forward; cheap, and some milliseconds late. */
uint64_t now(void);

/* A library-wide BIO method for TLS on streams; NULL without memory. */
BIO_METHOD *stream_bio_method(void);
/* Takes over `fd`, and calls `happened` with `arg` on each event. `context` NULL: without TLS. False: nothing was
 * taken. */
bool stream_open(struct stream *stream, struct event_base *base, int fd, SSL_CTX *context, BIO_METHOD *method,
		 event_callback_fn happened, void *arg);
/* What every event callback does first. */
void stream_happened(struct stream *stream, short what);
enum stream_result stream_handshake(struct stream *stream);
/* Read once, into `in`. `sure`: ask the socket even if the last read seemed to empty it. That is needed inside a
 * message, as an error that came with its last bytes makes no event of its own. */
enum stream_result stream_read(struct stream *stream, bool sure);
/* Send what is in `out`: STREAM_OK if all of it went. */
enum stream_result stream_flush(struct stream *stream);
/* Say in TLS that nothing follows, and close the sending side. */
enum stream_result stream_finish(struct stream *stream);
/* Throw away what comes after stream_finish(). */
enum stream_result stream_discard(struct stream *stream);
/* `reset`: so that the other side cannot take what it has for the whole. */
void stream_close(struct stream *stream, bool reset);

#endif
