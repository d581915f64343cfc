/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the samples of `bench --samples FOLDER` cost a program in C, for tests/bench/python.py to compare with:
 *
 *   calls FOLDER KIND BEGIN END     microseconds of processor time of each proof from BEGIN to before END, a line each
 *   calls FOLDER threads N EACH     seconds in which N threads each decide EACH proofs with one verifier
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest.h"

enum { MOST = 512, FILE_MAX = 64 << 20 };

struct samples {
	char *proofs[MOST];
	size_t n;
	char *root, *policy;
};

struct work {
	attest_verifier *verifier;
	const struct samples *samples;
	size_t each, offset;
};

static pthread_barrier_t barrier;

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "calls: %s\n", what);
	exit(2);
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static char *read_file(const char *folder, const char *name)
{
	char path[512], *text = malloc(FILE_MAX);
	FILE *file;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	need(file != NULL && text != NULL, path);
	n = fread(text, 1, FILE_MAX - 1, file);
	text[n] = '\0';
	(void)fclose(file);
	return text;
}

static struct samples read_samples(const char *folder, const char *kind)
{
	bool is_long = strcmp(kind, "long") == 0;
	struct samples s = {.root = read_file(folder, "root.pem"),
			    .policy = read_file(folder, is_long ? "long-policy.json" : "policy.json")};
	char name[64], *save = NULL;

	(void)snprintf(name, sizeof(name), "%s.jsonl", kind);
	for (char *line = strtok_r(read_file(folder, name), "\n", &save); line != NULL && s.n < MOST;
	     line = strtok_r(NULL, "\n", &save))
		s.proofs[s.n++] = line;
	return s;
}

static attest_verifier *new_verifier(const struct samples *s)
{
	attest_verifier *v = NULL;

	need(attest_verifier_new(&v) == ATTEST_OK &&
		     attest_verifier_add_roots(v, s->root, strlen(s->root), "2.23.133.8.3", NULL) == ATTEST_OK &&
		     attest_verifier_add_policy(v, s->policy, strlen(s->policy), NULL, NULL) == ATTEST_OK,
	     "verifier");
	return v;
}

static void verify(attest_verifier *v, const char *proof)
{
	struct attest_options options = ATTEST_OPTIONS_INIT;
	struct attest_error error = {0};
	attest_result *result = NULL;

	options.time = 1780272000;
	need(attest_verify(v, &options, proof, strlen(proof), &result, &error) == ATTEST_OK, "not verified");
	attest_result_free(result);
}

static void one_by_one(const struct samples *s, bool is_first, size_t begin, size_t end)
{
	attest_verifier *shared = new_verifier(s);

	verify(shared, s->proofs[begin % s->n]);
	for (size_t i = begin; i < end; i++) {
		double start = seconds(CLOCK_THREAD_CPUTIME_ID);

		if (is_first) {
			attest_verifier *v = new_verifier(s);

			verify(v, s->proofs[i % s->n]);
			attest_verifier_free(v);
		} else {
			verify(shared, s->proofs[i % s->n]);
		}
		(void)printf("%.2f\n", (seconds(CLOCK_THREAD_CPUTIME_ID) - start) * 1e6);
	}
	attest_verifier_free(shared);
}

static void *work_of(void *argument)
{
	const struct work *w = argument;

	(void)pthread_barrier_wait(&barrier);
	for (size_t i = 0; i < w->each; i++)
		verify(w->verifier, w->samples->proofs[(w->offset + i) % w->samples->n]);
	return NULL;
}

static void all_at_once(const struct samples *s, size_t n, size_t each)
{
	static pthread_t threads[MOST];
	static struct work works[MOST];
	attest_verifier *shared = new_verifier(s);
	double start;

	need(n > 0 && n <= MOST && pthread_barrier_init(&barrier, NULL, (unsigned)n + 1) == 0, "threads");
	verify(shared, s->proofs[0]);
	for (size_t i = 0; i < n; i++) {
		works[i] = (struct work){shared, s, each, i * 7};
		need(pthread_create(&threads[i], NULL, work_of, &works[i]) == 0, "thread");
	}
	(void)pthread_barrier_wait(&barrier);
	start = seconds(CLOCK_MONOTONIC);
	for (size_t i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	(void)printf("%.6f\n", seconds(CLOCK_MONOTONIC) - start);
	attest_verifier_free(shared);
}

int main(int argc, char **argv)
{
	struct samples s;
	bool is_threads;

	need(argc == 5, "usage: calls FOLDER KIND BEGIN END | calls FOLDER threads N EACH");
	is_threads = strcmp(argv[2], "threads") == 0;
	s = read_samples(argv[1], is_threads ? "same" : argv[2]);
	need(s.n > 0, "no samples");
	if (is_threads)
		all_at_once(&s, strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	else
		one_by_one(&s, strcmp(argv[2], "first") == 0, strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	return 0;
}
