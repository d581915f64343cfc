/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.h - event rules: what the events of a PCR may and must be. docs/policy.md, "Event rules".
 *
 * What an event says counts only where its digest proves it, and its type never does: a type is not measured.
 */
#ifndef POLICY_RULES_H
#define POLICY_RULES_H

#include "logs/hashed.h"
#include "logs/uefi.h"
#include "trust/replay.h"

struct pin_value {
	const char *name; /* as the policy calls the value, or NULL */
	struct digest value;
};

/* Digests, sorted. */
struct digest_set {
	const char *name; /* of a named set, or NULL */
	struct pin_value *values;
	size_t n;
	struct pin_value first; /* as they were written */
};

/* Of values that are there already, at least one. */
void digest_set_sort(struct digest_set *set);
bool digest_set_has(const struct digest_set *set, struct slice digest);

enum rule_kind {
	RULE_DIGEST, /* digests */
	RULE_SEPARATOR,
	RULE_TEXT,        /* digests of texts[0] and others, in all forms */
	RULE_CMDLINE,     /* texts, prefix, words, not_words */
	RULE_SECURE_BOOT, /* enabled */
	RULE_VARIABLE,    /* vendor, texts[0] is the name; digests of its contents, or none */
	RULE_AUTHORITY,   /* digests of certificates, texts are the variables that may hold it */
	RULE_SECTION,     /* texts[0]; name_digest; digests of its contents */
	RULE_JSON,        /* object; texts[0] is its text */
	RULE_ANYTHING     /* texts[0] says why */
};

enum rule_count { COUNT_ONCE, COUNT_OPTIONAL, COUNT_SOME, COUNT_ANY };

struct texts {
	const char **items; /* printable ASCII but for RULE_TEXT */
	size_t n;
};

struct rule {
	const char *label; /* rule "name", or rule N from 0 */
	enum rule_kind kind;
	enum rule_count count;
	const struct digest_set *digests; /* NULL: none is asked for */
	struct texts texts, words, not_words;
	const char *prefix;
	const char *vendor; /* GUID in lower case */
	struct digest name_digest;
	bool enabled;
	json_t *object; /* owned */
};

/* The rules of one PCR. */
struct ruled {
	bool listed; /* in this order */
	struct rule *rules;
	size_t n;
};

/* Whose variable it is that EFI, its image security database or shim call so: a GUID in lower case; else NULL. */
const char *variable_vendor(const char *name);

/* The arena's owner frees the rest. */
void rules_free(struct ruled *ruled);
/* They name something that must be there, or nothing else may. */
bool rules_are_golden(const struct ruled *ruled);

/* What the events before this one say of it. */
struct rule_place {
	size_t n_separators;
	bool gap;         /* one of them does not hash to its digest */
	bool secure_boot; /* one of them is the variable SecureBoot */
};

enum {
	CMDLINE_MOST = 2047, /* that an x86 kernel sees */
	CMDLINE_ROOM = 8192
};

/* One event at a time on its way through the rules: what is found out about it is found out once. Zero it to start. */
struct matching {
	const struct event *event;
	const struct rule_place *place;
	uint16_t bank;        /* the policy's */
	struct digest digest; /* what was extended in it */
	struct hashing hashing;
	unsigned known; /* bit: which of the following are */
	struct slice part, cmdline;
	struct uefi_variable variable; /* name.data NULL: it is none, or not hashed whole */
	uint8_t certificate[32];       /* SHA-256, of an authority */
	bool has_certificate;
	json_t *object;
	char text[CMDLINE_ROOM]; /* of cmdline */
};

/* The next event, which stands in a PCR that is proven in `bank`. ATTEST_OK, or out of memory. */
attest_status matching_event(struct matching *m, const struct event *event, uint16_t bank, const struct replay *replay,
			     const struct rule_place *place, struct attest_error *error);
void matching_end(struct matching *m);
/* After each of these m->hashing.status says whether anything is known. */
bool rule_matches(const struct rule *rule, struct matching *m);
/* What the rule is about is what this event is: another value, perhaps. */
bool rule_reads(const struct rule *rule, struct matching *m);
/* What this event changes for those after it. */
void place_note(struct rule_place *place, struct matching *m);

/* rules_cmdline.c. `text` is printable ASCII and tabs. */
bool cmdline_matches(const struct rule *rule, struct slice text);
/* Why it does not, in words; "" where there is nothing more to say. */
void cmdline_explain(const struct rule *rule, struct slice text, struct line *line);
/* A word that can stand in a command line. */
bool cmdline_is_word(const char *word);

/* rules_tell.c: what a rule allows; of a section: that its contents must come next. */
void rule_describe(const struct rule *rule, bool contents, struct line *line);

#endif
