/* SPDX-License-Identifier: Apache-2.0 */
#include "hashed.h"

#include <string.h>

#include "uefi.h"

enum { HALF_NUL_MOST = 8192 }; /* a command line of 4096 characters */

void hashing_end(struct hashing *hashing)
{
	hasher_free(&hashing->hasher);
}

bool is_hash_of(struct hashing *h, struct slice part)
{
	const struct event_digest *d = event_find_digest(h->event, h->bank);
	struct digest digest;

	if (d == NULL)
		return h->event->preimage.data != NULL && slice_equal(h->event->preimage, part);
	if (part.data == NULL || h->status != ATTEST_OK)
		return false;
	h->status = hasher_compute(&h->hasher, h->bank, &part, 1, &digest, h->error);
	return h->status == ATTEST_OK && slice_equal(digest_slice(&digest), d->value);
}

struct slice hashed_part(struct hashing *h)
{
	struct slice data = h->event->data;

	for (size_t less = 0; less <= 2 && less <= data.len; less++) {
		struct slice part = slice_sub(data, 0, data.len - less);

		if (is_hash_of(h, part))
			return part;
	}
	return (struct slice){NULL, 0};
}

/* The data and one NUL more. */
static bool is_hash_with_nul(struct hashing *h)
{
	struct slice data = h->event->data;
	uint8_t longer[HALF_NUL_MOST + 1];

	if (data.len > HALF_NUL_MOST)
		return false;
	memcpy(longer, data.data, data.len);
	longer[data.len] = 0;
	return is_hash_of(h, slice_of(longer, data.len + 1));
}

bool hashed_utf16(struct hashing *h, struct slice *ret_text)
{
	struct slice data = h->event->data;

	if (data.len % 2 == 1 && data.len > 2 && data.data[data.len - 1] == 0)
		return text_is_utf16(slice_sub(data, 0, data.len - 1), ret_text) && is_hash_with_nul(h);
	return text_is_utf16(data, ret_text) && is_hash_of(h, data);
}

static bool is_name_character(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

bool section_name(const struct event *event, char ret_name[SECTION_NAME_SIZE])
{
	struct slice text;
	size_t width = text_is_utf16(event->data, &text) ? 2 : 1, len;

	if (width == 1 && !text_is_ascii(event->data, &text))
		return false;
	len = width == 2 ? text.len / 2 : slice_find(text, 0);
	if (len < 2 || len >= SECTION_NAME_SIZE || text.data[0] != '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_name_character(text.data[i * width]) || (width == 2 && text.data[i * width + 1] != 0))
			return false;
		ret_name[i] = (char)text.data[i * width];
	}
	ret_name[len] = '\0';
	return true;
}

bool hashed_section_name(struct hashing *h, char ret_name[SECTION_NAME_SIZE])
{
	return section_name(h->event, ret_name) && is_hash_of(h, slice_of(ret_name, strlen(ret_name) + 1));
}

bool grub_event_read(struct hashing *h, struct grub_event *ret_event)
{
	/* GRUB 2.06, and Red Hat's 2.02 before it. */
	static const struct {
		const char *prefix, *label;
	} known[] = {
		{"grub_cmd: ",           "grub_cmd"      },
		{"kernel_cmdline: ",     "kernel_cmdline"},
		{"module_cmdline: ",     "module_cmdline"},
		{"grub_cmd ",            "grub_cmd"      },
		{"grub_kernel_cmdline ", "kernel_cmdline"},
	};
	struct slice data = h->event->data;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct slice prefix = slice_of_string(known[i].prefix), rest;

		if (!slice_equal(slice_sub(data, 0, prefix.len), prefix))
			continue;
		rest = slice_sub(data, prefix.len, data.len);
		*ret_event = (struct grub_event){known[i].label, slice_sub(rest, 0, slice_find(rest, 0)), false};
		ret_event->hashed =
			is_hash_of(h, ret_event->text) || is_hash_of(h, slice_sub(rest, 0, ret_event->text.len + 1));
		return true;
	}
	return false;
}

bool extends_bank(const struct event *event, uint16_t bank)
{
	return event->measured && (event_find_digest(event, bank) != NULL || event->preimage.data != NULL);
}
