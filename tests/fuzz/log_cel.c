/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Canonical Event Log in TLV and in JSON.
 */
#include "logs/ima.h"
#include "walk.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void check(const struct event *event)
{
	struct ima_fields f;

	REQUIRE(event->preimage.data == NULL || event->kind == EVENT_IMA);
	if (ima_fields_read(event, &f))
		REQUIRE(event->kind == EVENT_IMA);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)is_cel_tlv(slice_of(data, size));
	(void)is_cel_json(slice_of(data, size));
	walk_log(&walk_cel_tlv, data, size, check);
	walk_log(&walk_cel_json, data, size, check);
	return 0;
}
