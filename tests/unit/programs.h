/* SPDX-License-Identifier: Apache-2.0 */
/*
 * programs.h - EFI programs, and unified kernel images, that a test makes up.
 */
#ifndef UNIT_PROGRAMS_H
#define UNIT_PROGRAMS_H

#include <string.h>

#include "base/bytes.h"

/* Where the fields lie: Microsoft PE Format. The PE header begins at 64, the sections' contents at 1024. */
enum {
	AT_START = 60,
	AT_MACHINE = 68,
	AT_SECTIONS = 70,
	AT_OPTIONAL_SIZE = 84,
	AT_MAGIC = 88,
	AT_IMAGE_VERSION = 132,
	AT_HEADERS = 148,
	AT_CHECKSUM = 152,
	PROGRAM_HEADERS = 1024,
	PROGRAM_MOST = 16384,
};

struct program {
	uint8_t bytes[PROGRAM_MOST];
	size_t len, table;
	unsigned n;
	size_t certificates_at; /* their entry among the data directories */
};

static inline void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static inline void put32(uint8_t *at, uint32_t value)
{
	put16(at, value & 0xffff);
	put16(at + 2, value >> 16);
}

static inline void program_begin(struct program *p, bool plus)
{
	size_t directories = plus ? 112 : 96;

	memset(p, 0, sizeof(*p));
	memcpy(p->bytes, "MZ", 2);
	put32(p->bytes + AT_START, 64);
	memcpy(p->bytes + 64, "PE\0", 4);
	put16(p->bytes + AT_MACHINE, 0x8664);
	put16(p->bytes + AT_OPTIONAL_SIZE, (unsigned)directories + 16 * 8);
	put16(p->bytes + AT_MAGIC, plus ? 0x20b : 0x10b);
	put16(p->bytes + AT_IMAGE_VERSION, 1);
	put32(p->bytes + AT_HEADERS, PROGRAM_HEADERS);
	put32(p->bytes + AT_CHECKSUM, 0xc0ffee);
	put32(p->bytes + AT_MAGIC + directories - 4, 16);
	p->certificates_at = AT_MAGIC + directories + 4 * 8;
	p->table = AT_MAGIC + directories + 16 * 8;
	p->len = PROGRAM_HEADERS;
}

/* With contents behind what is there, and no byte between; the row of the table. */
static inline uint8_t *program_add(struct program *p, const char *name, const void *data, size_t len)
{
	uint8_t *row = p->bytes + p->table + 40 * (size_t)p->n++;

	for (size_t i = 0; i < 8 && name[i] != '\0'; i++)
		row[i] = (uint8_t)name[i];
	put32(row + 8, (uint32_t)len);
	put32(row + 16, (uint32_t)len);
	put32(row + 20, (uint32_t)p->len);
	memcpy(p->bytes + p->len, data, len);
	p->len += len;
	put16(p->bytes + AT_SECTIONS, p->n);
	return row;
}

static inline void program_append(struct program *p, const void *data, size_t len)
{
	memcpy(p->bytes + p->len, data, len);
	p->len += len;
}

/* A kernel that says that it is Linux of this version. */
static inline void program_kernel(struct program *p, const char *version)
{
	uint8_t setup[256] = {0};

	program_begin(p, true);
	program_add(p, ".setup", setup, sizeof(setup));
	memcpy(p->bytes + 0x202, "HdrS", 4);
	put16(p->bytes + 0x20e, 0x280 - 0x200);
	memcpy(p->bytes + 0x280, version, strlen(version));
}

static inline struct slice program_slice(const struct program *p)
{
	return slice_of(p->bytes, p->len);
}

#endif
