/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"

#include "quotes.h"

#include <stdio.h>
#include <time.h>

#include "measured.h"

/* Short turns, one of each kind after the other, so that both see the same machine. */
enum { TURNS = 15, TURN_MS = 200 };

static double seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool make_one(struct bench *b, bool whole, const struct pcr_selection *selection)
{
	static uint8_t nonce[32];
	struct prover_ask ask = {.nonce = slice_of(nonce, sizeof(nonce))};
	struct attest_error e = {0};
	struct tpm_quote quote;
	char *json = NULL;
	size_t len;
	attest_status status = whole ? prover_prove(b->prover, &ask, &json, &len, &e)
				     : tpm_quote(b->tpm, b->ak.key, selection, ask.nonce, &quote, &e);

	free(json);
	return status == ATTEST_OK;
}

/* 0 where it fails. */
static double rate(struct bench *b, bool whole, const struct pcr_selection *selection)
{
	double start = seconds(), now = start;
	unsigned n = 0;

	while (now - start < TURN_MS / 1e3) {
		if (!make_one(b, whole, selection))
			return 0;
		n++;
		now = seconds();
	}
	return n / (now - start);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool compare(struct bench *b)
{
	struct attest_error e = {0};
	struct pcr_selection selection;
	double bare[TURNS], proofs[TURNS], ratios[TURNS];

	if (pcr_selection_parse("sha256:0-15+sha1:14", &selection, &e) != ATTEST_OK)
		return false;
	for (int i = 0; i < TURNS; i++) {
		bare[i] = rate(b, false, &selection);
		proofs[i] = rate(b, true, &selection);
		if (bare[i] <= 0 || proofs[i] <= 0)
			return false;
		ratios[i] = proofs[i] / bare[i];
	}
	qsort(bare, TURNS, sizeof(bare[0]), by_value);
	qsort(proofs, TURNS, sizeof(proofs[0]), by_value);
	qsort(ratios, TURNS, sizeof(ratios[0]), by_value);
	(void)printf("%s: %.0f quotes/s of the TPM alone, %.0f fresh proofs/s: ratio %.2f\n", bench_algorithm,
		     bare[TURNS / 2], proofs[TURNS / 2], ratios[TURNS / 2]);
	return true;
}

int quotes_bench(void)
{
	static const char *const algorithms[] = {"ecc256", "rsa2048"};
	bool ok = true;

	for (size_t i = 0; ok && i < COUNT(algorithms); i++) {
		struct bench b;

		bench_algorithm = algorithms[i];
		ok = bench_measured(&b) && compare(&b);
		bench_close(&b);
	}
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
