/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer.h"

#include "list.h"

void buffer_keeps_order(void)
{
	struct buffer buffer = {0};
	uint8_t next = 0, want = 0;

	/* Sizes that make it grow, and move to its front. */
	for (size_t round = 0; round < 2000; round++) {
		uint8_t *to = buffer_room(&buffer, round % 97);

		for (size_t i = 0; to != NULL && i < round % 97; i++)
			to[i] = next++;
		buffer_grew(&buffer, round % 97);
		for (size_t i = 0; i < round % 89 && buffer.len > 0; i++) {
			CHECK(buffer_slice(&buffer).data[0] == want++);
			buffer_drop(&buffer, 1);
		}
	}
	CHECK(!buffer.failed && (uint8_t)(want + buffer.len) == next);
	buffer_free(&buffer);
}

void buffer_fails(void)
{
	struct buffer buffer = {0};

	CHECK(buffer_room(&buffer, SIZE_MAX) == NULL && buffer.failed);
	buffer.failed = false;
	buffer_add_format(&buffer, "%600d", 1);
	CHECK(buffer.failed && buffer.len == 0);
	buffer_free(&buffer);
	buffer_add_format(&buffer, "%511d", 1);
	CHECK(!buffer.failed && buffer.len == 511);
	buffer_empty(&buffer);
	CHECK(buffer_slice(&buffer).len == 0 && buffer_slice(&buffer).data == NULL);
	buffer_free(&buffer);
}
