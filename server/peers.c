/* SPDX-License-Identifier: Apache-2.0 */
#include "peers.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { N_BUCKETS = 4096 };

/* An address, or a group of them, which has no group. */
struct peer {
	struct peer *next, *group;
	char name[PEER_TEXT_SIZE];
	size_t n;
};

struct peers {
	pthread_mutex_t lock;
	size_t max, max_of_address, n;
	struct peer *buckets[N_BUCKETS], *groups[N_BUCKETS];
};

/* The first bytes of an address alone. */
static void text_of(const struct sockaddr_storage *address, size_t keep_v4, size_t keep_v6,
		    char ret_text[PEER_TEXT_SIZE])
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	uint8_t *bytes = (uint8_t *)&v4.sin_addr;

	memset(ret_text, 0, PEER_TEXT_SIZE);
	memcpy(&v4, address, sizeof(v4));
	memcpy(&v6, address, sizeof(v6));
	if (address->ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
		memset(&v6.sin6_addr.s6_addr[keep_v6], 0, 16 - keep_v6);
		(void)inet_ntop(AF_INET6, &v6.sin6_addr, ret_text, PEER_TEXT_SIZE);
		return;
	}
	if (address->ss_family == AF_INET6)
		memcpy(bytes, &v6.sin6_addr.s6_addr[12], 4);
	memset(bytes + keep_v4, 0, 4 - keep_v4);
	(void)inet_ntop(AF_INET, bytes, ret_text, PEER_TEXT_SIZE);
}

void peer_text(const struct sockaddr_storage *address, bool shared, char ret_text[PEER_TEXT_SIZE])
{
	text_of(address, 4, shared ? 8 : 16, ret_text);
}

void peer_group_text(const struct sockaddr_storage *address, char ret_text[PEER_TEXT_SIZE])
{
	text_of(address, 3, 6, ret_text);
}

struct peers *peers_new(size_t max, size_t max_of_address)
{
	struct peers *peers = calloc(1, sizeof(*peers));

	if (peers == NULL)
		return NULL;
	(void)pthread_mutex_init(&peers->lock, NULL);
	peers->max = max;
	peers->max_of_address = max_of_address;
	return peers;
}

static void free_all(struct peer **buckets)
{
	for (size_t i = 0; i < N_BUCKETS; i++) {
		while (buckets[i] != NULL) {
			struct peer *peer = buckets[i];

			buckets[i] = peer->next;
			free(peer);
		}
	}
}

void peers_free(struct peers *peers)
{
	if (peers == NULL)
		return;
	free_all(peers->buckets);
	free_all(peers->groups);
	(void)pthread_mutex_destroy(&peers->lock);
	free(peers);
}

/* FNV-1a. Whoever makes addresses collide needs as many addresses. */
static size_t bucket_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return hash % N_BUCKETS;
}

static struct peer *find(struct peer **buckets, const char *name)
{
	struct peer *peer = buckets[bucket_of(name)];

	while (peer != NULL && strcmp(peer->name, name) != 0)
		peer = peer->next;
	return peer;
}

static struct peer *find_or_add(struct peer **buckets, const char *name)
{
	struct peer **bucket = &buckets[bucket_of(name)], *peer = find(buckets, name);

	if (peer == NULL)
		peer = calloc(1, sizeof(*peer));
	if (peer == NULL || peer->name[0] != '\0')
		return peer;
	memcpy(peer->name, name, sizeof(peer->name));
	peer->next = *bucket;
	*bucket = peer;
	return peer;
}

/* One less; the last one takes it away. */
static void let_go(struct peer **buckets, struct peer *peer)
{
	struct peer **at = &buckets[bucket_of(peer->name)];

	if (--peer->n > 0)
		return;
	while (*at != peer)
		at = &(*at)->next;
	*at = peer->next;
	free(peer);
}

/* Under the lock. */
static struct peer *enter(struct peers *peers, const char *name, const char *group_name)
{
	struct peer *peer = find(peers->buckets, name), *group;

	if (peers->n >= peers->max || (peer != NULL && peer->n >= peers->max_of_address))
		return NULL;
	group = find_or_add(peers->groups, group_name);
	if (group == NULL)
		return NULL;
	group->n++;
	peer = find_or_add(peers->buckets, name);
	if (peer == NULL) {
		let_go(peers->groups, group);
		return NULL;
	}
	peer->group = group;
	peer->n++;
	peers->n++;
	return peer;
}

struct peer *peers_enter(struct peers *peers, const struct sockaddr_storage *address)
{
	char name[PEER_TEXT_SIZE], group[PEER_TEXT_SIZE];
	struct peer *peer;

	peer_text(address, true, name);
	peer_group_text(address, group);
	(void)pthread_mutex_lock(&peers->lock);
	peer = enter(peers, name, group);
	(void)pthread_mutex_unlock(&peers->lock);
	return peer;
}

void peers_leave(struct peers *peers, struct peer *peer)
{
	(void)pthread_mutex_lock(&peers->lock);
	peers->n--;
	let_go(peers->groups, peer->group);
	let_go(peers->buckets, peer);
	(void)pthread_mutex_unlock(&peers->lock);
}

static const struct peer *largest(struct peer *const *buckets)
{
	const struct peer *found = NULL;

	for (size_t i = 0; i < N_BUCKETS; i++) {
		for (const struct peer *peer = buckets[i]; peer != NULL; peer = peer->next) {
			if (found == NULL || peer->n > found->n)
				found = peer;
		}
	}
	return found;
}

bool peers_crowd(struct peers *peers, const struct sockaddr_storage *address, char ret_group[PEER_TEXT_SIZE])
{
	char name[PEER_TEXT_SIZE];
	const struct peer *own, *crowd;
	bool found = false;

	peer_group_text(address, name);
	(void)pthread_mutex_lock(&peers->lock);
	crowd = peers->n < peers->max ? NULL : largest(peers->groups);
	own = find(peers->groups, name);
	if (crowd != NULL && crowd->n >= (own == NULL ? 0 : own->n) + 2) {
		memcpy(ret_group, crowd->name, PEER_TEXT_SIZE);
		found = true;
	}
	(void)pthread_mutex_unlock(&peers->lock);
	return found;
}
