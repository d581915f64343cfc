/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest-verify: proofs are read, decided and reported, many at once.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common.h"
#include "input.h"
#include "verify.h"

enum { EXIT_REFUSED = 1, EXIT_INCONCLUSIVE = 3 }; /* and EXIT_USAGE */

/* One proof's way through: its output waits until those before it have been printed. */
struct job {
	const char *name;
	char *text;
	int exit_code;
	atomic_bool done;
};

static int exit_code(attest_status status)
{
	switch (attest_status_category(status)) {
	case ATTEST_CATEGORY_NONE:
		return 0;
	case ATTEST_CATEGORY_USAGE:
	case ATTEST_CATEGORY_INTERNAL:
		return EXIT_USAGE;
	default:
		return status == ATTEST_E_INCONCLUSIVE ? EXIT_INCONCLUSIVE : EXIT_REFUSED;
	}
}

/* What --print shows of a verified proof; NULL with the exit code raised where there is no such thing. */
static char *printed(const struct settings *s, const attest_result *result, struct job *job)
{
	const struct attest_facts *facts = attest_result_facts(result);
	const char *pin = attest_result_pin(result);
	char *text = NULL;

	if (attest_result_verdict(result) != ATTEST_VERIFIED) {
		print_name(job->name);
		(void)fputs("not verified, so nothing is printed\n", stderr);
		return NULL;
	}
	if (s->print == PRINT_PIN && pin != NULL && asprintf(&text, "%s\n", pin) >= 0)
		return text;
	if (s->print == PRINT_CA && facts->tls_kind != NULL && strcmp(facts->tls_kind, "ca") == 0)
		return strdup(facts->tls_pem);
	print_name(job->name);
	(void)fprintf(stderr, "the proof attests %s\n",
		      facts->tls_kind == NULL ? "no TLS key"
		      : pin != NULL           ? "a key, not a CA: use --print pin"
					      : "a CA, not the server's own key: use --print ca, and curl --cacert");
	job->exit_code = EXIT_USAGE;
	return NULL;
}

static void render(const struct settings *s, const attest_result *result, struct job *job)
{
	unsigned flags = (want_color(s->color) ? ATTEST_TEXT_COLOR : 0) | (s->verbose ? ATTEST_TEXT_VERBOSE : 0);
	attest_status status = ATTEST_OK;

	if (s->print == PRINT_REPORT)
		status = attest_result_text(result, job->name, flags, &job->text);
	else if (s->print == PRINT_JSON)
		status = attest_result_json(result, job->name, &job->text);
	else if (s->print != PRINT_NOTHING)
		job->text = printed(s, result, job);
	if (status != ATTEST_OK) {
		print_name(job->name);
		(void)fputs("out of memory\n", stderr);
		job->exit_code = EXIT_USAGE;
	}
}

static void finish_job(const struct settings *s, struct job *job, attest_status status, attest_result *result,
		       const struct attest_error *error)
{
	job->exit_code = exit_code(status);
	if (result != NULL)
		render(s, result, job);
	else
		job->exit_code = failed(job->name, error);
	attest_result_free(result);
	atomic_store(&job->done, true);
}

/* The account tells what is missing; the error, why it could not be downloaded. */
static void say_download(const struct settings *s, const struct job *job, const struct attest_error *error)
{
	if (wants_downloads(s) && error->status != ATTEST_OK && strncmp(error->where, "http://", 7) == 0)
		(void)failed(job->name, error);
}

static void ask_url(const struct settings *s, struct job *job)
{
	struct attest_error error = {0};
	attest_result *result = NULL;
	char *live = NULL, *text;
	attest_status status = verify_url(s, job->name, &result, &live, &error);

	job->exit_code = exit_code(status);
	if (result == NULL || status != attest_result_status(result)) { /* an account would say more than holds */
		(void)failed(job->name, &error);
	} else {
		say_download(s, job, &error);
		render(s, result, job);
	}
	if (live != NULL && s->print == PRINT_REPORT && job->text != NULL &&
	    asprintf(&text, "%s%s", job->text, live) >= 0) {
		attest_string_free(job->text);
		job->text = text;
	}
	free(live);
	attest_result_free(result);
	atomic_store(&job->done, true);
}

static void verify_file(const struct settings *s, struct job *job)
{
	struct attest_error error = {0};
	attest_result *result = NULL;
	attest_status status;
	struct input in;
	int rc = input_read(job->name, &in);

	if (rc != 0) {
		job->exit_code = unreadable(job->name, rc);
		atomic_store(&job->done, true);
		return;
	}
	status = wants_downloads(s) ? verify_with_downloads(s, in.data, in.len, &result, &error)
				    : attest_verify(s->verifier, &s->options, in.data, in.len, &result, &error);
	input_free(&in);
	say_download(s, job, &error);
	finish_job(s, job, status, result, &error);
}

/* The files of loose evidence while they are used. */
struct loose {
	struct input parts[N_PARTS], logs[MOST_LOGS];
	struct attest_bytes log_bytes[MOST_LOGS];
	struct attest_parts to;
};

static int read_loose(const char *path, struct input *in, struct attest_bytes *to)
{
	int rc = path == NULL ? 0 : input_read(path, in);

	if (rc != 0)
		return unreadable(path, rc);
	if (path != NULL)
		*to = (struct attest_bytes){in->data, in->len};
	return 0;
}

