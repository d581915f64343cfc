/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connection.h"
#include "upstream.h"

/* How late a time limit may be noticed. */
enum { TICK_MS = 250 };

static void on_mail(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;

	(void)fd;
	(void)what;
	mailbox_read(loop->mailbox, loop);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	uint64_t time = now();

	(void)fd;
	(void)what;
	connections_check(loop, time);
	upstream_check_pool(loop, time);
	if (loop->draining && time >= loop->drain_until)
		(void)event_base_loopbreak(loop->base);
}

static struct event_base *new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	/* Each base is one thread's. */
	if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0 &&
	    event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE) == 0)
		base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	return base;
}

static bool watch(struct loop *loop)
{
	static const struct timeval tick = {0, TICK_MS * 1000L};

	return event_assign(&loop->mail, loop->base, mailbox_fd(loop->mailbox), EV_READ | EV_PERSIST, on_mail, loop) ==
		       0 &&
	       event_add(&loop->mail, NULL) == 0 &&
	       event_assign(&loop->tick, loop->base, -1, EV_PERSIST, on_tick, loop) == 0 &&
	       event_add(&loop->tick, &tick) == 0;
}

bool loop_open(struct loop *loop, const struct service *service)
{
	memset(loop, 0, sizeof(*loop));
	loop->service = service;
	loop->base = new_base();
	loop->mailbox = mailbox_new();
	if (loop->base != NULL && loop->mailbox != NULL && watch(loop))
		return true;
	mailbox_unref(loop->mailbox);
	if (loop->base != NULL)
		event_base_free(loop->base);
	memset(loop, 0, sizeof(*loop));
	return false;
}

void loop_run(struct loop *loop)
{
	(void)event_base_dispatch(loop->base);
	/* Who is still there has had its time. */
	connections_close_all(loop);
	mailbox_close(loop->mailbox);
}

void loop_emptied(struct loop *loop)
{
	(void)event_base_loopbreak(loop->base);
}

void loop_note_full(struct log_pace *pace)
{
	static const char text[] = "a connection was closed at once: all places, or all of its address, are taken";

	if (log_is_due(pace, text, now()))
		log_line(LOG_LEVEL_NOTICE, "%s", text);
}

struct arrival {
	struct mail mail;
	const struct service *service;
	int fd;
	struct sockaddr_storage address;
	struct peer *peer;
};

/* One that came when all places were taken gets that of an idle connection of this loop, if a group has too many. */
static bool has_place(struct loop *loop, struct arrival *arrival)
{
	struct peers *peers = arrival->service->peers;
	char group[PEER_TEXT_SIZE];

	if (arrival->peer != NULL)
		return true;
	if (peers_crowd(peers, &arrival->address, group))
		connections_make_place(loop, group);
	arrival->peer = peers_enter(peers, &arrival->address);
	if (arrival->peer == NULL)
		loop_note_full(&loop->said_full);
	return arrival->peer != NULL;
}

static void open_arrival(struct mail *mail, void *reader)
{
	struct arrival *arrival = (struct arrival *)mail;
	struct loop *loop = reader;

	if (loop == NULL || loop->draining || !has_place(loop, arrival) ||
	    !connection_open(loop, arrival->fd, &arrival->address, arrival->peer)) {
		(void)close(arrival->fd);
		if (arrival->peer != NULL)
			peers_leave(arrival->service->peers, arrival->peer);
	}
	free(arrival);
}

void loop_give(struct loop *loop, int fd, const struct sockaddr_storage *address, struct peer *peer)
{
	struct arrival *arrival = calloc(1, sizeof(*arrival));

	if (arrival == NULL) {
		(void)close(fd);
		if (peer != NULL)
			peers_leave(loop->service->peers, peer);
		return;
	}
	arrival->mail.open = open_arrival;
	arrival->service = loop->service;
	arrival->fd = fd;
	arrival->address = *address;
	arrival->peer = peer;
	mailbox_post(loop->mailbox, &arrival->mail);
}

struct order_to_drain {
	struct mail mail;
	uint64_t grace_ms;
};

static void open_order(struct mail *mail, void *reader)
{
	struct order_to_drain *order = (struct order_to_drain *)mail;
	struct loop *loop = reader;

	if (loop != NULL) {
		loop->draining = true;
		loop->drain_until = now() + order->grace_ms;
		connections_drain(loop);
		if (loop->connections == NULL)
			loop_emptied(loop);
	}
	free(order);
}

bool loop_drain(struct loop *loop, uint64_t grace_ms)
{
	struct order_to_drain *order = calloc(1, sizeof(*order));

	if (order == NULL)
		return false;
	order->mail.open = open_order;
	order->grace_ms = grace_ms;
	mailbox_post(loop->mailbox, &order->mail);
	return true;
}

void loop_close(struct loop *loop)
{
	if (loop->base == NULL)
		return;
	connections_close_all(loop);
	upstream_close_pool(loop);
	mailbox_close(loop->mailbox);
	(void)event_del(&loop->mail);
	(void)event_del(&loop->tick);
	mailbox_unref(loop->mailbox);
	event_base_free(loop->base);
	memset(loop, 0, sizeof(*loop));
}
