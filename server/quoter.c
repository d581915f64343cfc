/* SPDX-License-Identifier: Apache-2.0 */
#include "quoter.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bounds.h"
#include "log.h"
#include "queue.h"

/* Bytes of all fresh proofs that there are. Of the process: a proof may outlive its quoter. */
static atomic_size_t n_outstanding;

struct quote_text {
	atomic_uint n_refs;
	bool is_fresh;
	char *json;
	size_t len;
};

struct quoter {
	quoter_prove prove;
	struct prover *prover;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct queue queue;
	struct line standing; /* who wait for the standing proof */
	struct quote_text *standing_text;
	double standing_at, average_ms, began_at; /* began_at: the proof that is being made; 0: none */
	unsigned patience;
	bool stops, standing_was_last;
	struct log_pace said; /* the worker's */
	struct quoter_health health;
};

/* Before a proof was made: what a slow TPM takes. */
static const double first_guess_ms = 1000;

static double seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct slice quote_text_slice(const struct quote_text *text)
{
	return slice_of(text->json, text->len);
}

static struct quote_text *text_ref(struct quote_text *text)
{
	atomic_fetch_add(&text->n_refs, 1);
	return text;
}

void quote_text_unref(struct quote_text *text)
{
	if (text == NULL || atomic_fetch_sub(&text->n_refs, 1) != 1)
		return;
	if (text->is_fresh)
		atomic_fetch_sub(&n_outstanding, text->len);
	free(text->json);
	free(text);
}

/* Outside the lock: the receiver may do what it likes. */
static void answer(struct waiting *waiting, struct quote_answer answer)
{
	waiting->question.done(waiting->question.arg, answer);
	free(waiting);
}

static struct quote_answer refusal(int status, const char *reason, unsigned retry_after)
{
	return (struct quote_answer){.status = status, .reason = reason, .retry_after = retry_after};
}

/* Until what waits now is done, at the rate of late. */
static unsigned retry_after(const struct quoter *quoter)
{
	double wait = (double)(quoter->queue.n + 1) * quoter->average_ms / 1000;

	return wait >= LIMIT_RETRY_SECONDS ? LIMIT_RETRY_SECONDS : (unsigned)wait + 1;
}

static const char over_share[] = "this client has more questions waiting than its share; ask again later";
static const char queue_full[] = "too many proofs are being asked for; ask again later";
static const char no_memory[] = "out of memory; ask again later";

/* Under the lock. True: it waits now. */
static bool enqueue(struct quoter *quoter, struct waiting *waiting, struct waiting **ret_pushed_out,
		    struct quote_answer *ret_answer)
{
	switch (queue_push(&quoter->queue, waiting, ret_pushed_out)) {
	case QUEUE_WAITS:
		return true;
	case QUEUE_OVER_SHARE:
		*ret_answer = refusal(429, over_share, retry_after(quoter));
		return false;
	case QUEUE_FULL:
		*ret_answer = refusal(503, queue_full, retry_after(quoter));
		return false;
	default:
		*ret_answer = refusal(503, no_memory, 1);
		return false;
	}
}

static bool standing_is_fresh(const struct quoter *quoter)
{
	return quoter->standing_text != NULL && seconds() - quoter->standing_at < LIMIT_STANDING_SECONDS;
}

/* Under the lock. True: it waits now. */
static bool enqueue_standing(struct quoter *quoter, struct waiting *waiting, struct quote_answer *ret_answer)
{
	if (standing_is_fresh(quoter)) {
		*ret_answer = (struct quote_answer){.status = 200, .text = text_ref(quoter->standing_text)};
		return false;
	}
	/* One quote serves them all, so that their number costs no time; but memory. */
	if (quoter->standing.n >= LIMIT_QUEUE) {
		*ret_answer = refusal(503, queue_full, 1);
		return false;
	}
	line_push(&quoter->standing, waiting);
	return true;
}

void quoter_ask(struct quoter *quoter, const struct quote_question *question)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting)), *pushed_out = NULL;
	struct quote_answer own = {0}, other;
	bool waits;

	if (waiting == NULL) {
		question->done(question->arg, refusal(503, no_memory, 1));
		return;
	}
	waiting->question = *question;
	waiting->asked_at = seconds();
	(void)pthread_mutex_lock(&quoter->lock);
	if (question->nonce_len == 0)
		waits = enqueue_standing(quoter, waiting, &own);
	else
		waits = enqueue(quoter, waiting, &pushed_out, &own);
	other = refusal(429, over_share, retry_after(quoter));
	if (waits)
		(void)pthread_cond_signal(&quoter->wake);
	(void)pthread_mutex_unlock(&quoter->lock);
	if (!waits)
		answer(waiting, own);
	if (pushed_out != NULL)
		answer(pushed_out, other);
}

