/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(max_align_t) unsigned char bytes[];
};

enum { BLOCK_SIZE = 8192, ALIGNMENT = _Alignof(max_align_t) };

static struct arena_block *new_block(struct arena *arena, size_t size)
{
	struct arena_block *block;

	if (size > SIZE_MAX - sizeof(*block))
		return NULL;
	block = malloc(sizeof(*block) + size);
	if (block == NULL)
		return NULL;
	block->used = 0;
	block->size = size;
	block->next = arena->head;
	arena->head = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t n, size_t size)
{
	struct arena_block *block = arena->head;
	size_t total;
	void *p;

	if (__builtin_mul_overflow(n, size, &total) || total > SIZE_MAX - ALIGNMENT)
		return NULL;
	total = (total + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (block == NULL || total > block->size - block->used) {
		block = new_block(arena, total > BLOCK_SIZE ? total : BLOCK_SIZE);
		if (block == NULL)
			return NULL;
	}
	p = block->bytes + block->used;
	block->used += total;
	return memset(p, 0, total);
}

void *arena_copy(struct arena *arena, const void *data, size_t len)
{
	void *p = arena_alloc(arena, len, 1);

	if (p != NULL && len != 0)
		memcpy(p, data, len);
	return p;
}

char *arena_string(struct arena *arena, struct slice text)
{
	char *p = text.len == SIZE_MAX ? NULL : arena_alloc(arena, text.len + 1, 1);

	if (p != NULL && text.len != 0)
		memcpy(p, text.data, text.len);
	return p;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	char *p = NULL;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	if (len >= 0)
		p = arena_alloc(arena, (size_t)len + 1, 1);
	if (p != NULL)
		(void)vsnprintf(p, (size_t)len + 1, format, again);
	va_end(again);
	va_end(args);
	return p;
}

void arena_free(struct arena *arena)
{
	struct arena_block *next;

	for (struct arena_block *block = arena->head; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	arena->head = NULL;
}
