/* SPDX-License-Identifier: Apache-2.0 */
#include "quoter.h"
#include "bounds.h"
#include "log.h"

#include <stdatomic.h>
#include <stdio.h>

#include "list.h"

/* A prover that waits for leave before each proof, and notes the order of nonces. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned n_leaves, n_begun;
static bool fails;
static size_t proof_bytes;
static char order[256];

static attest_status prove(struct prover *prover, const struct prover_ask *ask, char **ret_json, size_t *ret_len,
			   struct attest_error *error)
{
	attest_status status;

	(void)prover;
	(void)pthread_mutex_lock(&lock);
	n_begun++;
	order[strlen(order)] = ask->nonce.len == 0 ? '*' : (char)ask->nonce.data[0];
	(void)pthread_cond_broadcast(&changed);
	while (n_leaves == 0)
		(void)pthread_cond_wait(&changed, &lock);
	n_leaves--;
	status = fails ? fail(error, ATTEST_E_IO, NULL, "no TPM") : ATTEST_OK;
	(void)pthread_mutex_unlock(&lock);
	if (status != ATTEST_OK)
		return status;
	*ret_json = calloc(1, 2 + proof_bytes);
	memcpy(*ret_json, "{}", 2);
	*ret_len = 2 + proof_bytes;
	return ATTEST_OK;
}

static struct quoter *start(size_t depth)
{
	struct attest_error error = {0};
	struct quoter *quoter = NULL;

	n_leaves = n_begun = 0;
	fails = false;
	proof_bytes = 0;
	memset(order, 0, sizeof(order));
	CHECK_STATUS(quoter_start_with(prove, NULL, depth, &quoter, &error), ATTEST_OK);
	return quoter;
}

/* Answers by the first byte of the nonce: of A to Z, and of the standing proof. */
static struct quote_answer answers[256];
static unsigned n_answers;

static void done(void *arg, struct quote_answer answer)
{
	struct quote_answer *to = arg;

	(void)pthread_mutex_lock(&lock);
	*to = answer;
	n_answers++;
	if (answer.text != NULL && proof_bytes == 0) {
		CHECK(slice_equal(quote_text_slice(answer.text), slice_of_string("{}")));
		quote_text_unref(answer.text);
	}
	(void)pthread_cond_broadcast(&changed);
	(void)pthread_mutex_unlock(&lock);
}

static void ask_of(struct quoter *quoter, char name, const char *client, const char *group)
{
	struct quote_question question = {
		.nonce_len = name == '*' ? 0 : 8, .done = done, .arg = &answers[(uint8_t)name]};

	memset(question.nonce, name, sizeof(question.nonce));
	(void)snprintf(question.client, sizeof(question.client), "%s", client);
	(void)snprintf(question.group, sizeof(question.group), "%s", group);
	memset(&answers[(uint8_t)name], 0, sizeof(answers[0]));
	quoter_ask(quoter, &question);
}

static void ask(struct quoter *quoter, char name, const char *client)
{
	ask_of(quoter, name, client, client);
}

static void wait_begun(unsigned n)
{
	(void)pthread_mutex_lock(&lock);
	while (n_begun < n)
		(void)pthread_cond_wait(&changed, &lock);
	(void)pthread_mutex_unlock(&lock);
}

static void give_leave(unsigned n, unsigned n_wanted)
{
	(void)pthread_mutex_lock(&lock);
	n_leaves += n;
	(void)pthread_cond_broadcast(&changed);
	while (n_answers < n_wanted)
		(void)pthread_cond_wait(&changed, &lock);
	(void)pthread_mutex_unlock(&lock);
}

static int status_of(char name)
{
	return answers[(uint8_t)name].status;
}

/* A first question keeps the worker busy, so that the others wait in the queue. */
static struct quoter *start_busy(size_t depth)
{
	struct quoter *quoter = start(depth);

	n_answers = 0;
	ask(quoter, 'Z', "z");
	wait_begun(1);
	return quoter;
}

