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
#ifndef UNIT_TESTS /* the server's own tests have their own list */
#define UNIT_TESTS(TEST) \
	TEST(bytes_slices) TEST(bytes_reader) TEST(bytes_reader_fails) TEST(bytes_reader_u64) \
	TEST(memory_alloc) TEST(memory_overflow) TEST(memory_text) TEST(memory_defer) \
	TEST(error_first_wins) TEST(error_too_long) TEST(error_openssl) TEST(findings_collect) \
	TEST(findings_limit) \
	TEST(text_hex) TEST(text_base64_vectors) TEST(text_base64_canonical) TEST(text_base64_round_trip) \
	TEST(text_pem) TEST(text_pem_strict) TEST(text_pem_many) TEST(text_pem_or_der) TEST(text_printable) TEST(text_time) \
	TEST(text_time_days) TEST(text_time_extremes) TEST(text_time_parse) TEST(text_time_refused) \
	TEST(digest_names) TEST(digest_vectors) TEST(digest_extends) TEST(digest_hasher) \
	TEST(window_patterns) TEST(window_takes) TEST(window_memory) TEST(window_short) TEST(window_not_base64) TEST(window_finds) TEST(window_forks) \
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
	TEST(crl_fields) TEST(crl_truncated) TEST(crl_signature) TEST(crl_entries) TEST(crl_malformed_entries) \
	TEST(crl_scopes) TEST(crl_heads) TEST(places_of_certificates) TEST(places_bounded) \
	TEST(spki_is_libcrypto_s) TEST(spki_truncated) TEST(spki_not_der) TEST(spki_pin_of) TEST(spki_pin_of_der) \
	TEST(log_formats) TEST(log_refused) TEST(log_events) TEST(log_event_digests) TEST(log_limits) \
	TEST(log_seeks) TEST(log_recognised) TEST(log_not_recognised) \
	TEST(tcg_forms) TEST(tcg_truncated) TEST(tcg_heads) TEST(tcg_other_heads) TEST(tcg_digests) TEST(tcg_sizes) \
	TEST(tcg_padding) TEST(tcg_like_padding) TEST(tcg_zeros) TEST(tcg_no_action) TEST(tcg_pcrs) TEST(tcg_names) \
	TEST(compare_equal) TEST(compare_one_side) TEST(compare_changed) TEST(compare_moved) \
	TEST(compare_all_short) TEST(compare_long_sets) TEST(compare_long_order) TEST(compare_reads) \
	TEST(separators_agree) TEST(separators_disagree) TEST(separators_second) TEST(separators_renamed) \
	TEST(separators_renamed_in_one_bank) TEST(separators_zeros_as_contents) TEST(separators_elsewhere) \
	TEST(separators_of_other_kinds) \
	TEST(ima_binary) TEST(ima_ascii) TEST(ima_violation) TEST(ima_refused) TEST(ima_short_name) \
	TEST(ima_ascii_refused) TEST(ima_ascii_names) TEST(ima_ascii_long) TEST(ima_fields_of_samples) \
	TEST(ima_fields_refused) \
	TEST(cel_json_pcclient) TEST(cel_json_contents) TEST(cel_json_management) TEST(cel_json_digests) \
	TEST(cel_json_refused) TEST(cel_json_numbers) TEST(cel_json_recognised) TEST(cel_json_ima_banks) \
	TEST(cel_tlv_contents) \
	TEST(cel_tlv_others) TEST(cel_tlv_refused) TEST(cel_tlv_numbers) \
	TEST(systemd_records) TEST(systemd_shapes) TEST(systemd_truncated) TEST(systemd_refused) \
	TEST(systemd_long) \
	TEST(line_escapes) TEST(line_utf16_escapes) TEST(line_is_bounded) TEST(uefi_guids) TEST(uefi_texts) \
	TEST(uefi_variables) TEST(uefi_variable_lengths) TEST(uefi_variable_kinds) TEST(uefi_signature_lengths) \
	TEST(uefi_signatures) TEST(uefi_many_lists) TEST(uefi_authorities) TEST(uefi_device_nodes) \
	TEST(uefi_device_paths) TEST(uefi_device_path_lengths) TEST(uefi_load_options) TEST(uefi_image_loads) \
	TEST(uefi_gpt) TEST(uefi_tagged_events) \
	TEST(describe_text_events) TEST(describe_bare_and_others) TEST(describe_systemd_events) \
	TEST(describe_separators) TEST(describe_strings) TEST(describe_no_actions) TEST(describe_variables) \
	TEST(describe_variable_lengths) TEST(describe_boot_options) TEST(describe_signature_variables) \
	TEST(describe_images) TEST(describe_ipl_events) TEST(describe_tags) TEST(describe_tables) \
	TEST(describe_partitions) TEST(describe_banks) TEST(describe_is_bounded) \
	TEST(software_firmware) TEST(software_secure_boot) TEST(software_secure_boot_lies) \
	TEST(software_secure_boot_after_action) TEST(software_secure_boot_keys) TEST(software_images) \
	TEST(software_utf16_cmdline) TEST(software_grub_cmdline) TEST(software_grub_lies) TEST(software_cut) \
	TEST(software_linux_tags) TEST(software_sections) TEST(software_section_lies) TEST(software_systemd) \
	TEST(software_workload) TEST(software_aicert) TEST(software_banks) TEST(software_limits) \
	TEST(replay_explains) TEST(replay_contradicts) TEST(replay_reached) TEST(replay_initial) \
	TEST(replay_banks) TEST(replay_many_logs) TEST(replay_of_a_log_alone) TEST(replay_missing_digests) \
	TEST(replay_excused) TEST(replay_demands) \
	TEST(replay_padded) TEST(replay_broken) TEST(replay_separators) TEST(replay_locality) \
	TEST(replay_locality_twice) \
	TEST(anchors_table) TEST(anchors_find) \
	TEST(revocation_covered) TEST(revocation_refused) TEST(revocation_listed) TEST(revocation_optional) \
	TEST(revocation_of_the_intermediate) TEST(revocation_without_points) TEST(revocation_limits) \
	TEST(chain_completed) TEST(chain_given_is_no_anchor) TEST(chain_given_is_no_leaf) TEST(chain_given_limits) TEST(links_told) \
	TEST(policy_kinds) TEST(policy_refused) TEST(policy_pins) TEST(policy_platforms) TEST(policy_disk) \
	TEST(policy_containers) TEST(policy_containers_elsewhere) TEST(policy_meanings) \
	TEST(policy_ima_read) TEST(policy_ima_lists) TEST(policy_ima_found) TEST(policy_ima_files) TEST(policy_ima_digests) \
	TEST(policy_ima_aggregate) TEST(policy_ima_violations) TEST(policy_ima_claims) TEST(policy_ima_names) \
	TEST(policy_ima_buffers) TEST(policy_ima_templates) TEST(policy_ima_registers) \
	TEST(policy_signed_bits) TEST(policy_signed_keys) TEST(policy_signed_encrypted) TEST(policy_signed_words) \
	TEST(policy_signed_members) TEST(policy_signed_demanded) \
	TEST(policy_derive_files) TEST(policy_derive_no_files) TEST(policy_derive_files_alone) TEST(policy_derive_many_files) TEST(policy_derive_rules) \
	TEST(words_lines) TEST(words_break) TEST(policy_tools_odd) TEST(policy_tools_refused) TEST(policy_tools_merge) \
	TEST(policy_rules_order) TEST(policy_rules_nearest) TEST(policy_rules_many_left) TEST(policy_rules_cmdline) TEST(policy_rules_cmdline_forms) TEST(policy_rules_texts) TEST(policy_rules_secure_boot) TEST(policy_rules_variables) TEST(policy_rules_authorities) TEST(policy_rules_authorities_by_name) TEST(policy_rules_sections) TEST(policy_rules_json) TEST(policy_rules_padded) TEST(policy_rules_unknown) TEST(policy_rules_releases) TEST(policy_rules_refused) TEST(policy_rules_read) \
	TEST(tls_binding_vector) TEST(tls_binding_exporter_vector) TEST(tls_binding_in_quote) TEST(tls_binding_of_session) TEST(tls_binding_in_event) TEST(tls_other_logs) \
	TEST(result_names) TEST(result_getters) \
	TEST(verifier_states) TEST(verifier_roots) TEST(verifier_policies) TEST(verifier_options) \
	TEST(verifier_time) TEST(verifier_reports) TEST(verifier_costly_events) \
	TEST(references_refused) TEST(references_explain) TEST(references_of_logs) \
	TEST(pe_fields) TEST(pe_digest) TEST(pe_digest_without_directory) TEST(pe_truncated) TEST(pe_hostile) \
	TEST(pe_refused) TEST(pe_memory) \
	TEST(predict_parts) TEST(predict_joined) TEST(predict_stubs) TEST(predict_kernels) TEST(predict_refused) TEST(predict_texts) \
	TEST(inspect_options) TEST(inspect_limits) TEST(compare_documents)
#endif
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
