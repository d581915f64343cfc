/* SPDX-License-Identifier: Apache-2.0 */
/* With a software TPM: what the prover makes, libattest must accept. */
#include "list.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "measured.h"
#include "self_check.h"

enum { PCR_IMA = 10 };

/* libattest's status on a proof that was asked so, when it expects this. */
static attest_status verdict(const struct bench *b, const struct prover_ask *ask, const struct self_check *expected)
{
	struct attest_error e = {0};
	char *json = NULL;
	size_t len = 0;
	bool anchored = false;
	attest_status status = prover_prove(b->prover, ask, &json, &len, &e);

	CHECK_STATUS(status, ATTEST_OK);
	if (status != ATTEST_OK)
		return status;
	CHECK(strlen(json) == len);
	status = self_check(&b->ak, expected, slice_of(json, len), &anchored, &e);
	CHECK(status != ATTEST_OK || anchored);
	free(json);
	return status;
}

void prover_binds_the_key(void)
{
	static const uint8_t nonce[64] = {1, 2, 3}, other[64] = {1, 2, 4};
	struct bench b;

	if (bench_measured(&b)) {
		struct prover_ask standing = {
			.nonce = {NULL, 0}
                };
		struct self_check none = {.has_tls = true};

		CHECK_STATUS(verdict(&b, &standing, &none), ATTEST_OK);
		for (size_t len = 8; len <= 64; len += 28) {
			struct prover_ask ask = {.nonce = slice_of(nonce, len)};
			struct self_check same = {.nonce = slice_of(nonce, len), .has_tls = true};
			struct self_check wrong = {.nonce = slice_of(other, len), .has_tls = true};

			CHECK_STATUS(verdict(&b, &ask, &same), ATTEST_OK);
			CHECK_STATUS(verdict(&b, &ask, &wrong), ATTEST_E_NONCE);
		}
	}
	bench_close(&b);
}

void prover_binds_the_session(void)
{
	static const uint8_t nonce[32] = {1}, session[EXPORTER_SIZE] = {2}, other[EXPORTER_SIZE] = {3};
	struct bench b;

	if (bench_measured(&b)) {
		struct prover_ask ask = {slice_of(nonce, 32), slice_of(session, EXPORTER_SIZE)};
		struct self_check same = {slice_of(nonce, 32), slice_of(session, EXPORTER_SIZE), true};
		struct self_check wrong = {slice_of(nonce, 32), slice_of(other, EXPORTER_SIZE), true};
		struct self_check none = {.nonce = slice_of(nonce, 32), .has_tls = true};

		CHECK_STATUS(verdict(&b, &ask, &same), ATTEST_OK);
		CHECK(verdict(&b, &ask, &wrong) != ATTEST_OK);
		CHECK(verdict(&b, &ask, &none) != ATTEST_OK);
	}
	bench_close(&b);
}

/* A PCR that no log of ours covers changes: the next proof has the new value. */
void prover_follows_pcrs(void)
{
	static const uint8_t nonce[32] = {1};
	struct bench b;

	if (bench_measured(&b)) {
		struct prover_ask ask = {.nonce = slice_of(nonce, 32)};
		struct self_check same = {.nonce = slice_of(nonce, 32), .has_tls = true};

		for (unsigned pcr = 0; pcr < 8; pcr += 7) {
			struct attest_error e = {0};

			CHECK_STATUS(tpm_extend(b.tpm, pcr, slice_of_string("firmware"), &e), ATTEST_OK);
			CHECK_STATUS(verdict(&b, &ask, &same), ATTEST_OK);
		}
	}
	bench_close(&b);
}

/* One entry of template ima-ng; *ret_data is what is extended. */
static size_t ima_entry(uint8_t *entry, char name, struct slice *ret_data)
{
	static const uint8_t head[] = {PCR_IMA, 0, 0, 0},
			     length[] = {6, 0, 0, 0, 'i', 'm', 'a', '-', 'n', 'g', 55, 0, 0, 0};
	uint8_t *data = entry + 4 + 20 + 14;
	static const uint8_t digest_head[] = {40, 0, 0, 0, 's', 'h', 'a', '2', '5', '6', ':', 0};

	memcpy(entry, head, 4);
	memcpy(entry + 24, length, sizeof(length));
	memcpy(data, digest_head, sizeof(digest_head));
	memset(data + 12, name, 32);
	memcpy(data + 44, (const uint8_t[]){7, 0, 0, 0, '/', 'b', 'i', 'n', '/', (uint8_t)name, 0}, 11);
	(void)SHA1(data, 55, entry + 4);
	*ret_data = slice_of(data, 55);
	return 4 + 20 + 14 + 55;
}

static void append(const char *path, struct slice bytes)
{
	FILE *file = fopen(path, "ab");

	CHECK(file != NULL && fwrite(bytes.data, 1, bytes.len, file) == bytes.len);
	if (file != NULL)
		(void)fclose(file);
}

