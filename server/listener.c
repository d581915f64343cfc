/* SPDX-License-Identifier: Apache-2.0 */
#include "listener.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bounds.h"
#include "log.h"
#include "loop.h"
#include "upstream.h"

struct listener {
	struct service service;
	struct loop loops[LIMIT_THREADS]; /* the first one is run by listener_run()'s caller, and accepts */
	pthread_t threads[LIMIT_THREADS];
	unsigned n_loops, n_threads, next;
	int fd, stop_fd;
	char address[64 + NI_MAXSERV];
	struct event accepting, stopping, again;
	uint64_t grace_ms;
	struct log_pace said_full, said_paused;
};

/* "HOST:PORT" or "[ADDRESS]:PORT" in two; an empty host means all addresses. */
static bool split_address(const char *text, char ret_host[256], char ret_port[8])
{
	const char *colon = strrchr(text, ':');
	size_t len = colon == NULL ? 0 : (size_t)(colon - text);

	if (colon == NULL || len > 255 || strlen(colon + 1) > 5 || colon[1] == '\0' ||
	    colon[1 + strspn(colon + 1, "0123456789")] != '\0')
		return false;
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	memcpy(ret_host, text, len);
	ret_host[len] = '\0';
	memcpy(ret_port, colon + 1, strlen(colon + 1) + 1);
	return true;
}

static int bind_to(const struct addrinfo *info)
{
	static const int on = 1;
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), why;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	why = errno;
	(void)close(fd);
	errno = why;
	return -1;
}

static bool name_socket(int fd, char *ret_text, size_t size)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);
	char host[64], port[NI_MAXSERV];

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
	    getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return false;
	(void)snprintf(ret_text, size, address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
	return true;
}

static attest_status bind_address(struct listener *listener, const char *text, struct attest_error *error)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
	char host[256], port[8];

	error_found(error, "%.100s", text);
	if (!split_address(text, host, port) || strtol(port, NULL, 10) > 65535)
		return fail(error, ATTEST_E_USAGE, NULL,
			    "the address to listen on must be HOST:PORT or [IPv6 address]:PORT");
	if (getaddrinfo(host[0] == '\0' ? NULL : host, port, &hints, &found) != 0)
		return fail(error, ATTEST_E_USAGE, NULL, "the host to listen on is not known here");
	listener->fd = bind_to(found);
	freeaddrinfo(found);
	if (listener->fd < 0)
		return fail(error, ATTEST_E_IO, NULL, "cannot listen: %s%s", strerror(errno),
			    errno == EADDRINUSE ? "; another server has the port"
			    : errno == EACCES   ? "; ports below 1024 need privileges"
						: "");
	if (!name_socket(listener->fd, listener->address, sizeof(listener->address)))
		return fail(error, ATTEST_E_IO, NULL, "the socket does not tell its address: %s", strerror(errno));
	memset(error->found, 0, sizeof(error->found));
	return ATTEST_OK;
}

/* A client and its connection to the upstream take two descriptors. */
static void raise_descriptors(size_t max_connections)
{
	rlim_t need = (rlim_t)max_connections * 2 + 128;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= need)
		return;
	limit.rlim_cur = limit.rlim_max < need ? limit.rlim_max : need;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < need)
		log_line(
			LOG_LEVEL_NOTICE,
			"only %llu files may be open at once, too few for %zu connections; raise the limit (ulimit -n)",
			(unsigned long long)limit.rlim_cur, max_connections);
}

static uint64_t milliseconds(unsigned seconds, unsigned otherwise)
{
	return (seconds > 0 ? seconds : otherwise) * (uint64_t)1000;
}

static attest_status set_service(struct service *service, const struct listener_options *options,
				 struct attest_error *error)
{
	size_t max = options->max_connections > 0 ? options->max_connections : LIMIT_CONNECTIONS;

	if (max > LIMIT_CONNECTIONS_MOST)
		return fail(error, ATTEST_E_USAGE, NULL, "at most %u connections can be asked for",
			    LIMIT_CONNECTIONS_MOST);
	/* Heads are copied to the stack to be judged: wellknown.c. */
	if (options->max_header > LIMIT_HEADER_BYTES)
		return fail(error, ATTEST_E_USAGE, NULL, "at most %u bytes of head can be asked for",
			    LIMIT_HEADER_BYTES);
	service->context = options->context;
	service->quoter = options->quoter;
	service->max_header = options->max_header > 0 ? options->max_header : LIMIT_HEADER_BYTES;
	service->max_body = options->max_body > 0 ? options->max_body : LIMIT_BODY_BYTES;
	service->idle_ms = milliseconds(options->idle_seconds, LIMIT_IDLE_SECONDS);
	service->header_ms = milliseconds(options->header_seconds, LIMIT_HEADER_SECONDS);
	service->stall_ms = milliseconds(options->stall_seconds, LIMIT_STALL_SECONDS);
	service->upstream_ms = milliseconds(options->upstream_seconds, LIMIT_UPSTREAM_SECONDS);
	service->tls_method = stream_bio_method();
	service->peers = peers_new(max, (max + LIMIT_ADDRESS_PART - 1) / LIMIT_ADDRESS_PART);
	if (service->tls_method == NULL || service->peers == NULL)
		return fail_memory(error);
	raise_descriptors(max);
	if (options->upstream == NULL)
		return ATTEST_OK;
	return upstream_address(options->upstream, &service->upstream, &service->upstream_len, error);
}

static unsigned count_threads(unsigned asked)
{
	long n = asked > 0 ? (long)asked : sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > (long)LIMIT_THREADS ? LIMIT_THREADS : (unsigned)n;
}

