/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bounds.h - every limit of the server towards clients and the upstream, with its reason.
 */
#ifndef SERVER_BOUNDS_H
#define SERVER_BOUNDS_H

#define LIMIT_CONNECTIONS      4096u /* an idle one takes about 32 KiB, a busy one up to 300 KiB */
#define LIMIT_CONNECTIONS_MOST (1u << 20)
#define LIMIT_ADDRESS_PART     2u          /* one address (IPv6: one /64) has at most this part of them: a half */
#define LIMIT_HEADER_BYTES     (32u << 10) /* start line and fields together; cookies and tokens take some KiB */
#define LIMIT_HEADER_FIELDS    100u        /* browsers send about 20 */
#define LIMIT_CONN_OPTIONS     32u         /* of Connection, in all: each is looked for among all fields */
#define LIMIT_READINGS         4u          /* times that the escapes of a path are undone */
#define LIMIT_TRAILER_BYTES    8192u       /* of an upstream's chunked body; they are dropped */
#define LIMIT_BODY_BYTES       (64u << 20) /* of a request: a prompt with images */
#define LIMIT_BUFFERED         (64u << 10) /* a side that has this much unsent is read from no more */
#define LIMIT_UNTAKEN_BYTES    (64u << 20) /* fresh proofs that clients have not taken yet: a thousand common ones */
#define LIMIT_READ             (16u << 10) /* bytes read at once: a TLS record */
#define LIMIT_ROUNDS           16u         /* reads for one connection before the others have their turn */
#define LIMIT_POOLED           256u        /* idle connections to the upstream that a thread keeps */
#define LIMIT_THREADS          64u
#define LIMIT_QUEUE            65536u /* questions that a quoter can be asked to hold */

#define LIMIT_HEADER_SECONDS   10u  /* for the TLS handshake, and for a whole head from its first byte: slow loris */
#define LIMIT_IDLE_SECONDS     60u  /* between requests */
#define LIMIT_STALL_SECONDS    30u  /* a client that neither takes nor sends what it is to */
#define LIMIT_LINGER_SECONDS   2u   /* for a refused client to read the refusal while it still sends */
#define LIMIT_CONNECT_SECONDS  5u   /* to an upstream on this machine */
#define LIMIT_UPSTREAM_SECONDS 300u /* until its first byte, and between two: a model thinks long */
#define LIMIT_POOLED_SECONDS   4u   /* upstreams commonly close idle connections after 5: be the first */
#define LIMIT_QUESTION_SECONDS 30u  /* who waited longer for a proof has most likely left */
#define LIMIT_STANDING_SECONDS 5u   /* how long the standing proof is served before it is made anew */
#define LIMIT_LOG_SECONDS      10u  /* between two lines that say the same and that clients can cause */
#define LIMIT_RETRY_SECONDS    60u  /* the longest Retry-After */

#endif
