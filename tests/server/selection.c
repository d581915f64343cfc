/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"

#include "tpm.h"

void selection_reads(void)
{
	struct attest_error e = {0};
	struct pcr_selection s = {0};

	CHECK_STATUS(pcr_selection_parse("sha256:0-15", &s, &e), ATTEST_OK);
	CHECK(s.pcrs[digest_index(ALG_SHA256)] == 0xFFFF && s.pcrs[digest_index(ALG_SHA1)] == 0);
	CHECK_STATUS(pcr_selection_parse("sha1:7+sha384:0,4,14-15,23", &s, &e), ATTEST_OK);
	CHECK(s.pcrs[digest_index(ALG_SHA1)] == 1u << 7);
	CHECK(s.pcrs[digest_index(ALG_SHA384)] == (1u | 1u << 4 | 3u << 14 | 1u << 23));
	CHECK(s.pcrs[digest_index(ALG_SHA256)] == 0);
}

void selection_refused(void)
{
	static const char *const bad[] = {"",           "sha256",    "sha256:",         "sha256:24",  "sha256:3-1",
					  "sha256:1,",  "sha256:1+", "sha257:1",        "sha256:1;2", "sha256:-1",
					  "sha256: 1",  "14",        "sha256:1-",       "sha256:1 ",  "sha256sha256:1",
					  "sha256:0x1", "+sha256:1", "sha256:1++sha1:1"};
	struct pcr_selection s = {
		.pcrs = {7, 7, 7, 7}
        };

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct attest_error e = {0};

		CHECK_STATUS(pcr_selection_parse(bad[i], &s, &e), ATTEST_E_USAGE);
		CHECK_TEXT(e.found, bad[i]);
	}
	CHECK(s.pcrs[0] == 7 && s.pcrs[3] == 7);
}
