/* SPDX-License-Identifier: Apache-2.0 */
#include "peers.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "list.h"

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage storage = {0};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		memcpy(&storage, &v4, sizeof(v4));
	else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		memcpy(&storage, &v6, sizeof(v6));
	return storage;
}

static void check_text(const char *from, bool shared, const char *want)
{
	struct sockaddr_storage storage = address(from);
	char text[PEER_TEXT_SIZE];

	peer_text(&storage, shared, text);
	CHECK_TEXT(text, want);
}

void peers_texts(void)
{
	check_text("192.0.2.1", false, "192.0.2.1");
	check_text("192.0.2.1", true, "192.0.2.1");
	check_text("2001:db8:1:2:3:4:5:6", false, "2001:db8:1:2:3:4:5:6");
	check_text("2001:db8:1:2:3:4:5:6", true, "2001:db8:1:2::");
	check_text("::ffff:192.0.2.1", true, "192.0.2.1"); /* IPv4 on an IPv6 socket */
}

static struct peer *enter(struct peers *peers, const char *text)
{
	struct sockaddr_storage storage = address(text);

	return peers_enter(peers, &storage);
}

void peers_limits(void)
{
	struct peers *peers = peers_new(4, 2);
	struct peer *a = enter(peers, "2001:db8::1"), *b = enter(peers, "2001:db8::2");

	CHECK(a != NULL && a == b);
	CHECK(enter(peers, "2001:db8::3") == NULL);
	CHECK(enter(peers, "2001:db8:0:1::1") != NULL);
	CHECK(enter(peers, "192.0.2.1") != NULL);
	CHECK(enter(peers, "192.0.2.2") == NULL);
	peers_leave(peers, a);
	CHECK(enter(peers, "192.0.2.2") != NULL);
	peers_leave(peers, b);
	CHECK(enter(peers, "2001:db8::1") != NULL);
	peers_free(peers);
}

static void check_group(const char *from, const char *want)
{
	struct sockaddr_storage storage = address(from);
	char text[PEER_TEXT_SIZE];

	peer_group_text(&storage, text);
	CHECK_TEXT(text, want);
}

/* Whose connection makes place for one of this address; "": nobody's. */
static void check_crowd(struct peers *peers, const char *from, const char *want)
{
	struct sockaddr_storage storage = address(from);
	char group[PEER_TEXT_SIZE] = "";

	CHECK(peers_crowd(peers, &storage, group) == (want[0] != '\0'));
	CHECK_TEXT(group, want);
}

void peers_crowds(void)
{
	struct peers *peers = peers_new(6, 2);
	struct peer *one;

	check_group("192.0.2.77", "192.0.2.0");
	check_group("2001:db8:1:2:3:4:5:6", "2001:db8:1::");
	check_group("::ffff:192.0.2.77", "192.0.2.0");
	CHECK(enter(peers, "2001:db8:1:1::1") != NULL && enter(peers, "2001:db8:1:2::1") != NULL);
	CHECK(enter(peers, "2001:db8:1:3::1") != NULL && enter(peers, "192.0.2.1") != NULL);
	one = enter(peers, "2001:db8:1:4::1");
	check_crowd(peers, "203.0.113.1", ""); /* there is a place */
	CHECK(enter(peers, "192.0.2.2") != NULL);
	check_crowd(peers, "203.0.113.1", "2001:db8:1::");
	check_crowd(peers, "192.0.2.3", "2001:db8:1::");
	check_crowd(peers, "2001:db8:1:5::1", "");
	peers_leave(peers, one);
	CHECK(enter(peers, "192.0.2.3") != NULL);
	check_crowd(peers, "192.0.2.4", ""); /* three and three */
	peers_free(peers);
}

/* Thousands of addresses at once, more than there are buckets. */
void peers_many(void)
{
	enum { N = 10000 };
	struct peers *peers = peers_new(N, 1);
	static struct peer *all[N];
	char text[32];

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < N; i++) {
			(void)snprintf(text, sizeof(text), "10.0.%u.%u", i / 256, i % 256);
			all[i] = enter(peers, text);
			CHECK(all[i] != NULL);
		}
		CHECK(enter(peers, "192.0.2.1") == NULL);
		for (unsigned i = 0; i < N; i++)
			peers_leave(peers, all[(i * 7919) % N]);
	}
	peers_free(peers);
}
