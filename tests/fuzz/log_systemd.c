/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd's log. A log that is walked to its end has as many events as record separators.
 */
#include "walk.h"

static size_t n_events;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void check(const struct event *event)
{
	REQUIRE(event->preimage.data == NULL);
	n_events++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n_separators = 0;

	for (size_t i = 0; i < size; i++)
		n_separators += data[i] == 0x1e;
	(void)is_systemd(slice_of(data, size));
	n_events = 0;
	walk_log(&walk_systemd, data, size, check);
	REQUIRE(n_events <= n_separators);
	return 0;
}