/* Waits for something to do: a line of at least one, whom one proof will answer. False: the end. */
static bool next_task(struct quoter *quoter, struct line *ret_task)
{
	line_init(ret_task);
	while (!quoter->stops && quoter->standing.n == 0 && quoter->queue.n == 0)
		(void)pthread_cond_wait(&quoter->wake, &quoter->lock);
	if (quoter->stops)
		return false;
	/* The standing proof takes turns with the others. */
	if (quoter->standing.n > 0 && (!quoter->standing_was_last || quoter->queue.n == 0)) {
		*ret_task = quoter->standing;
		line_init(&quoter->standing);
		quoter->standing_was_last = true;
		return true;
	}
	quoter->standing_was_last = false;
	line_push(ret_task, queue_next(&quoter->queue));
	return true;
}

static struct quote_text *new_text(char *json, size_t len, bool is_fresh)
{
	struct quote_text *text = malloc(sizeof(*text));

	if (text == NULL) {
		free(json);
		return NULL;
	}
	atomic_init(&text->n_refs, 1);
	text->json = json;
	text->len = len;
	text->is_fresh = is_fresh;
	if (is_fresh)
		atomic_fetch_add(&n_outstanding, len);
	return text;
}

static struct quote_text *make(struct quoter *quoter, const struct quote_question *question, struct attest_error *error)
{
	struct prover_ask ask = {.nonce = slice_of(question->nonce, question->nonce_len)};
	size_t len = 0;
	char *json = NULL;

	if (question->has_exporter)
		ask.exporter = slice_of(question->exporter, sizeof(question->exporter));
	if (quoter->prove(quoter->prover, &ask, &json, &len, error) != ATTEST_OK)
		return NULL;
	return new_text(json, len, question->nonce_len > 0);
}

/* Under the lock. */
static void account(struct quoter *quoter, const struct quote_text *text, double ms, const struct attest_error *error)
{
	struct quoter_health *health = &quoter->health;

	quoter->began_at = 0;
	health->is_well = text != NULL;
	health->last_milliseconds = ms;
	if (text == NULL) {
		health->n_failed++;
		memset(health->last_error, 0, sizeof(health->last_error));
		memcpy(health->last_error, error->message, strnlen(error->message, sizeof(health->last_error) - 1));
		return;
	}
	quoter->average_ms = health->n_made == 0 ? ms : quoter->average_ms * 0.8 + ms * 0.2;
	health->n_made++;
}

static void keep_standing(struct quoter *quoter, struct quote_text *text)
{
	quote_text_unref(quoter->standing_text);
	quoter->standing_text = text_ref(text);
	quoter->standing_at = seconds();
}

static void answer_all(struct line *task, struct quote_text *text, struct quote_answer otherwise)
{
	for (struct waiting *waiting = line_pop(task); waiting != NULL; waiting = line_pop(task)) {
		if (text != NULL)
			answer(waiting, (struct quote_answer){.status = 200, .text = text_ref(text)});
		else
			answer(waiting, otherwise);
	}
}

static void say_why(struct quoter *quoter, const char *why)
{
	if (log_is_due(&quoter->said, why, (uint64_t)(seconds() * 1000)))
		log_line(LOG_LEVEL_ERROR, "a proof could not be made: %s", why);
}

static void note_begin(struct quoter *quoter, double begin)
{
	(void)pthread_mutex_lock(&quoter->lock);
	quoter->began_at = begin;
	(void)pthread_mutex_unlock(&quoter->lock);
}

/* Without the lock, but for the accounts. */
static void prove_and_answer(struct quoter *quoter, struct line *task)
{
	const struct quote_question *question = &task->first->question;
	bool is_standing = question->nonce_len == 0;
	struct attest_error error = {0};
	double begin = seconds();
	struct quote_text *text;
	unsigned retry;

	note_begin(quoter, begin);
	text = make(quoter, question, &error);
	if (text == NULL)
		say_why(quoter, error.message[0] != '\0' ? error.message : "out of memory");
	(void)pthread_mutex_lock(&quoter->lock);
	account(quoter, text, (seconds() - begin) * 1000, &error);
	if (is_standing && text != NULL)
		keep_standing(quoter, text);
	retry = retry_after(quoter);
	(void)pthread_mutex_unlock(&quoter->lock);
	answer_all(task, text,
		   refusal(503, "the TPM made no proof; the server's log says why; ask again later", retry));
	quote_text_unref(text);
}