/* IMA goes on measuring. A log that is ahead of the TPM for good never fits, and no proof is made of it. */
void prover_follows_ima(void)
{
	static const uint8_t nonce[32] = {1};
	struct prover_ask ask = {.nonce = slice_of(nonce, 32)};
	struct self_check same = {.nonce = slice_of(nonce, 32), .has_tls = true};
	struct attest_error e = {0};
	uint8_t entry[128];
	struct slice data;
	size_t len = ima_entry(entry, 'a', &data);
	struct bench b;
	char *path, *json = NULL;

	if (!bench_open(&b)) {
		bench_close(&b);
		return;
	}
	path = folder_path(&b.folder, "ima");
	append(path, slice_of(entry, len));
	CHECK_STATUS(tpm_extend(b.tpm, PCR_IMA, data, &e), ATTEST_OK);
	logs_close(&b.logs);
	CHECK_STATUS(logs_open(&(struct logs_options){.ima = path, .no_defaults = true}, &b.logs, &e), ATTEST_OK);
	CHECK_STATUS(state_measure(b.state, b.tpm, &b.plan, &e), ATTEST_OK);
	CHECK_STATUS(prover_check(b.prover, true, &e), ATTEST_OK);
	CHECK_STATUS(verdict(&b, &ask, &same), ATTEST_OK);
	len = ima_entry(entry, 'b', &data);
	append(path, slice_of(entry, len));
	CHECK_STATUS(verdict(&b, &ask, &same), ATTEST_OK); /* not read yet: the PCR is as it was */
	CHECK_STATUS(tpm_extend(b.tpm, PCR_IMA, data, &e), ATTEST_OK);
	CHECK_STATUS(verdict(&b, &ask, &same), ATTEST_OK);
	len = ima_entry(entry, 'c', &data);
	append(path, slice_of(entry, len));
	CHECK_STATUS(tpm_extend(b.tpm, 0, slice_of_string("so that the log is read again"), &e), ATTEST_OK);
	CHECK_STATUS(prover_prove(b.prover, &ask, &json, &len, &e), ATTEST_E_LOG_MISMATCH);
	CHECK(json == NULL);
	error_clear(&e);
	CHECK_STATUS(tpm_extend(b.tpm, PCR_IMA, data, &e), ATTEST_OK);
	CHECK_STATUS(verdict(&b, &ask, &same), ATTEST_OK); /* and it recovers */
	bench_close(&b);
}

/* Somebody else extends PCR 15 behind our back: a proof would be refused, so that there is none. */
void prover_refuses_itself(void)
{
	struct prover_ask standing = {
		.nonce = {NULL, 0}
        };
	struct attest_error e = {0};
	struct bench b;
	char *json = NULL;
	size_t len;

	if (bench_measured(&b)) {
		CHECK_STATUS(tpm_extend(b.tpm, PCR_KEY, slice_of_string("{\"type\":\"tls-key\"}"), &e), ATTEST_OK);
		CHECK_STATUS(prover_prove(b.prover, &standing, &json, &len, &e), ATTEST_E_LOG_MISMATCH);
		CHECK(json == NULL && strstr(e.message, "refused by every verifier") != NULL);
	}
	bench_close(&b);
}

static off_t size_of(const char *path)
{
	struct stat info = {0};

	CHECK(stat(path, &info) == 0);
	return info.st_size;
}

/* What goes to the TPM and comes back for a proof is what does for a quote. */
void prover_asks_the_tpm_once(void)
{
	static const uint8_t nonce[32] = {1};
	struct prover_ask ask = {.nonce = slice_of(nonce, 32)};
	struct attest_error e = {0};
	struct test_folder folder = folder_make();
	char *record = folder_path(&folder, "record"), *json = NULL;
	struct pcr_selection selection;
	struct tpm_quote quote;
	struct bench b;
	off_t begin, bare;
	size_t len;

	(void)setenv("TCTI_PCAP_FILE", record, 1);
	bench_tcti_prefix = "pcap:";
	CHECK_STATUS(pcr_selection_parse("sha256:0-15+sha1:14", &selection, &e), ATTEST_OK);
	if (bench_measured(&b)) {
		begin = size_of(record);
		CHECK_STATUS(tpm_quote(b.tpm, b.ak.key, &selection, slice_of(nonce, 32), &quote, &e), ATTEST_OK);
		bare = size_of(record) - begin;
		CHECK(bare > 0);
		for (int i = 0; i < 3; i++) {
			begin = size_of(record);
			CHECK_STATUS(prover_prove(b.prover, &ask, &json, &len, &e), ATTEST_OK);
			CHECK(size_of(record) - begin < bare + bare / 4); /* a signature may be some bytes longer */
			free(json);
		}
	}
	bench_tcti_prefix = "";
	bench_close(&b);
	folder_remove(&folder);
}

/* The log is there before the TPM knows: without a TPM the event is written, and not counted. */
void state_is_write_ahead(void)
{
	struct attest_error e = {0};
	struct arena arena = {NULL};
	struct slice log;
	struct bench b;

	if (bench_open(&b)) {
		demo_stop(&b.demo);
		CHECK_STATUS(state_measure(b.state, b.tpm, &b.plan, &e), ATTEST_E_IO);
		CHECK(!state_is_restart(b.state));
		error_clear(&e);
		CHECK_STATUS(file_read(&arena, folder_path(&b.folder, "events"), 4096, &log, &e), ATTEST_OK);
		CHECK(strstr((const char *)log.data, b.plan.events[0].text) != NULL);
		CHECK(strstr((const char *)log.data, b.plan.events[1].text) == NULL);
	}
	arena_free(&arena);
	bench_close(&b);
}

void demo_leaves_nothing(void)
{
	struct attest_error e = {0};
	struct demo demo = {.leash = -1};
	struct stat info;
	char folder[DEMO_PATH_SIZE];

	CHECK_STATUS(demo_start(NULL, &demo, &e), ATTEST_OK);
	memcpy(folder, demo.folder, sizeof(folder));
	CHECK(stat(folder, &info) == 0 && (info.st_mode & 0777) == 0700);
	demo_stop(&demo);
	CHECK(stat(folder, &info) != 0);
	demo_stop(&demo);
}