static attest_status open_loops(struct listener *listener, unsigned n, struct attest_error *error)
{
	for (unsigned i = 0; i < n; i++) {
		if (!loop_open(&listener->loops[i], &listener->service))
			return fail(error, ATTEST_E_INTERNAL, NULL,
				    "no event loop with edge-triggered epoll can be made");
		listener->n_loops++;
	}
	return ATTEST_OK;
}

attest_status listener_open(const struct listener_options *options, struct listener **ret_listener,
			    struct attest_error *error)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	attest_status status;

	if (listener == NULL)
		return fail_memory(error);
	listener->fd = -1;
	listener->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	status = listener->stop_fd < 0 ? fail(error, ATTEST_E_IO, NULL, "eventfd: %s", strerror(errno))
				       : set_service(&listener->service, options, error);
	if (status == ATTEST_OK)
		status = bind_address(listener, options->address, error);
	if (status == ATTEST_OK)
		status = open_loops(listener, count_threads(options->threads), error);
	if (status != ATTEST_OK) {
		listener_free(listener);
		return status;
	}
	*ret_listener = listener;
	return ATTEST_OK;
}

const char *listener_address(const struct listener *listener)
{
	return listener->address;
}

void listener_stop(struct listener *listener)
{
	static const uint64_t one = 1;
	int kept = errno;

	/* Nothing but write(): a signal handler may be where this runs. */
	if (write(listener->stop_fd, &one, sizeof(one)) < 0)
		errno = kept;
}

/* Out of descriptors: the connection stays in the kernel's queue, and the event would come again at once. */
static void pause_accepting(struct listener *listener)
{
	static const struct timeval pause = {0, 100000};
	const char *why = strerror(errno);

	if (log_is_due(&listener->said_paused, why, now()))
		log_line(LOG_LEVEL_ERROR, "cannot accept connections: %s", why);
	(void)event_del(&listener->accepting);
	(void)event_add(&listener->again, &pause);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct listener *listener = arg;

	(void)fd;
	(void)what;
	if (listener->fd >= 0)
		(void)event_add(&listener->accepting, NULL);
}

/* A TLS handshake to say that there is no place would cost more than the place: it is closed at once. */
static void arrive(struct listener *listener, int fd, const struct sockaddr_storage *address)
{
	struct peer *peer = peers_enter(listener->service.peers, address);
	char group[PEER_TEXT_SIZE];

	if (peer == NULL && !peers_crowd(listener->service.peers, address, group)) {
		loop_note_full(&listener->said_full);
		(void)close(fd);
		return;
	}
	loop_give(&listener->loops[listener->next++ % listener->n_loops], fd, address, peer);
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	enum { AT_ONCE = 64 };
	struct listener *listener = arg;

	(void)what;
	for (unsigned i = 0; i < AT_ONCE; i++) {
		struct sockaddr_storage address = {0};
		socklen_t len = sizeof(address);
		int accepted = accept4(fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (accepted >= 0) {
			arrive(listener, accepted, &address);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_accepting(listener);
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
	struct listener *listener = arg;

	(void)fd;
	(void)what;
	(void)event_del(&listener->accepting);
	(void)event_del(&listener->stopping);
	(void)event_del(&listener->again);
	(void)close(listener->fd);
	listener->fd = -1;
	for (unsigned i = 0; i < listener->n_loops; i++) {
		if (!loop_drain(&listener->loops[i], listener->grace_ms))
			_exit(1); /* without memory for an order there is no graceful stop */
	}
}

static void *run_loop(void *arg)
{
	loop_run(arg);
	return NULL;
}

/* Signals are the first thread's. */
static bool start_threads(struct listener *listener)
{
	sigset_t all, old;
	bool good = true;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	for (unsigned i = 1; good && i < listener->n_loops; i++) {
		good = pthread_create(&listener->threads[listener->n_threads], NULL, run_loop, &listener->loops[i]) ==
		       0;
		listener->n_threads += good ? 1 : 0;
	}
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return good;
}

static bool watch(struct listener *listener)
{
	struct event_base *base = listener->loops[0].base;

	return event_assign(&listener->accepting, base, listener->fd, EV_READ | EV_PERSIST, on_accept, listener) == 0 &&
	       event_assign(&listener->stopping, base, listener->stop_fd, EV_READ | EV_PERSIST, on_stop, listener) ==
		       0 &&
	       event_assign(&listener->again, base, -1, 0, on_again, listener) == 0 &&
	       event_add(&listener->accepting, NULL) == 0 && event_add(&listener->stopping, NULL) == 0;
}

attest_status listener_run(struct listener *listener, unsigned grace, struct attest_error *error)
{
	bool good = watch(listener);

	listener->grace_ms = grace * (uint64_t)1000;
	if (good && !start_threads(listener)) {
		/* Those that run are led out; connections came to none of them yet. */
		good = false;
		listener_stop(listener);
	}
	if (good || listener->n_threads > 0)
		loop_run(&listener->loops[0]);
	for (unsigned i = 0; i < listener->n_threads; i++)
		(void)pthread_join(listener->threads[i], NULL);
	listener->n_threads = 0;
	return good ? ATTEST_OK : fail(error, ATTEST_E_INTERNAL, NULL, "the threads that serve cannot be started");
}

void listener_free(struct listener *listener)
{
	if (listener == NULL)
		return;
	for (unsigned i = 0; i < listener->n_loops; i++)
		loop_close(&listener->loops[i]);
	if (listener->fd >= 0)
		(void)close(listener->fd);
	if (listener->stop_fd >= 0)
		(void)close(listener->stop_fd);
	peers_free(listener->service.peers);
	BIO_meth_free(listener->service.tls_method);
	free(listener);
}