void quoter_takes_turns(void)
{
	struct quoter *quoter = start_busy(10);

	for (char name = 'A'; name <= 'D'; name++)
		ask(quoter, name, "a");
	ask(quoter, 'K', "k");
	ask(quoter, 'L', "k");
	ask(quoter, 'P', "p");
	give_leave(8, 8);
	CHECK_TEXT(order, "ZAKPBLCD");
	CHECK(status_of('Z') == 200 && status_of('D') == 200 && status_of('P') == 200);
	quoter_stop(quoter);
}

void quoter_is_fair_when_full(void)
{
	struct quoter *quoter = start_busy(4);
	struct quoter_health health;

	for (char name = 'A'; name <= 'D'; name++)
		ask(quoter, name, "a");
	quoter_health(quoter, &health);
	CHECK(health.waiting == 4 && health.depth == 4);
	ask(quoter, 'E', "a"); /* the queue is this client's own: it is full, and nobody has less */
	CHECK(status_of('E') == 503 && answers['E'].retry_after > 0);
	ask(quoter, 'K', "k"); /* takes the place of a's newest */
	CHECK(status_of('D') == 429 && answers['D'].retry_after > 0 && status_of('K') == 0);
	ask(quoter, 'E', "a"); /* a has three of four, more than its half */
	CHECK(status_of('E') == 429);
	ask(quoter, 'L', "k");
	CHECK(status_of('C') == 429 && status_of('L') == 0);
	ask(quoter, 'M', "k"); /* two and two: nobody is pushed out any more */
	CHECK(status_of('M') == 503 && status_of('B') == 0);
	give_leave(5, 10);
	CHECK_TEXT(order, "ZAKBL");
	quoter_stop(quoter);
}

/* Many addresses with one question each, all of one network. */
void quoter_is_fair_to_groups(void)
{
	struct quoter *quoter = start_busy(4);

	ask_of(quoter, 'A', "a1", "a");
	ask_of(quoter, 'B', "a2", "a");
	ask_of(quoter, 'C', "a3", "a");
	ask_of(quoter, 'D', "a4", "a");
	ask_of(quoter, 'E', "a5", "a"); /* the same network: as full as before */
	CHECK(status_of('E') == 503 && status_of('D') == 0);
	ask_of(quoter, 'K', "k1", "k");
	CHECK(status_of('D') == 429 && status_of('K') == 0);
	ask_of(quoter, 'L', "k1", "k");
	CHECK(status_of('C') == 429 && status_of('L') == 0);
	ask_of(quoter, 'F', "a6", "a"); /* two and two; that k has both with one address is not for the others to use */
	CHECK(status_of('F') == 503 && status_of('L') == 0);
	ask_of(quoter, 'M', "k2", "k"); /* but for its own network */
	CHECK(status_of('L') == 429 && status_of('M') == 0);
	give_leave(5, 10);
	CHECK_TEXT(order, "ZABKM");
	quoter_stop(quoter);
}

/* Who asks and takes no answer holds it in memory; the standing proof is one for all. */
void quoter_bounds_proofs_on_their_way(void)
{
	struct quoter *quoter = start(4);
	struct quote_text *kept;

	proof_bytes = LIMIT_UNTAKEN_BYTES - 2;
	n_answers = 0;
	ask(quoter, 'A', "a");
	give_leave(1, 1);
	CHECK(status_of('A') == 200);
	kept = answers['A'].text;
	ask(quoter, 'B', "b");
	give_leave(0, 2);
	CHECK(status_of('B') == 503 && answers['B'].retry_after > 0);
	proof_bytes = 0;
	ask(quoter, '*', "b");
	give_leave(1, 3);
	CHECK(status_of('*') == 200);
	quote_text_unref(kept);
	ask(quoter, 'B', "b");
	give_leave(1, 4);
	CHECK(status_of('B') == 200);
	quoter_stop(quoter);
}

/* Else two clients would push each other out in turns. */
void quoter_leaves_nearly_equals_alone(void)
{
	struct quoter *quoter = start_busy(3);

	ask(quoter, 'A', "a");
	ask(quoter, 'B', "a");
	ask(quoter, 'K', "k");
	ask(quoter, 'L', "k");
	CHECK(status_of('L') == 503 && status_of('A') == 0 && status_of('B') == 0);
	give_leave(4, 5);
	quoter_stop(quoter);
}

