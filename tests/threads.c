/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thousand threads, one verification each: a hundred at a time share one verifier that begins with an empty cache.
 * Good and refused proofs of many AKs are mixed; every other libattest proof comes without its intermediates, so that
 * those which the verifier was given, and all threads share, complete the chain. Every account must be the one that a
 * thread alone gets. Meant for ThreadSanitizer: `make tsan`.
 */
#include <pthread.h>

#include "case.inc.c"

enum { ROUNDS = 10, THREADS = 100 };

static const char *const names[] = {
	"good-azure-like-rsassa",
	"good-azure-like-rsassa",
	"good-azure-like-p256",
	"good-azure-like-rsapss",
	"good-logs",
	"good-azure-like-p384",
	"good-azure-like-p384",
	"good-google-new-p256",
	"good-p384-p256",
	"good-p384-p384",
	"good-tls-pcr",
	"good-tls-pcr",
	"good-tls-quote",
	"good-google-new-p384",
	"good-blindllama-v2",
	"good-loose-log",
	"good-aicert-build",
	"chain-intermediate-missing",
	"chain-leaf-expired",
	"chain-leaf-expired",
	"chain-unknown-root",
	"chain-leaf-signature-flipped",
	"signature-flipped",
	"signature-flipped",
	"signature-ecdsa-flipped",
	"nonce-other",
	"pcrs-value-changed",
	"log-event-changed",
	"tls-key-replaced",
	"parse-duplicate-key",
	"boot-good",
	"boot-good",
	"boot-good-ima-ascii",
	"boot-good-secure-boot",
	"boot-good-cel-json",
	"boot-good-raw-log",
	"boot-event-dropped",
	"boot-truncated",
};
enum { N_CASES = sizeof(names) / sizeof(names[0]) };

static struct test_case cases[N_CASES];
static char *alone[N_CASES]; /* the account that one thread gets */

struct worker {
	pthread_t thread;
	attest_verifier *verifier;
	pthread_barrier_t *start;
	size_t i; /* which case */
	char *account;
};

static void trust(attest_verifier *verifier, const char *path)
{
	struct file f = file_read(path);

	if (attest_verifier_add_roots(verifier, f.data, f.len, NULL, NULL) != ATTEST_OK)
		broken(path, "no root");
	free(f.data);
}

/* Trusts the roots of testdata/ca, knows intermediates, and has one policy, and a machine to compare with. */
static attest_verifier *new_verifier(void)
{
	static const char *const roots[] = {"azure-like-root",  "azure-like-intermediate", "google-old-root",
					    "google-new-root",  "google-new-intermediate", "p384-root",
					    "p384-intermediate"};
	attest_verifier *verifier = NULL;
	struct file policy = file_read("tests/cases/good-azure-like-rsassa/policy.json");
	struct file reference = file_read("tests/cases/boot-good-secure-boot/proof.json");

	if (attest_verifier_new(&verifier) != ATTEST_OK)
		broken("verifier", "out of memory");
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "testdata/ca/%s.pem", roots[i]);
		trust(verifier, path);
	}
	if (attest_verifier_add_policy(verifier, policy.data, policy.len, NULL, NULL) != ATTEST_OK)
		broken("policy.json", "no policy");
	if (attest_verifier_add_reference(verifier, reference.data, reference.len, "reference", NULL) != ATTEST_OK)
		broken("proof.json", "no reference");
	free(policy.data);
	free(reference.data);
	return verifier;
}

static char *account(attest_verifier *verifier, const struct test_case *c)
{
	attest_result *result = NULL;
	char *json = NULL;

	if (c->has_parts)
		(void)attest_verify_parts(verifier, &c->options, &c->parts, &result, NULL);
	else
		(void)attest_verify(verifier, &c->options, c->proof.data, c->proof.len, &result, NULL);
	if (result != NULL)
		(void)attest_result_json(result, NULL, &json);
	attest_result_free(result);
	return json;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	(void)pthread_barrier_wait(w->start);
	w->account = account(w->verifier, &cases[w->i]);
	return NULL;
}

/* How many threads got another account than one alone. */
static size_t run_round(size_t first)
{
	static struct worker workers[THREADS];
	attest_verifier *verifier = new_verifier();
	pthread_barrier_t start;
	size_t n_failed = 0;

	if (pthread_barrier_init(&start, NULL, THREADS) != 0)
		broken("threads", "no barrier");
	for (size_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.verifier = verifier, .start = &start, .i = (first + i) % N_CASES};
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			broken("threads", "no thread");
	}
	for (size_t i = 0; i < THREADS; i++) {
		struct worker *w = &workers[i];

		(void)pthread_join(w->thread, NULL);
		if (w->account == NULL || strcmp(w->account, alone[w->i]) != 0) {
			(void)printf("FAIL %s: %s\n  alone: %s\n", names[w->i], w->account, alone[w->i]);
			n_failed++;
		}
		attest_string_free(w->account);
	}
	(void)pthread_barrier_destroy(&start);
	attest_verifier_free(verifier);
	return n_failed;
}

static bool says(const char *json, const char *verdict)
{
	char member[64];

	(void)snprintf(member, sizeof(member), "\"verdict\":\"%s\"", verdict);
	return json != NULL && strstr(json, member) != NULL;
}

/* Take away every certificate but the AK's, where the proof is of our own format. */
static void strip(struct test_case *c)
{
	json_t *proof = json_loadb(c->proof.data, c->proof.len, 0, NULL);
	json_t *certificates = json_object_get(json_object_get(proof, "ak"), "certificates");

	while (json_array_size(certificates) > 1)
		(void)json_array_remove(certificates, 1);
	if (json_is_array(certificates)) {
		free(c->proof.data);
		c->proof.data = json_dumps(proof, 0);
		c->proof.len = strlen(c->proof.data);
	}
	json_decref(proof);
}

/* Each case once, alone. There must be something to tell apart. */
static void run_alone(void)
{
	size_t n_verified = 0, n_refused = 0;

	for (size_t i = 0; i < N_CASES; i++) {
		attest_verifier *verifier = new_verifier();

		case_load(&cases[i], "tests/cases", names[i]);
		if (i % 2 == 0 && !cases[i].has_parts)
			strip(&cases[i]);
		alone[i] = account(verifier, &cases[i]);
		n_verified += says(alone[i], "verified");
		n_refused += says(alone[i], "refused");
		attest_verifier_free(verifier);
	}
	if (n_verified < 10 || n_refused < 8 || n_verified + n_refused != N_CASES)
		broken("tests/cases", "not the cases that this test was made for");
}

int main(void)
{
	size_t n_failed = 0;

	(void)setenv("TSS2_LOG", "all+NONE", 1);
	run_alone();
	for (size_t i = 0; i < ROUNDS; i++)
		n_failed += run_round(i * 7);
	for (size_t i = 0; i < N_CASES; i++) {
		attest_string_free(alone[i]);
		case_free(&cases[i]);
	}
	(void)printf("%zu passed, %zu failed\n", (size_t)ROUNDS * THREADS - n_failed, n_failed);
	return n_failed == 0 ? 0 : 1;
}
