/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peers.h - how many connections there are, in all and from each address, so that no single one can take all places.
 */
#ifndef SERVER_PEERS_H
#define SERVER_PEERS_H

#include <sys/socket.h>

#include "base/bytes.h"

enum { PEER_TEXT_SIZE = 48 };

struct peers;
struct peer;

/* NULL without memory. */
struct peers *peers_new(size_t max, size_t max_of_address);
void peers_free(struct peers *peers);
/* One connection more; NULL where there is no place for it. Thread-safe, as is peers_leave(). */
struct peer *peers_enter(struct peers *peers, const struct sockaddr_storage *address);
void peers_leave(struct peers *peers, struct peer *peer);
/*
 * All places are taken: the group (see peer_group_text) with the most connections, from which one more connection of
 * `address` may take a place: it has at least two more than the group of `address`. False where there is none, or a
 * place is free. Thread-safe.
 */
bool peers_crowd(struct peers *peers, const struct sockaddr_storage *address, char ret_group[PEER_TEXT_SIZE]);

/* "192.0.2.1" or "2001:db8::1". `shared`: of IPv6 the first 64 bits, which one customer commonly has whole. */
void peer_text(const struct sockaddr_storage *address, bool shared, char ret_text[PEER_TEXT_SIZE]);
/* "192.0.2.0" or "2001:db8::": the first 24 bits of IPv4, 48 of IPv6. One customer or provider may have all of them. */
void peer_group_text(const struct sockaddr_storage *address, char ret_text[PEER_TEXT_SIZE]);

#endif
