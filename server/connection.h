/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection.h - one client: handshake, requests one after the other, each answered here or by the upstream.
 */
#ifndef SERVER_CONNECTION_H
#define SERVER_CONNECTION_H

#include "loop.h"

/* Takes over the socket and the place of its address; false: took nothing. */
bool connection_open(struct loop *loop, int fd, const struct sockaddr_storage *address, struct peer *peer);
/* Go on as far as possible; the connection may be gone afterwards. */
void connection_run(struct connection *connection);
/* Close those whose time is up. */
void connections_check(struct loop *loop, uint64_t time);
/* Close the connection of this group (peer_group_text) that waits longest for a request, if there is one. */
void connections_make_place(struct loop *loop, const char *group);
/* Let each end after what it is doing. */
void connections_drain(struct loop *loop);
void connections_close_all(struct loop *loop);

#endif
