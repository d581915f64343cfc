/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lint can say. The ids are part of the interface.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/json_write.h"
#include "lint.h"

enum { MOST_LISTED = 1000 };

static const struct {
	const char *id, *severity, *hint;
} kinds[N_LINT_KINDS] = {
	[LINT_ANCHOR_EXPIRED] =
		{"anchor-expired",          "note",
				       "proofs whose chain needs this certificate are refused from that day on; others are not"               },
	[LINT_ANCHOR_EXPIRES] =
		{"anchor-expires",          "note",
				       "see to it that your machines get certificates of its successor, and update libattest"                 },
	[LINT_ANYTHING_ANY] = {"anything-any",            "note",    "whatever else is measured there will be accepted"               },
	[LINT_ANYTHING_IN_ORDER] = {"anything-in-order",       "warning",
				       "say what the event may be, or move the rule to where it hides nothing"                                },
	[LINT_BANK_SHA1] = {"bank-sha1",               "warning", "SHA-1 can be made to collide: use a bank of a stronger hash"    },
	[LINT_CMDLINE_CONTRADICTION] = {"cmdline-contradiction",   "error",
                                       "no command line can satisfy the rule: mend it"                                                        },
	[LINT_CMDLINE_DEAD_TEXT] = {"cmdline-dead-text",       "warning", "take the text out, or mend the words"                           },
	[LINT_CMDLINE_OPEN] = {"cmdline-open",            "warning",
				       "give the whole line (is), or forbid what would hand the machine over: \"not_words\": "
			       "[\"init=\", \"rdinit=\", \"systemd.unit=\", ...]"                                                             },
	[LINT_CMDLINE_UNSAID] = {"cmdline-unsaid",          "warning",
				       "with another command line the same kernel starts another system: pin or rule PCR 12 "
				 "(systemd-stub), 8 and 9 (GRUB) or 11 (in a unified kernel image)"                                           },
	[LINT_DUPLICATE_VALUE] = {"duplicate-value",         "warning", "one of them may be a copying mistake"                           },
	[LINT_EMPTY_RULES] = {"empty-rules",             "note",    "the PCR must be untouched: is that what is meant?"              },
	[LINT_FIRMWARE_UNSAID] =
		{"firmware-unsaid",         "warning",
				       "firmware can lie about all that it starts: pin or rule the PCR, or ignore it and say why"             },
	[LINT_IGNORED_WITHOUT_REASON] = {"ignored-without-reason",  "warning", "write {\"ignore\": \"the reason\"}"                             },
	[LINT_IMA_AGGREGATE_OPTIONAL] = {"ima-aggregate-optional",  "note",
                                       "the boot aggregate ties IMA's log to this boot's PCR 0 to 9"                                          },
	[LINT_IMA_EXCLUDES_PROGRAMS] = {"ima-excludes-programs",   "warning",
                                       "whatever is put there may run: exclude what holds data alone"                                         },
	[LINT_IMA_VIOLATIONS_EXCLUDED] =
		{"ima-violations-excluded", "note",
				       "the log alone says of which file a violation is: its writer chooses the path"                         },
	[LINT_KERNEL_UNSAID] = {"kernel-unsaid",           "warning",
				       "pin or rule PCR 4, and 9 or 11 where the initrd is measured"                                          },
	[LINT_MANY_VALUES] = {"many-values",             "note",    "take out the values of releases that are gone; rules need fewer"},
	[LINT_NO_GOLDEN_VALUES] =
		{"no-golden-values",        "warning",
				       "the verdict cannot be better than inconclusive: nothing is compared with the software"                },
	[LINT_NONCE_NOT_REQUIRED] =
		{"nonce-not-required",      "warning",
				       "an old proof, of before an update or a break-in, is accepted: \"nonce\": \"required\""                },
	[LINT_ONLY_ANYTHING] = {"only-anything",           "warning",
				       "the rules say nothing: ignore the PCR, or say what it may hold"                                       },
	[LINT_PCR_UNASSIGNED] = {"pcr-unassigned",          "note",    "TPMs of today have PCR 0 to 23: is the index right?"            },
	[LINT_PIN_CONTRADICTS_RULES] = {"pin-contradicts-rules",   "error",
                                       "no events that the rules take give a pinned value: one of the two is wrong"                           },
	[LINT_PINS_CONTRADICT] = {"pins-contradict",         "error",
				       "no value is allowed by both: move the pin into the releases"                                          },
	[LINT_PLATFORM_EXPIRED] = {"platform-expired",        "error",
				       "no proof of this platform can be verified: update libattest"                                          },
	[LINT_PLATFORM_UNSAID] = {"platform-unsaid",         "warning",
				       "machines of any cloud or added root are accepted: name those that are yours"                          },
	[LINT_PLATFORM_VENDOR] =
		{"platform-vendor",         "warning",
				       "a manufacturer's certificate says that the key lives in a TPM, not whose: anybody can buy "
		 "such a machine and extend its PCRs at will"										 },
	[LINT_PLATFORM_VOID] = {"platform-void",           "error",
				       "AWS certifies no TPM keys: no proof can satisfy this policy"                                          },
	[LINT_RELEASE_EXPIRED] = {"release-expired",         "warning", "take the release out"                                           },
	[LINT_RELEASE_NAMES_ALIKE] = {"release-names-alike",     "warning", "give them names that people can tell apart"                     },
	[LINT_RELEASES_EXPIRED] = {"releases-expired",        "error",   "no machine is accepted any more: merge a new release"           },
	[LINT_RELEASES_NEVER_END] = {"releases-never-end",      "note",    "give the old one an end: \"until\""                             },
	[LINT_RESETTABLE_ACCEPTED] =
		{"resettable-accepted",     "warning",
				       "any software can set PCR 16 and 23 to what is asked for: see \"Resettable PCRs\""                     },
	[LINT_RESETTABLE_REFUSED] =
		{"resettable-refused",      "error",
				       "it proves nothing and so never holds: use another PCR, or \"resettable_pcrs\": \"accept\""            },
	[LINT_RULE_IMPOSSIBLE] = {"rule-impossible",         "error",   "no machine is accepted: move the rule before the other"         },
	[LINT_RULE_TWICE] = {"rule-twice",              "warning", "the same event must be measured twice: is that what is meant?"  },
	[LINT_RULE_UNREACHABLE] = {"rule-unreachable",        "warning",
				       "it says nothing: take it out, or move it before the other"                                            },
	[LINT_SECURE_BOOT_OFF] = {"secure-boot-off",         "warning", "the policy demands that Secure Boot is off"                     },
	[LINT_SECURE_BOOT_UNSAID] =
		{"secure-boot-unsaid",      "warning",
				       "pin PCR 7 or give it rules, or ignore it and say why: it holds the state and the keys"                },
	[LINT_SEPARATOR_ONLY] = {"separator-only",          "note",    "nothing was measured there: the value says little"              },
	[LINT_SET_UNUSED] = {"set-unused",              "warning", "no rule names it: take it out, or mend the rule"                },
	[LINT_TLS_NOT_REQUIRED] = {"tls-not-required",        "warning",
				       "nothing ties a connection to the machine: \"tls\": \"required\", for servers"                         },
	[LINT_ZERO_FIRMWARE_PCR] =
		{"zero-firmware-pcr",       "warning",
				       "firmware measures at least a separator: a bank that it leaves empty can be filled by "
		 "any software"													       },
};

/* As finding(), of a kind or of none. */
static void add(struct lint *l, const char *id, const char *severity, const char *where, const char *message,
		const char *hint)
{
	json_t *finding = json_object();

	json_put_text(finding, "id", id, &l->ok);
	json_put_text(finding, "severity", severity, &l->ok);
	json_put_text(finding, "where", where, &l->ok);
	json_put_text(finding, "message", message, &l->ok);
	json_put_text(finding, "hint", hint, &l->ok);
	json_add(l->findings, finding, &l->ok);
}

void lint_say(struct lint *l, enum lint_kind kind, const char *where, const char *format, ...)
{
	char message[400];
	va_list args;

	if (++l->n > MOST_LISTED)
		return;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	add(l, kinds[kind].id, kinds[kind].severity, where, message, kinds[kind].hint);
}

void lint_end(struct lint *l)
{
	if (l->n > MOST_LISTED)
		add(l, "more", "note", "$", "the list is longer than 1000: the rest is left out", "mend these first");
}