static int read_parts(const struct settings *s, struct loose *loose)
{
	struct attest_parts *to = &loose->to;
	struct attest_bytes *const bytes[N_PARTS] = {&to->quote, &to->signature, &to->pcrs, &to->ak, &to->ak_chain};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < N_PARTS; i++)
		rc = read_loose(s->parts[i], &loose->parts[i], bytes[i]);
	for (size_t i = 0; rc == 0 && i < s->n_logs; i++)
		rc = read_loose(s->logs[i], &loose->logs[i], &loose->log_bytes[i]);
	to->logs = loose->log_bytes;
	to->n_logs = s->n_logs;
	return rc;
}

static void free_parts(struct loose *loose)
{
	for (size_t i = 0; i < N_PARTS; i++)
		input_free(&loose->parts[i]);
	for (size_t i = 0; i < MOST_LOGS; i++)
		input_free(&loose->logs[i]);
}

int verify_parts(const struct settings *s)
{
	struct loose loose = {.to = ATTEST_PARTS_INIT};
	struct job job = {.name = s->parts[0]};
	struct attest_error error = {0};
	attest_result *result = NULL;
	int rc = 0;

	if (s->parts[0] == NULL || s->parts[1] == NULL || s->parts[2] == NULL)
		return wrong("--quote", "...", "--quote, --signature and --pcrs together");
	rc = read_parts(s, &loose);
	if (rc == 0) {
		attest_status status = attest_verify_parts(s->verifier, &s->options, &loose.to, &result, &error);

		finish_job(s, &job, status, result, &error);
		rc = job.exit_code;
		if (job.text != NULL)
			(void)printf("%s%s", job.text, s->print == PRINT_JSON ? "\n" : "");
		attest_string_free(job.text);
	}
	free_parts(&loose);
	return rc;
}

/* Many proofs: workers take the next, this thread prints in order. */

struct queue {
	const struct settings *settings;
	struct job *jobs;
	size_t n;
	atomic_size_t next, n_done;
};

static void *work(void *arg)
{
	struct queue *queue = arg;
	size_t i;

	while ((i = atomic_fetch_add(&queue->next, 1)) < queue->n) {
		if (is_url(queue->jobs[i].name))
			ask_url(queue->settings, &queue->jobs[i]);
		else
			verify_file(queue->settings, &queue->jobs[i]);
		atomic_fetch_add(&queue->n_done, 1);
	}
	return NULL;
}

static int worse(int a, int b)
{
	static const int rank[] = {[0] = 0, [EXIT_INCONCLUSIVE] = 1, [EXIT_REFUSED] = 2, [EXIT_USAGE] = 3};

	return rank[b] > rank[a] ? b : a;
}

static int print_job(const struct settings *s, struct job *job, bool first)
{
	if (job->text != NULL) {
		(void)printf("%s%s%s", !first && s->print == PRINT_REPORT ? "\n" : "", job->text,
			     s->print == PRINT_JSON ? "\n" : "");
		(void)fflush(stdout);
	}
	attest_string_free(job->text);
	job->text = NULL;
	return job->exit_code;
}

static void show_progress(const struct queue *queue, time_t begin)
{
	size_t done = atomic_load(&queue->n_done);

	if (isatty(STDERR_FILENO) == 1 && time(NULL) > begin)
		(void)fprintf(stderr, "\r%zu of %zu proofs (%.0f/s) ", done, queue->n,
			      (double)done / (double)(time(NULL) - begin));
}

static int print_in_order(struct queue *queue)
{
	const struct timespec pause = {0, 20000000};
	time_t begin = time(NULL);
	int code = 0;

	for (size_t i = 0; i < queue->n; i++) {
		while (!atomic_load(&queue->jobs[i].done)) {
			show_progress(queue, begin);
			(void)nanosleep(&pause, NULL);
		}
		code = worse(code, print_job(queue->settings, &queue->jobs[i], i == 0));
	}
	if (isatty(STDERR_FILENO) == 1 && time(NULL) > begin)
		(void)fputs("\r\033[K", stderr);
	return code;
}

static size_t start_workers(struct queue *queue, pthread_t *threads, size_t most)
{
	size_t n = 0;

	while (n < most && pthread_create(&threads[n], NULL, work, queue) == 0)
		n++;
	return n;
}

int verify_files(const struct settings *s, char **names, size_t n)
{
	struct queue queue = {.settings = s, .jobs = calloc(n, sizeof(*queue.jobs)), .n = n};
	size_t most = (size_t)s->jobs < n ? (size_t)s->jobs : n, started = 0;
	pthread_t *threads = calloc(most, sizeof(*threads));
	int code = EXIT_USAGE;

	if (queue.jobs == NULL || threads == NULL) {
		(void)fputs("attest-verify: out of memory\n", stderr);
	} else {
		for (size_t i = 0; i < n; i++)
			queue.jobs[i].name = names[i];
		started = n == 1 ? 0 : start_workers(&queue, threads, most);
		if (started == 0)
			(void)work(&queue);
		code = print_in_order(&queue);
	}
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
	free(threads);
	free(queue.jobs);
	return code;
}