/* A standing proof that fails is asked for again and again, and must not keep the others waiting. */
void quoter_lets_the_standing_proof_wait(void)
{
	struct quoter *quoter = start_busy(2);

	fails = true;
	ask(quoter, '*', "a");
	give_leave(1, 1);
	wait_begun(2);
	ask(quoter, 'A', "a");
	ask(quoter, '*', "a");
	give_leave(3, 4);
	CHECK_TEXT(order, "Z*A*");
	quoter_stop(quoter);
}

void quoter_shares_the_standing_proof(void)
{
	struct quoter *quoter = start_busy(2);
	struct quoter_health health;

	for (int i = 0; i < 100; i++)
		ask(quoter, '*', "a");
	ask(quoter, 'A', "a");
	give_leave(3, 102);
	CHECK(status_of('*') == 200 && status_of('A') == 200);
	ask(quoter, '*', "b"); /* kept: answered at once */
	CHECK(status_of('*') == 200 && n_answers == 103);
	quoter_health(quoter, &health);
	CHECK(health.n_made == 3 && health.n_failed == 0 && health.is_well && health.waiting == 0);
	CHECK_TEXT(order, "Z*A");
	quoter_stop(quoter);
}

void quoter_tells_failures(void)
{
	struct quoter *quoter = start(2);
	struct quoter_health health;

	quoter_health(quoter, &health);
	CHECK(health.is_well && health.last_error[0] == '\0');
	fails = true;
	n_answers = 0;
	ask(quoter, '*', "a");
	give_leave(1, 1);
	CHECK(status_of('*') == 503 && answers['*'].retry_after > 0 && strstr(answers['*'].reason, "no TPM") == NULL);
	quoter_health(quoter, &health);
	CHECK(!health.is_well && health.n_failed == 1 && health.n_made == 0);
	CHECK_TEXT(health.last_error, "no TPM");
	fails = false;
	ask(quoter, '*', "a"); /* a failure is not kept */
	give_leave(1, 2);
	quoter_health(quoter, &health);
	CHECK(status_of('*') == 200 && health.is_well && health.n_made == 1);
	quoter_stop(quoter);
}

/* The worker needs leave to end. */
static void *leave_later(void *arg)
{
	(void)arg;
	(void)pthread_mutex_lock(&lock);
	n_leaves += 4;
	(void)pthread_cond_broadcast(&changed);
	(void)pthread_mutex_unlock(&lock);
	return NULL;
}

void quoter_answers_all_at_its_end(void)
{
	struct quoter *quoter = start_busy(4);
	pthread_t thread;

	ask(quoter, 'A', "a");
	ask(quoter, 'B', "b");
	ask(quoter, '*', "b");
	CHECK(pthread_create(&thread, NULL, leave_later, NULL) == 0);
	quoter_stop(quoter);
	(void)pthread_join(thread, NULL);
	/* How many proofs the worker still makes before it hears of the end is its own affair. */
	CHECK(n_answers == 4 && status_of('Z') == 200);
	CHECK(status_of('A') == 503 || status_of('A') == 200);
	CHECK(status_of('B') == 503 || status_of('B') == 200);
	CHECK(status_of('*') == 503 || status_of('*') == 200);
}

void log_paces_lines(void)
{
	struct log_pace pace = {.said_at = 0};

	CHECK(log_is_due(&pace, "a", 5));
	CHECK(!log_is_due(&pace, "a", 5 + LIMIT_LOG_SECONDS * 1000 - 1));
	CHECK(log_is_due(&pace, "b", 6));
	CHECK(!log_is_due(&pace, "b", 5 + LIMIT_LOG_SECONDS * 1000));
	CHECK(log_is_due(&pace, "b", 6 + LIMIT_LOG_SECONDS * 1000));
}

void quoter_refuses_depths(void)
{
	struct quoter *quoter = NULL;
	struct attest_error error = {0};

	CHECK_STATUS(quoter_start_with(prove, NULL, 0, &quoter, &error), ATTEST_E_USAGE);
	error_clear(&error);
	CHECK_STATUS(quoter_start_with(prove, NULL, 65537, &quoter, &error), ATTEST_E_USAGE);
	quoter_stop(NULL);
}
