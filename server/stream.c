/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bounds.h"

uint64_t now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK;
}

/* As recv(), but notes whether the socket has more. */
static ssize_t receive(struct stream *stream, void *to, size_t size)
{
	ssize_t n;

	if (!stream->readable || (stream->lazy && stream->drained)) {
		errno = EAGAIN;
		return -1;
	}
	n = recv(stream->fd, to, size, 0);
	if (n < 0 && would_block())
		stream->readable = false;
	stream->drained = n > 0 && (size_t)n < size && !stream->closed;
	return n;
}

static ssize_t transmit(struct stream *stream, const void *bytes, size_t size)
{
	ssize_t n;

	if (!stream->writable) {
		errno = EAGAIN;
		return -1;
	}
	n = send(stream->fd, bytes, size, MSG_NOSIGNAL);
	if (n < 0 && would_block())
		stream->writable = false;
	return n;
}

static int bio_read(BIO *bio, char *to, int size)
{
	ssize_t n = receive(BIO_get_data(bio), to, (size_t)size);

	BIO_clear_retry_flags(bio);
	if (n < 0 && would_block())
		BIO_set_retry_read(bio);
	return (int)n;
}

static int bio_write(BIO *bio, const char *bytes, int size)
{
	ssize_t n = transmit(BIO_get_data(bio), bytes, (size_t)size);

	BIO_clear_retry_flags(bio);
	if (n < 0 && would_block())
		BIO_set_retry_write(bio);
	return (int)n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

BIO_METHOD *stream_bio_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");

	if (method == NULL)
		return NULL;
	if (BIO_meth_set_read(method, bio_read) == 1 && BIO_meth_set_write(method, bio_write) == 1 &&
	    BIO_meth_set_ctrl(method, bio_ctrl) == 1 && BIO_meth_set_create(method, bio_create) == 1)
		return method;
	BIO_meth_free(method);
	return NULL;
}

static bool add_tls(struct stream *stream, SSL_CTX *context, const BIO_METHOD *method)
{
	BIO *bio = BIO_new(method);

	stream->ssl = bio == NULL ? NULL : SSL_new(context);
	if (stream->ssl == NULL) {
		BIO_free(bio);
		return false;
	}
	BIO_set_data(bio, stream);
	SSL_set_bio(stream->ssl, bio, bio);
	/* A record in one read, not its header and then its body. */
	SSL_set_read_ahead(stream->ssl, 1);
	(void)SSL_set_mode(stream->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
						SSL_MODE_RELEASE_BUFFERS);
	SSL_set_accept_state(stream->ssl);
	return true;
}

bool stream_open(struct stream *stream, struct event_base *base, int fd, SSL_CTX *context, BIO_METHOD *method,
		 event_callback_fn happened, void *arg)
{
	static const int on = 1;
	const short all = EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST;

	memset(stream, 0, sizeof(*stream));
	stream->fd = fd;
	stream->moved_at = now();
	stream->readable = stream->writable = true;
	/* Not to be had on a socket that is no TCP: then there is no delay either. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (context != NULL && !add_tls(stream, context, method))
		return false;
	if (event_assign(&stream->event, base, fd, all, happened, arg) == 0 && event_add(&stream->event, NULL) == 0)
		return true;
	SSL_free(stream->ssl);
	return false;
}

void stream_happened(struct stream *stream, short what)
{
	if ((what & EV_WRITE) != 0)
		stream->writable = true;
	if ((what & (EV_READ | EV_CLOSED)) != 0) {
		stream->readable = true;
		stream->drained = false;
	}
	if ((what & EV_CLOSED) != 0)
		stream->closed = true;
}

static enum stream_result result_of(struct stream *stream, int ret)
{
	int error = SSL_get_error(stream->ssl, ret);

	ERR_clear_error();
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return STREAM_BLOCKED;
	return error == SSL_ERROR_ZERO_RETURN ? STREAM_END : STREAM_FAILED;
}

enum stream_result stream_handshake(struct stream *stream)
{
	int ret;

	stream->lazy = false;
	ret = SSL_do_handshake(stream->ssl);
	return ret == 1 ? STREAM_OK : result_of(stream, ret);
}

static enum stream_result read_tls(struct stream *stream, uint8_t *to, size_t *ret_n)
{
	int ret = SSL_read_ex(stream->ssl, to, LIMIT_READ, ret_n);

	return ret == 1 ? STREAM_OK : result_of(stream, ret);
}

static enum stream_result read_bare(struct stream *stream, uint8_t *to, size_t *ret_n)
{
	ssize_t n = receive(stream, to, LIMIT_READ);

	if (n > 0)
		*ret_n = (size_t)n;
	if (n < 0)
		return would_block() ? STREAM_BLOCKED : STREAM_FAILED;
	return n == 0 ? STREAM_END : STREAM_OK;
}

enum stream_result stream_read(struct stream *stream, bool sure)
{
	uint8_t *to = buffer_room(&stream->in, LIMIT_READ);
	enum stream_result result;
	size_t n = 0;

	if (to == NULL)
		return STREAM_FAILED;
	stream->lazy = !sure;
	result = stream->ssl != NULL ? read_tls(stream, to, &n) : read_bare(stream, to, &n);
	if (result != STREAM_OK)
		return result;
	buffer_grew(&stream->in, n);
	stream->moved_at = now();
	return STREAM_OK;
}

static enum stream_result write_some(struct stream *stream, struct slice bytes, size_t *ret_n)
{
	ssize_t n;
	int ret;

	if (stream->ssl != NULL) {
		ret = SSL_write_ex(stream->ssl, bytes.data, bytes.len, ret_n);
		return ret == 1 ? STREAM_OK : result_of(stream, ret);
	}
	n = transmit(stream, bytes.data, bytes.len);
	if (n < 0)
		return would_block() ? STREAM_BLOCKED : STREAM_FAILED;
	*ret_n = (size_t)n;
	return STREAM_OK;
}

enum stream_result stream_flush(struct stream *stream)
{
	while (stream->out.len > 0 && !stream->out.failed) {
		size_t n = 0;
		enum stream_result result = write_some(stream, buffer_slice(&stream->out), &n);

		if (result != STREAM_OK)
			return result == STREAM_END ? STREAM_FAILED : result;
		buffer_drop(&stream->out, n);
		stream->moved_at = now();
	}
	return stream->out.failed ? STREAM_FAILED : STREAM_OK;
}

enum stream_result stream_finish(struct stream *stream)
{
	int ret = stream->ssl == NULL ? 1 : SSL_shutdown(stream->ssl);

	if (ret < 0 && result_of(stream, ret) == STREAM_BLOCKED && !stream->writable)
		return STREAM_BLOCKED;
	return shutdown(stream->fd, SHUT_WR) == 0 ? STREAM_OK : STREAM_FAILED;
}

enum stream_result stream_discard(struct stream *stream)
{
	uint8_t scrap[LIMIT_READ];
	ssize_t n;

	stream->lazy = false;
	n = receive(stream, scrap, sizeof(scrap));
	if (n < 0)
		return would_block() ? STREAM_BLOCKED : STREAM_FAILED;
	return n == 0 ? STREAM_END : STREAM_OK;
}

void stream_close(struct stream *stream, bool reset)
{
	static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	(void)event_del(&stream->event);
	if (reset)
		(void)setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	SSL_free(stream->ssl);
	(void)close(stream->fd);
	buffer_free(&stream->in);
	buffer_free(&stream->out);
	memset(stream, 0, sizeof(*stream));
	stream->fd = -1;
}
