/* SPDX-License-Identifier: Apache-2.0 */
/* inspect_text.h - what the texts of an inspection and of a comparison have in common. */
#ifndef CLI_INSPECT_TEXT_H
#define CLI_INSPECT_TEXT_H

#include "inspect.h"

enum { RED = 31, GREEN = 32, YELLOW = 33 };

void put_colored(FILE *out, const struct view *v, int color, const char *text);
/* Colour 0: none. */
void put_padded(FILE *out, const struct view *v, int color, const char *text, int width);
void put_event(FILE *out, const struct view *v, const json_t *event, int type_width);
/* Fields and digests, after `margin` spaces. */
void put_event_details(FILE *out, const json_t *event, int margin);
int widest_type(const json_t *events);

#endif
