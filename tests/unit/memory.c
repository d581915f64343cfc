/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <stdint.h>

#include "unit.h"

void memory_alloc(void)
{
	struct arena arena = {NULL};
	unsigned char *all[200];
	size_t n_wrong = 0;

	for (size_t i = 0; i < COUNT(all); i++) {
		all[i] = arena_alloc(&arena, i, 97);
		CHECK(all[i] != NULL && (uintptr_t)all[i] % _Alignof(max_align_t) == 0);
		CHECK(slice_is_zero(slice_of(all[i], i * 97)));
		memset(all[i], (int)i, i * 97);
	}
	for (size_t i = 0; i < COUNT(all); i++)
		for (size_t k = 0; k < i * 97; k++)
			if (all[i][k] != (unsigned char)i)
				n_wrong++;
	CHECK(n_wrong == 0); /* none lies in another */
	arena_free(&arena);
	CHECK(arena.head == NULL);
	arena_free(&arena);
}

void memory_overflow(void)
{
	struct arena arena = {NULL};

	CHECK(arena_alloc(&arena, SIZE_MAX, 2) == NULL);
	CHECK(arena_alloc(&arena, SIZE_MAX / 2 + 1, 2) == NULL);
	CHECK(arena_alloc(&arena, SIZE_MAX, 1) == NULL);
	CHECK(arena_alloc(&arena, SIZE_MAX - 40, 1) == NULL);
	CHECK(arena_string(&arena, slice_of("", SIZE_MAX)) == NULL);
	CHECK(arena_alloc(&arena, 0, SIZE_MAX) != NULL); /* nothing, of whatever size */
	CHECK(arena_alloc(&arena, 1 << 20, 1) != NULL);
	arena_free(&arena);
}

void memory_text(void)
{
	struct arena arena = {NULL};
	char *copy = arena_copy(&arena, "a\0b", 3);
	char *text = arena_string(&arena, slice_of("a\0b", 3));

	CHECK(memcmp(copy, "a\0b", 3) == 0);
	CHECK(memcmp(text, "a\0b", 4) == 0);
	CHECK(arena_copy(&arena, NULL, 0) != NULL);
	CHECK_TEXT(arena_string(&arena, slice_of(NULL, 0)), "");
	CHECK_TEXT(arena_printf(&arena, "%s %d", "x", 7), "x 7");
	text = arena_printf(&arena, "%*d", 20000, 1);
	CHECK(strlen(text) == 20000 && text[19999] == '1' && text[0] == ' ');
	arena_free(&arena);
}

static int n_freed;

static void count_free(int *p)
{
	n_freed += p != NULL;
}

DEFINE_DEFER(int, count_free);

static int *keep(int *p)
{
	DEFER(count_free_deferred) int *mine = p;

	return TRANSFER(mine);
}

void memory_defer(void)
{
	int x = 0;

	n_freed = 0;
	CHECK(keep(&x) == &x && n_freed == 0);
	{
		DEFER(count_free_deferred) int *mine = &x;

		CHECK(mine == &x);
	}
	CHECK(n_freed == 1);
}
