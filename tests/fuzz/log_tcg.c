/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firmware's log: any bytes. Raw and in base64 it yields the same events, each of them within its bounds. Replayed,
 * each register comes to what libcrypto alone makes of those events; quoted so, the log explains it, and with a bit
 * flipped it does not. A log that is malformed proves nothing.
 */
#include <openssl/evp.h>

#include "trust/replay.h"
#include "walk.h"

enum { BANKS = N_ALGORITHMS };

static struct digest values[LIMIT_PCRS][BANKS]; /* what the events make of each register */
static bool touched[LIMIT_PCRS][BANKS], lacking[LIMIT_PCRS][BANKS];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void begin_values(void)
{
	memset(touched, 0, sizeof(touched));
	memset(lacking, 0, sizeof(lacking));
	for (uint8_t p = 0; p < LIMIT_PCRS; p++)
		for (size_t b = 0; b < BANKS; b++) {
			values[p][b] = (struct digest){.alg = digest_at(b), .size = digest_size(digest_at(b))};
			memset(values[p][b].bytes, p >= 17 && p <= 22 ? 0xff : 0, values[p][b].size);
		}
}

/* pcr = H(pcr || digest) */
static void extend(struct digest *pcr, struct slice digest)
{
	uint8_t both[2 * DIGEST_MAX];
	const EVP_MD *const mds[BANKS] = {EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512()};
	const EVP_MD *md = mds[digest_index(pcr->alg)];

	REQUIRE(digest.len == pcr->size && EVP_MD_get_size(md) == pcr->size);
	memcpy(both, pcr->bytes, pcr->size);
	memcpy(both + pcr->size, digest.data, digest.len);
	REQUIRE(EVP_Digest(both, pcr->size + digest.len, pcr->bytes, NULL, md, NULL) == 1);
}

static void measure(const struct event *event)
{
	for (size_t b = 0; b < BANKS; b++) {
		const struct event_digest *d = event_find_digest(event, digest_at(b));

		if (event->startup_locality >= 0)
			values[0][b].bytes[values[0][b].size - 1] = (uint8_t)event->startup_locality;
		if (!event->measured)
			continue;
		touched[event->pcr][b] = touched[event->pcr][b] || d != NULL;
		lacking[event->pcr][b] = lacking[event->pcr][b] || d == NULL;
		if (d != NULL)
			extend(&values[event->pcr][b], d->value);
	}
}

static void check(const struct event *event)
{
	REQUIRE(event->kind == EVENT_TCG && event->preimage.data == NULL);
	REQUIRE(event->startup_locality >= -1 && event->startup_locality <= 255);
	REQUIRE(event->startup_locality < 0 || !event->measured);
	measure(event);
}

static void replay(const struct log *log, const struct pcr_values *quoted, struct replay *ret_replay)
{
	struct arena arena = {NULL};
	struct findings findings = {.arena = &arena};
	struct attest_error e = {0};

	REQUIRE(replay_logs(ret_replay, quoted, log, 1, &findings, &e) == ATTEST_OK);
	REQUIRE(ret_replay->done && findings.internal == ATTEST_OK);
	REQUIRE(!ret_replay->logs[0].broken || findings.step_failed[ATTEST_STEP_LOG]);
	for (size_t i = 0; i < findings.n; i++) {
		fuzz_check_printable(findings.items[i].message, false);
		fuzz_check_printable(findings.items[i].where, false);
		fuzz_check_printable(findings.items[i].found, false);
	}
	arena_free(&arena);
}

/* Every register of every bank, as the events left it; `flipped` of them not quite. */
static void check_replay(const struct log *log, size_t flipped)
{
	static struct pcr_value quoted[LIMIT_PCRS * BANKS];
	static struct replay r;
	struct pcr_values all = {quoted, LIMIT_PCRS * BANKS};

	for (size_t i = 0; i < all.n; i++) {
		quoted[i] = (struct pcr_value){(uint8_t)(i / BANKS), values[i / BANKS][i % BANKS]};
		if (i % BANKS == flipped)
			quoted[i].value.bytes[i % 20] ^= 0x10;
	}
	replay(log, &all, &r);
	for (size_t i = 0; !r.logs[0].broken && i < all.n; i++) {
		size_t p = i / BANKS, b = i % BANKS;
		enum pcr_state state = replay_state(&r, &quoted[i]), open = PCR_INITIAL;

		/* A register that began elsewhere and has no event. */
		if (!touched[p][b] && (b == flipped || (p == 0 && !slice_is_zero(digest_slice(&values[0][b])))))
			open = PCR_UNEXPLAINED;
		if (!touched[p][b])
			REQUIRE(state == open);
		else
			REQUIRE(state == (b == flipped || lacking[p][b] ? PCR_CONTRADICTED : PCR_EXPLAINED));
	}
	for (size_t p = 0; p < LIMIT_PCRS; p++)
		REQUIRE(!r.proven[p] || !r.logs[0].broken);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct log log = {.format = "tcg", .place = "$.logs[0]", .walker = &walk_tcg, .pcr = -1};
	static struct replay alone;

	(void)is_tcg(slice_of(data, size));
	begin_values();
	walk_log(&walk_tcg, data, size, check);
	log.source = source_raw(slice_of(data, size));
	replay(&log, NULL, &alone);
	check_replay(&log, BANKS);
	check_replay(&log, fuzz_hash(data, size) % BANKS);
	return 0;
}