/* Why a fresh proof is not made any more, or NULL. */
static const char *too_late_or_much(const struct quoter *quoter, const struct line *task)
{
	if (task->first->question.nonce_len == 0) /* one copy for all */
		return NULL;
	if (seconds() - task->first->asked_at > quoter->patience)
		return "the question waited too long for the TPM";
	/* Who asks and takes no answer holds memory. */
	return atomic_load(&n_outstanding) < LIMIT_UNTAKEN_BYTES
		       ? NULL
		       : "too many proofs are still on their way to clients; ask again later";
}

static void *work(void *arg)
{
	struct quoter *quoter = arg;
	struct line task;

	(void)pthread_mutex_lock(&quoter->lock);
	while (next_task(quoter, &task)) {
		unsigned retry = retry_after(quoter);
		const char *why_not;

		(void)pthread_mutex_unlock(&quoter->lock);
		why_not = too_late_or_much(quoter, &task);
		if (why_not != NULL)
			answer_all(&task, NULL, refusal(503, why_not, retry));
		else
			prove_and_answer(quoter, &task);
		(void)pthread_mutex_lock(&quoter->lock);
	}
	(void)pthread_mutex_unlock(&quoter->lock);
	return NULL;
}

attest_status quoter_start_with(quoter_prove prove, struct prover *prover, size_t depth, struct quoter **ret_quoter,
				struct attest_error *error)
{
	struct quoter *quoter = calloc(1, sizeof(*quoter));

	if (quoter == NULL)
		return fail_memory(error);
	if (depth == 0 || depth > LIMIT_QUEUE) {
		free(quoter);
		return fail(error, ATTEST_E_USAGE, NULL, "the queue of proofs must hold 1 to %u questions",
			    LIMIT_QUEUE);
	}
	quoter->prove = prove;
	quoter->prover = prover;
	quoter->queue.depth = depth;
	quoter->average_ms = first_guess_ms;
	quoter->patience = LIMIT_QUESTION_SECONDS;
	quoter->health.is_well = true;
	line_init(&quoter->standing);
	(void)pthread_mutex_init(&quoter->lock, NULL);
	(void)pthread_cond_init(&quoter->wake, NULL);
	if (pthread_create(&quoter->thread, NULL, work, quoter) != 0) {
		free(quoter);
		return fail(error, ATTEST_E_INTERNAL, NULL, "the thread that asks the TPM cannot be started");
	}
	*ret_quoter = quoter;
	return ATTEST_OK;
}

attest_status quoter_start(struct prover *prover, size_t depth, struct quoter **ret_quoter, struct attest_error *error)
{
	return quoter_start_with(prover_prove, prover, depth, ret_quoter, error);
}

void quoter_set_patience(struct quoter *quoter, unsigned patience)
{
	quoter->patience = patience;
}

unsigned quoter_patience(const struct quoter *quoter)
{
	return quoter->patience;
}

void quoter_health(struct quoter *quoter, struct quoter_health *ret_health)
{
	(void)pthread_mutex_lock(&quoter->lock);
	*ret_health = quoter->health;
	if (quoter->began_at > 0 && seconds() - quoter->began_at > quoter->patience)
		ret_health->is_well = false; /* the TPM hangs */
	ret_health->waiting = quoter->queue.n + quoter->standing.n;
	ret_health->depth = quoter->queue.depth;
	(void)pthread_mutex_unlock(&quoter->lock);
}

void quoter_stop(struct quoter *quoter)
{
	static const char ending[] = "the server is stopping";
	struct waiting *waiting;

	if (quoter == NULL)
		return;
	(void)pthread_mutex_lock(&quoter->lock);
	quoter->stops = true;
	(void)pthread_cond_signal(&quoter->wake);
	(void)pthread_mutex_unlock(&quoter->lock);
	(void)pthread_join(quoter->thread, NULL);
	answer_all(&quoter->standing, NULL, refusal(503, ending, 1));
	while ((waiting = queue_next(&quoter->queue)) != NULL)
		answer(waiting, refusal(503, ending, 1));
	quote_text_unref(quoter->standing_text);
	(void)pthread_cond_destroy(&quoter->wake);
	(void)pthread_mutex_destroy(&quoter->lock);
	free(quoter);
}
