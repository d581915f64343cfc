/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox.h - what other threads hand to an event loop. Mail that comes when nobody reads any more is still opened,
 * without a reader, so that it can be freed.
 */
#ifndef SERVER_MAILBOX_H
#define SERVER_MAILBOX_H

#include <stdbool.h>

/* The first member of what is sent. */
struct mail {
	struct mail *next;
	void (*open)(struct mail *mail, void *reader); /* takes the mail over; reader NULL: nobody reads */
};

struct mailbox;

/* With one reference; NULL without memory or descriptors. */
struct mailbox *mailbox_new(void);
struct mailbox *mailbox_ref(struct mailbox *mailbox);
void mailbox_unref(struct mailbox *mailbox);
/* Becomes readable when there is mail. */
int mailbox_fd(const struct mailbox *mailbox);
/* From any thread. */
void mailbox_post(struct mailbox *mailbox, struct mail *mail);
/* By the reader: opens all mail. */
void mailbox_read(struct mailbox *mailbox, void *reader);
/* By the reader: it reads no more. */
void mailbox_close(struct mailbox *mailbox);

#endif
