/* SPDX-License-Identifier: Apache-2.0 */
#include "upstream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "connection.h"

static bool is_loopback(const struct addrinfo *info)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (info->ai_family == AF_INET && info->ai_addrlen >= sizeof(v4)) {
		memcpy(&v4, info->ai_addr, sizeof(v4));
		return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
	}
	if (info->ai_family != AF_INET6 || info->ai_addrlen < sizeof(v6))
		return false;
	memcpy(&v6, info->ai_addr, sizeof(v6));
	return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

static attest_status refuse_url(const char *url, const char *message, struct attest_error *error)
{
	error_found(error, "%.100s", url);
	return fail(error, ATTEST_E_USAGE, NULL, "%s", message);
}

/* The host out of "http://HOST:PORT", brackets taken off, and the port. */
static bool split_url(const char *url, char ret_host[256], char ret_port[8])
{
	static const char scheme[] = "http://";
	const char *host = url + sizeof(scheme) - 1, *colon;
	size_t len, port_len;

	if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
		return false;
	colon = strrchr(host, ':');
	len = colon == NULL ? 0 : (size_t)(colon - host);
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	port_len = colon == NULL ? 0 : strspn(colon + 1, "0123456789");
	if (len == 0 || len > 255 || port_len == 0 || port_len > 5 ||
	    (colon[1 + port_len] != '\0' && strcmp(colon + 1 + port_len, "/") != 0))
		return false;
	(void)memcpy(ret_host, host, len);
	ret_host[len] = '\0';
	(void)memcpy(ret_port, colon + 1, port_len);
	ret_port[port_len] = '\0';
	return true;
}

attest_status upstream_address(const char *url, struct sockaddr_storage *ret_address, socklen_t *ret_len,
			       struct attest_error *error)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL, *first = NULL;
	char host[256], port[8];

	if (!split_url(url, host, port))
		return refuse_url(url, "the upstream must be http://HOST:PORT, without a path", error);
	if (getaddrinfo(host, port, &hints, &found) != 0)
		return refuse_url(url, "the upstream's host is not known here", error);
	for (const struct addrinfo *at = found; at != NULL && first == NULL; at = at->ai_next) {
		if (is_loopback(at))
			first = (struct addrinfo *)at;
	}
	if (first != NULL) {
		memset(ret_address, 0, sizeof(*ret_address));
		memcpy(ret_address, first->ai_addr, first->ai_addrlen);
		*ret_len = first->ai_addrlen;
	}
	freeaddrinfo(found);
	return first != NULL
		       ? ATTEST_OK
		       : refuse_url(url,
				    "the upstream must be on this machine (127.0.0.1, ::1, localhost): what goes to it "
				    "is not encrypted",
				    error);
}

static void unlink_pooled(struct upstream *upstream)
{
	struct loop *loop = upstream->loop;

	if (upstream->previous != NULL)
		upstream->previous->next = upstream->next;
	else
		loop->pooled = upstream->next;
	if (upstream->next != NULL)
		upstream->next->previous = upstream->previous;
	upstream->next = upstream->previous = NULL;
	loop->n_pooled--;
}

void upstream_close(struct upstream *upstream)
{
	if (upstream == NULL)
		return;
	if (upstream->owner == NULL)
		unlink_pooled(upstream);
	stream_close(&upstream->stream, false);
	free(upstream);
}

static void happened(evutil_socket_t fd, short what, void *arg)
{
	struct upstream *upstream = arg;

	(void)fd;
	stream_happened(&upstream->stream, what);
	if (upstream->owner != NULL)
		connection_run(upstream->owner);
	else if ((what & (EV_READ | EV_CLOSED)) != 0)
		upstream_close(upstream); /* it ended, or says something that nobody asked for */
}

static struct upstream *begin(struct loop *loop)
{
	const struct service *service = loop->service;
	struct upstream *upstream = calloc(1, sizeof(*upstream));
	int fd = -1;

	if (upstream != NULL)
		fd = socket(service->upstream.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		int result = connect(fd, (const struct sockaddr *)&service->upstream, service->upstream_len);

		upstream->connected = result == 0;
		upstream->loop = loop;
		if ((result == 0 || errno == EINPROGRESS) &&
		    stream_open(&upstream->stream, loop->base, fd, NULL, NULL, happened, upstream))
			return upstream;
		(void)close(fd);
	}
	free(upstream);
	return NULL;
}

/* It was closed, or holds bytes that would be taken for the next answer. There may be no event of that yet, or none
 * more: it came before the last answer was read. */
static bool is_spoilt(const struct upstream *upstream)
{
	uint8_t byte;

	return recv(upstream->stream.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
	       (errno != EAGAIN && errno != EWOULDBLOCK);
}

static struct upstream *take_pooled(struct loop *loop)
{
	while (loop->pooled != NULL) {
		struct upstream *upstream = loop->pooled;

		if (!is_spoilt(upstream)) {
			unlink_pooled(upstream);
			return upstream;
		}
		upstream_close(upstream);
	}
	return NULL;
}

struct upstream *upstream_take(struct loop *loop, struct connection *owner, bool is_new)
{
	struct upstream *upstream = is_new ? NULL : take_pooled(loop);

	if (upstream == NULL)
		upstream = begin(loop);
	if (upstream == NULL)
		return NULL;
	upstream->owner = owner;
	upstream->stream.moved_at = now();
	if (!upstream->reused)
		upstream->since = upstream->stream.moved_at;
	return upstream;
}

enum stream_result upstream_connect(struct upstream *upstream)
{
	int error = 0;
	socklen_t len = sizeof(error);
	struct sockaddr_storage peer;
	socklen_t peer_len = sizeof(peer);

	if (upstream->connected)
		return STREAM_OK;
	if (getsockopt(upstream->stream.fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0)
		return STREAM_FAILED;
	if (getpeername(upstream->stream.fd, (struct sockaddr *)&peer, &peer_len) != 0)
		return errno == ENOTCONN ? STREAM_BLOCKED : STREAM_FAILED;
	upstream->connected = true;
	upstream->stream.moved_at = now();
	return STREAM_OK;
}

void upstream_give_back(struct upstream *upstream)
{
	struct loop *loop = upstream->loop;

	if (upstream->stream.closed || loop->n_pooled >= LIMIT_POOLED || loop->draining) {
		upstream_close(upstream);
		return;
	}
	upstream->owner = NULL;
	upstream->reused = true;
	upstream->since = now();
	upstream->previous = NULL;
	upstream->next = loop->pooled;
	if (loop->pooled != NULL)
		loop->pooled->previous = upstream;
	loop->pooled = upstream;
	loop->n_pooled++;
}

void upstream_check_pool(struct loop *loop, uint64_t time)
{
	struct upstream *next;

	for (struct upstream *upstream = loop->pooled; upstream != NULL; upstream = next) {
		next = upstream->next;
		if (time > upstream->since && time - upstream->since > LIMIT_POOLED_SECONDS * UINT64_C(1000))
			upstream_close(upstream);
	}
}

void upstream_close_pool(struct loop *loop)
{
	while (loop->pooled != NULL)
		upstream_close(loop->pooled);
}
