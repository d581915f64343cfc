/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.h - the tree's one way to clean up. What lives as long as a proof, a policy or a result comes from its arena;
 * what lives shorter is declared with DEFER and freed on every way out.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdarg.h>
#include <stddef.h>

#include "bytes.h"

struct arena_block;

/* Zero it to start; allocations live until arena_free(). */
struct arena {
	struct arena_block *head;
};

/* Zeroed memory, aligned for any type; NULL without memory or where n * size overflows. */
void *arena_alloc(struct arena *arena, size_t n, size_t size);
void *arena_copy(struct arena *arena, const void *data, size_t len);
char *arena_string(struct arena *arena, struct slice text);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *arena);

/* DEFER(free_fn) type *x = …: free_fn(&x) runs when x goes out of scope. */
#define DEFER(fn) __attribute__((cleanup(fn)))
#define DEFINE_DEFER(type, fn)                                                                                         \
	static inline void fn##_deferred(type **p)                                                                     \
	{                                                                                                              \
		fn(*p);                                                                                                \
	}                                                                                                              \
	struct swallow_semicolon
/* Hand the pointer on to a new owner. */
#define TRANSFER(p)                                                                                                    \
	__extension__({                                                                                                \
		__typeof__(p) transferred_ = (p);                                                                      \
		(p) = NULL;                                                                                            \
		transferred_;                                                                                          \
	})

#endif
