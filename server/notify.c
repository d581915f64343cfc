/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol of sd_notify(3), sd_listen_fds(3) and FileDescriptorStoreMax= in systemd.service(5). */
#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/digest.h"
#include "files.h"

enum { FIRST_FD = 3, KEPT_FDS_MOST = 1024, KEPT_MOST = 64 << 10 };
static const char store_name[] = "attest-tls-key";

DEFINE_DEFER(BIO, BIO_free_all);

/* With a file descriptor, or -1. */
static bool send_state(const char *state, int fd)
{
	union {
		struct cmsghdr header; /* for its alignment */
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path == NULL ? 0 : strlen(path);
	struct iovec part = {(void *)(uintptr_t)state, strlen(state)};
	struct msghdr message = {.msg_name = &address, .msg_iov = &part, .msg_iovlen = 1};
	int to;
	bool sent;

	if (len < 2 || len >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
		return false;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@') /* an abstract name */
		address.sun_path[0] = '\0';
	message.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	to = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (to < 0)
		return false;
	sent = sendmsg(to, &message, MSG_NOSIGNAL) == (ssize_t)part.iov_len;
	(void)close(to);
	return sent;
}

void notify(const char *state)
{
	(void)send_state(state, -1);
}

static attest_status write_identity(const struct identity *identity, int fd, struct attest_error *error)
{
	DEFER(BIO_free_all_deferred) BIO *bio = BIO_new(BIO_s_secmem());
	char *text = NULL;
	long len;

	if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio, identity->key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    PEM_write_bio_X509(bio, identity->certificate) != 1)
		return fail_openssl(error, ATTEST_E_INTERNAL, NULL, "the TLS key cannot be written");
	len = BIO_get_mem_data(bio, &text);
	if (!write_all(fd, slice_of(text, (size_t)len)) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
		return file_fail(error, store_name, "the TLS key cannot be written to memory");
	return ATTEST_OK;
}

attest_status keep_identity(const struct identity *identity, struct attest_error *error)
{
	char state[64];
	int fd = memfd_create(store_name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	attest_status status;

	if (fd < 0)
		return file_fail(error, store_name, "no memory can be had for the TLS key");
	(void)snprintf(state, sizeof(state), "FDSTORE=1\nFDNAME=%s", store_name);
	status = write_identity(identity, fd, error);
	if (status == ATTEST_OK && !send_state(state, fd))
		status = fail(error, ATTEST_E_IO, NULL,
			      "--keep-key needs systemd: NOTIFY_SOCKET names no socket that takes the key");
	(void)close(fd);
	return status;
}

void forget_identity(void)
{
	char state[64];

	(void)snprintf(state, sizeof(state), "FDSTOREREMOVE=1\nFDNAME=%s", store_name);
	notify(state);
}

static attest_status read_identity(struct slice text, struct identity *identity, struct attest_error *error)
{
	DEFER(BIO_free_all_deferred) BIO *in = BIO_new_mem_buf(text.data, (int)text.len);
	DEFER(BIO_free_all_deferred) BIO *out = BIO_new(BIO_s_mem());
	unsigned char *der = NULL;
	char *pem = NULL;
	long pem_len;
	int len;
	attest_status status;

	if (in == NULL || out == NULL)
		return fail_memory(error);
	identity->key = PEM_read_bio_PrivateKey(in, NULL, NULL, (void *)(uintptr_t) "");
	identity->certificate = identity->key == NULL ? NULL : PEM_read_bio_X509(in, NULL, NULL, NULL);
	len = identity->certificate == NULL ? 0 : i2d_PUBKEY(identity->key, &der);
	if (len <= 0 || PEM_write_bio_PUBKEY(out, identity->key) != 1)
		return fail_openssl(error, ATTEST_E_IO, NULL,
				    "what systemd kept is not the TLS key of attest-server; reboot");
	status = digest_sha256(slice_of(der, (size_t)len), identity->spki_sha256, error);
	OPENSSL_free(der);
	pem_len = BIO_get_mem_data(out, &pem);
	identity->public_pem = strndup(pem, (size_t)pem_len);
	return status == ATTEST_OK && identity->public_pem == NULL ? fail_memory(error) : status;
}

/* The descriptor of our name, or -1. */
static int find_kept(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	long n = count == NULL ? 0 : strtol(count, NULL, 10);

	if (pid == NULL || names == NULL || strtol(pid, NULL, 10) != (long)getpid())
		return -1;
	for (int i = 0; i < n && i < KEPT_FDS_MOST; i++) {
		size_t len = strcspn(names, ":");

		if (len == sizeof(store_name) - 1 && strncmp(names, store_name, len) == 0)
			return FIRST_FD + i;
		names += len + (names[len] == ':');
	}
	return -1;
}

attest_status kept_identity(struct identity *ret_identity, bool *ret_kept, struct attest_error *error)
{
	struct arena arena = {NULL};
	struct identity identity = {0};
	struct slice text;
	int fd = find_kept();
	attest_status status;

	if (fd < 0) {
		*ret_kept = false;
		return ATTEST_OK;
	}
	status = file_read_fd(&arena, fd, store_name, KEPT_MOST, &text, error);
	(void)close(fd);
	if (status == ATTEST_OK)
		status = read_identity(text, &identity, error);
	if (status == ATTEST_OK) {
		OPENSSL_cleanse((void *)(uintptr_t)text.data, text.len);
		*ret_identity = identity;
		*ret_kept = true;
	} else {
		identity_clear(&identity);
	}
	arena_free(&arena);
	return status;
}
