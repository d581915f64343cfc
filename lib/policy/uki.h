/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uki.h - a unified kernel image: systemd-stub with a kernel and all that belongs to it as sections.
 */
#ifndef POLICY_UKI_H
#define POLICY_UKI_H

#include "pe.h"

enum { UKI_PARTS = 16 };

struct uki_part {
	const char *section; /* ".linux" */
	const char *title;   /* "kernel (.linux)" */
	struct slice contents;
};

struct uki {
	struct pe pe;
	const char *stub;                 /* as it names itself: "systemd-stub 252.39-1" */
	struct uki_part parts[UKI_PARTS]; /* what the stub measures, in its order */
	size_t n_parts;
	struct pe kernel;
	const char *kernel_version; /* its first word, or NULL where it does not say */
	bool kernel_measures;       /* its own stub measures command line and initrd: Linux 6.1 and later */
	const char *cmdline;        /* .cmdline as text, or NULL */
	struct slice initrd;        /* .initrd, or empty */
	const char *initrd_joined;  /* why the kernel gets more than that from the stub, or NULL */
};

/*
 * An image whose boot can be told in advance. ATTEST_E_STRUCTURE where it is none, with what it has instead; the
 * image outlives the result, the rest lives in the arena.
 */
attest_status uki_parse(struct arena *arena, struct slice image, struct uki *ret_uki, struct attest_error *error);
const struct uki_part *uki_part(const struct uki *uki, const char *section);

#endif
