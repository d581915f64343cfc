/* SPDX-License-Identifier: Apache-2.0 */
/* inspect_html.h - what the pages of an inspection and of a comparison have in common. */
#ifndef CLI_INSPECT_HTML_H
#define CLI_INSPECT_HTML_H

#include "inspect.h"

/* Markup with a text for every $, in their order. The texts are escaped, whatever they hold, and this is the only way
 * for them into a page: the markup itself is always a literal. NULL stands for nothing. */
#define HTML(out, markup, ...)                                                                                         \
	html_put((out), (markup), (const char *const[]){__VA_ARGS__},                                                  \
		 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))
void html_put(FILE *out, const char *markup, const char *const *texts, size_t n_texts);

struct link {
	const char *id, *name;
	bool there; /* false: the page has no such section */
};

/* Everything up to the first section, and after the last. */
void html_begin(FILE *out, const struct view *v, const char *title, const char *words);
void html_contents(FILE *out, const struct link *links, size_t n);
void html_end(FILE *out, const struct view *v, size_t n_subjects);

/* One event as a line that unfolds. `id`: with an anchor, for links to it; once a page. `other`: the event that it
 * differs from, or NULL; what differs is marked. */
void html_event(FILE *out, const struct view *v, const json_t *event, const json_t *other, bool id);
/* A mark with a word: class, sign, word. */
void html_badge(FILE *out, const char *class, const char *sign, const char *word);
void html_mark(FILE *out, struct mark mark);

extern const char page_style[], page_script[];

#endif
