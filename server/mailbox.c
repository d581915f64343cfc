/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
	atomic_uint n_refs;
	pthread_mutex_t lock;
	int fd;
	bool closed;
	struct mail *first, **last;
};

struct mailbox *mailbox_new(void)
{
	struct mailbox *mailbox = calloc(1, sizeof(*mailbox));

	if (mailbox == NULL)
		return NULL;
	mailbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (mailbox->fd < 0) {
		free(mailbox);
		return NULL;
	}
	atomic_init(&mailbox->n_refs, 1);
	(void)pthread_mutex_init(&mailbox->lock, NULL);
	mailbox->last = &mailbox->first;
	return mailbox;
}

struct mailbox *mailbox_ref(struct mailbox *mailbox)
{
	atomic_fetch_add(&mailbox->n_refs, 1);
	return mailbox;
}

void mailbox_unref(struct mailbox *mailbox)
{
	if (mailbox == NULL || atomic_fetch_sub(&mailbox->n_refs, 1) != 1)
		return;
	(void)close(mailbox->fd);
	(void)pthread_mutex_destroy(&mailbox->lock);
	free(mailbox);
}

int mailbox_fd(const struct mailbox *mailbox)
{
	return mailbox->fd;
}

void mailbox_post(struct mailbox *mailbox, struct mail *mail)
{
	static const uint64_t one = 1;
	bool closed;

	mail->next = NULL;
	(void)pthread_mutex_lock(&mailbox->lock);
	closed = mailbox->closed;
	if (!closed) {
		*mailbox->last = mail;
		mailbox->last = &mail->next;
	}
	(void)pthread_mutex_unlock(&mailbox->lock);
	if (closed)
		mail->open(mail, NULL);
	else if (write(mailbox->fd, &one, sizeof(one)) < 0)
		return; /* its counter is full: the reader has been woken already */
}

static struct mail *take_all(struct mailbox *mailbox, bool close_it)
{
	struct mail *all;

	(void)pthread_mutex_lock(&mailbox->lock);
	mailbox->closed = mailbox->closed || close_it;
	all = mailbox->first;
	mailbox->first = NULL;
	mailbox->last = &mailbox->first;
	(void)pthread_mutex_unlock(&mailbox->lock);
	return all;
}

static void open_all(struct mail *mail, void *reader)
{
	while (mail != NULL) {
		struct mail *next = mail->next;

		mail->open(mail, reader);
		mail = next;
	}
}

void mailbox_read(struct mailbox *mailbox, void *reader)
{
	uint64_t count;

	/* Emptied first: what comes after this wakes the reader once more. */
	if (read(mailbox->fd, &count, sizeof(count)) < 0)
		count = 0;
	open_all(take_all(mailbox, false), reader);
}

void mailbox_close(struct mailbox *mailbox)
{
	open_all(take_all(mailbox, true), NULL);
}
