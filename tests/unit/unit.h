/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.h - a small harness: a test is a function in the list below, and whatever it CHECKs is reported where it fails.
 */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <stdlib.h>
#include <string.h>

#include "attest.h"
#include "base/error.h"
#include "base/memory.h"

/* clang-format off */
#define UNIT_TESTS(TEST) \
	TEST(bytes_slices) TEST(bytes_reader) TEST(bytes_reader_fails) \
	TEST(memory_alloc) TEST(memory_overflow) TEST(memory_text) TEST(memory_defer) \
	TEST(error_first_wins) TEST(error_too_long) TEST(error_openssl) TEST(findings_collect) \
	TEST(findings_limit) \
	TEST(text_hex) TEST(text_base64_vectors) TEST(text_base64_canonical) TEST(text_base64_round_trip) \
	TEST(text_pem) TEST(text_pem_strict) TEST(text_pem_many) TEST(text_printable) TEST(text_time) \
	TEST(text_time_days) TEST(text_time_extremes) TEST(text_time_parse) TEST(text_time_refused) \
	TEST(digest_names) TEST(digest_vectors) TEST(digest_extends) \
	TEST(json_strict) TEST(json_duplicates) TEST(json_nul) TEST(json_depth) TEST(json_counts) \
	TEST(json_lifted) TEST(json_lifted_escapes) TEST(json_offsets) TEST(json_types) TEST(json_paths) \
	TEST(json_decoded) \
	TEST(quote_fields) TEST(quote_truncated) TEST(quote_refused) \
	TEST(signature_fields) TEST(signature_refused) TEST(signature_truncated) TEST(signature_verifies) \
	TEST(tpm_public_fields) TEST(tpm_public_truncated) TEST(tpm_public_attributes) TEST(tpm_public_refused) \
	TEST(pcrs_index) TEST(pcrs_values) TEST(pcrs_keyed) TEST(pcrs_serialized) TEST(pcrs_serialized_refused) \
	TEST(pcrs_selection) TEST(pcrs_real_files) \
	TEST(certificate_fields) TEST(certificate_padding) TEST(certificate_truncated) \
	TEST(certificate_not_der) TEST(certificate_signature) TEST(certificate_purposes) \
	TEST(certificate_strength) \
	TEST(spki_is_libcrypto_s) TEST(spki_truncated) TEST(spki_not_der) TEST(spki_pin_of) \
	TEST(log_formats) TEST(log_refused) TEST(log_events) \
	TEST(replay_explains) TEST(replay_contradicts) TEST(replay_initial) TEST(replay_banks) \
	TEST(replay_many_logs) \
	TEST(anchors_table) TEST(anchors_find) \
	TEST(policy_kinds) TEST(policy_refused) TEST(policy_pins) TEST(policy_platforms) TEST(policy_disk) \
	TEST(policy_containers) TEST(policy_meanings) \
	TEST(tls_binding_vector) TEST(tls_binding_in_quote) TEST(tls_binding_in_event) \
	TEST(result_names) TEST(result_getters) \
	TEST(verifier_states) TEST(verifier_roots) TEST(verifier_policies) TEST(verifier_options) \
	TEST(verifier_time) TEST(verifier_reports) TEST(verifier_costly_events)
/* clang-format on */

#define UNIT_DECLARE(name) void name(void);
UNIT_TESTS(UNIT_DECLARE)

void unit_check(bool ok, const char *file, int line, const char *what);
void unit_check_text(const char *got, const char *want, const char *file, int line);
void unit_check_status(attest_status got, attest_status want, const char *file, int line, const char *what);
#define CHECK(condition)         unit_check((condition), __FILE__, __LINE__, #condition)
#define CHECK_TEXT(got, want)    unit_check_text((got), (want), __FILE__, __LINE__)
#define CHECK_STATUS(call, want) unit_check_status((call), (want), __FILE__, __LINE__, #call)

/* A file of the repository, in the arena, with a NUL behind it; the program ends where it cannot be read. */
struct slice unit_file(struct arena *arena, const char *path);
/* DER of the first certificate in a PEM file. */
struct slice unit_certificate(struct arena *arena, const char *path);
/* Copy without a byte to spare, so that a sanitizer sees reading past it; the caller frees it. */
void *unit_exact(struct slice s);

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
