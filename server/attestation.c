/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own endpoints. The quoter answers on its own thread: a ticket waits for that in this thread's mailbox, and knows
 * whether the connection is still there.
 */
#include <stdlib.h>
#include <string.h>

#include "exchange.h"

struct ticket {
	struct mail mail;
	struct mailbox *mailbox;
	struct connection *connection; /* only looked at by the loop's thread; NULL: it has gone */
	bool is_standing;
	struct quote_answer answer;
};

/* RFC 9266: the channel binding "tls-exporter", here of this very connection. */
static bool export_session(SSL *ssl, uint8_t ret_exporter[EXPORTER_SIZE])
{
	static const char label[] = "EXPORTER-Channel-Binding";

	return SSL_export_keying_material(ssl, ret_exporter, EXPORTER_SIZE, label, sizeof(label) - 1, NULL, 0, 0) == 1;
}

static enum progress answer_refusal(struct connection *c, int status, const char *reason, unsigned retry_after)
{
	struct http_refusal refusal = {status, reason};

	answer_error(&refusal, retry_after, !c->keep_alive, c->to_head, &c->stream.out);
	c->status = status;
	c->n_bytes = c->stream.out.len;
	return exchange_done(c);
}

static enum progress begin_proof(struct connection *c, struct quote_answer answer, bool is_standing)
{
	/* The standing proof says nothing about now; who keeps it shall ask whether it has changed. */
	struct answer head = {.status = 200, .cache = is_standing ? "no-cache" : "no-store", .closes = !c->keep_alive};

	head.length = quote_text_slice(answer.text).len;
	answer_head(&head, &c->stream.out);
	c->status = 200;
	c->n_bytes = head.length;
	if (c->to_head) {
		quote_text_unref(answer.text);
		return exchange_done(c);
	}
	c->text = answer.text;
	c->text_sent = 0;
	c->phase = PHASE_ANSWER;
	c->stream.moved_at = now();
	return PROGRESS_MADE;
}

static void open_ticket(struct mail *mail, void *reader)
{
	struct ticket *ticket = (struct ticket *)mail;
	struct connection *c = reader == NULL ? NULL : ticket->connection;
	enum progress progress;

	if (c == NULL) {
		quote_text_unref(ticket->answer.text);
	} else {
		c->ticket = NULL;
		progress = ticket->answer.status == 200
				   ? begin_proof(c, ticket->answer, ticket->is_standing)
				   : answer_refusal(c, ticket->answer.status, ticket->answer.reason,
						    ticket->answer.retry_after);
		if (progress == PROGRESS_MADE)
			connection_run(c);
	}
	mailbox_unref(ticket->mailbox);
	free(ticket);
}

/* On any thread. */
static void answered(void *arg, struct quote_answer answer)
{
	struct ticket *ticket = arg;
	struct mailbox *mailbox = mailbox_ref(ticket->mailbox);

	ticket->answer = answer;
	mailbox_post(mailbox, &ticket->mail);
	/* The ticket may be gone by now. */
	mailbox_unref(mailbox);
}

static struct ticket *new_ticket(struct connection *c, bool is_standing)
{
	struct ticket *ticket = calloc(1, sizeof(*ticket));

	if (ticket == NULL)
		return NULL;
	ticket->mail.open = open_ticket;
	ticket->mailbox = mailbox_ref(c->loop->mailbox);
	ticket->connection = c;
	ticket->is_standing = is_standing;
	return ticket;
}

static enum progress ask(struct connection *c, const struct wellknown_ask *ask)
{
	struct quote_question question = {.nonce_len = ask->nonce_len, .has_exporter = ask->binds_session};

	memcpy(question.nonce, ask->nonce, ask->nonce_len);
	memcpy(question.client, c->shared_address, sizeof(question.client));
	memcpy(question.group, c->group, sizeof(question.group));
	if (ask->binds_session && !export_session(c->stream.ssl, question.exporter))
		return answer_refusal(c, 500, "this connection has no exporter value", 0);
	c->ticket = new_ticket(c, ask->nonce_len == 0);
	if (c->ticket == NULL)
		return answer_refusal(c, 503, "out of memory; ask again later", 1);
	question.done = answered;
	question.arg = c->ticket;
	c->phase = PHASE_PROOF;
	c->deadline = now() + (uint64_t)quoter_patience(c->loop->service->quoter) * 1000;
	quoter_ask(c->loop->service->quoter, &question);
	return PROGRESS_MADE;
}

static enum progress health(struct connection *c)
{
	struct quoter_health state;

	quoter_health(c->loop->service->quoter, &state);
	answer_health(&state, !c->keep_alive, c->to_head, &c->stream.out);
	c->status = state.is_well ? 200 : 503;
	c->n_bytes = c->stream.out.len;
	return exchange_done(c);
}

enum progress attestation_begin(struct connection *c, const struct http_head *head, enum route route)
{
	struct http_refusal refusal = {400, ""};
	struct wellknown_ask question;

	if (strcmp(c->method, "GET") != 0 && strcmp(c->method, "HEAD") != 0)
		return exchange_refuse(c, 405, "only GET and HEAD are answered here");
	if (!c->request_done)
		return exchange_refuse(c, 400, "a body has no meaning here");
	if (route == ROUTE_HEALTH)
		return slice_find(head->target, '?') == head->target.len
			       ? health(c)
			       : answer_refusal(c, 400, "there must be no query here", 0);
	if (!wellknown_ask(head->target, &question, &refusal))
		return answer_refusal(c, refusal.status, refusal.reason, 0);
	return ask(c, &question);
}

/* As much of the proof as may wait. */
static void send_more(struct connection *c)
{
	struct slice all = quote_text_slice(c->text);
	struct slice part = slice_sub(all, c->text_sent, LIMIT_BUFFERED);

	if (c->stream.out.len >= LIMIT_BUFFERED)
		return;
	buffer_add(&c->stream.out, part);
	c->text_sent += part.len;
}

enum progress attestation_step(struct connection *c)
{
	size_t before;

	if (c->phase == PHASE_PROOF)
		return c->stream.closed ? connection_gone(c, true) : PROGRESS_WAITS;
	send_more(c);
	if (c->text_sent == quote_text_slice(c->text).len)
		return exchange_done(c);
	before = c->stream.out.len;
	if (stream_flush(&c->stream) == STREAM_FAILED)
		return connection_gone(c, true);
	return c->stream.out.len < before ? PROGRESS_MADE : PROGRESS_WAITS;
}

enum progress attestation_check(struct connection *c, uint64_t time)
{
	if (time < c->deadline)
		return PROGRESS_WAITS;
	attestation_forget(c);
	return answer_refusal(c, 503, "the TPM did not answer in time; ask again later", LIMIT_RETRY_SECONDS);
}

void attestation_forget(struct connection *c)
{
	if (c->ticket != NULL)
		c->ticket->connection = NULL;
	c->ticket = NULL;
}
