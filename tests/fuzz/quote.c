/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPMS_ATTEST. What was accepted is read once more here, member by member (TPM 2.0 Part 2, 10.12.8), and must be the
 * same.
 */
#include "evidence/quote.h"
#include "fuzz.h"

static uint64_t read_be(struct reader *r, size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value = value << 8 | reader_u8(r);
	return value;
}

static struct slice read_2b(struct reader *r)
{
	return reader_bytes(r, reader_u16be(r));
}

static void check_selection(struct reader *r, const struct pcr_selection *selection)
{
	REQUIRE(read_be(r, 4) == selection->n_banks);
	for (size_t i = 0; i < selection->n_banks; i++) {
		uint32_t pcrs = 0;
		uint8_t size;

		REQUIRE(reader_u16be(r) == selection->banks[i].alg);
		size = reader_u8(r);
		REQUIRE(size <= 4);
		for (uint8_t k = 0; k < size; k++)
			pcrs |= (uint32_t)reader_u8(r) << (8 * k);
		REQUIRE(pcrs == selection->banks[i].pcrs);
	}
}

static void check_quote(struct slice raw, const struct quote *quote)
{
	struct reader r = reader_of(raw);

	REQUIRE(read_be(&r, 4) == 0xff544347 && read_be(&r, 2) == 0x8018);
	(void)read_2b(&r); /* qualifiedSigner */
	REQUIRE(slice_equal(read_2b(&r), slice_of(quote->extra, quote->extra_len)));
	REQUIRE(read_be(&r, 8) == quote->clock);
	REQUIRE(read_be(&r, 4) == quote->reset_count && read_be(&r, 4) == quote->restart_count);
	REQUIRE((reader_u8(&r) != 0) == quote->clock_safe);
	REQUIRE(read_be(&r, 8) == quote->firmware_version);
	check_selection(&r, &quote->selection);
	REQUIRE(slice_equal(read_2b(&r), slice_of(quote->pcr_digest, quote->pcr_digest_len)));
	REQUIRE(reader_done(&r));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_error e = {0};
	struct quote quote;
	attest_status status = quote_parse(slice_of(data, size), &quote, &e);

	fuzz_check_error(status, &e);
	if (status == ATTEST_OK)
		check_quote(slice_of(data, size), &quote);
	return 0;
}
