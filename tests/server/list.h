/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.h - the tests of the server's insides, one to a line. Include it before unit.h.
 */
#ifndef SERVER_LIST_H
#define SERVER_LIST_H

/* clang-format off */
#define UNIT_TESTS(TEST) \
	TEST(buffer_keeps_order) \
	TEST(buffer_fails) \
	TEST(http_finds_heads) \
	TEST(http_reads_requests) \
	TEST(http_counts_fields) \
	TEST(http_counts_connection_options) \
	TEST(http_refuses_requests) \
	TEST(http_names_reasons) \
	TEST(http_reads_responses) \
	TEST(http_reads_bodies) \
	TEST(http_refuses_bodies) \
	TEST(http_bounds_trailers) \
	TEST(http_splits_lists) \
	TEST(wellknown_ours) \
	TEST(wellknown_upstreams) \
	TEST(wellknown_disguised) \
	TEST(wellknown_refused) \
	TEST(wellknown_bounds_readings) \
	TEST(wellknown_asks) \
	TEST(wellknown_answers) \
	TEST(forward_drops) \
	TEST(forward_frames) \
	TEST(forward_to_old_clients) \
	TEST(forward_chunks) \
	TEST(quoter_takes_turns) \
	TEST(quoter_is_fair_when_full) \
	TEST(quoter_is_fair_to_groups) \
	TEST(quoter_leaves_nearly_equals_alone) \
	TEST(quoter_lets_the_standing_proof_wait) \
	TEST(quoter_shares_the_standing_proof) \
	TEST(quoter_tells_failures) \
	TEST(quoter_answers_all_at_its_end) \
	TEST(quoter_bounds_proofs_on_their_way) \
	TEST(quoter_refuses_depths) \
	TEST(log_paces_lines) \
	TEST(identity_certificate) \
	TEST(identity_names) \
	TEST(identity_no_names) \
	TEST(identity_requests) \
	TEST(identity_chains) \
	TEST(peers_texts) \
	TEST(peers_limits) \
	TEST(peers_crowds) \
	TEST(peers_many) \
	TEST(selection_reads) \
	TEST(selection_refused) \
	TEST(issue_leaf_is_for_attestation) \
	TEST(issue_refuses_no_ca) \
	TEST(measure_events) \
	TEST(measure_subjects) \
	TEST(measure_subjects_refused) \
	TEST(measure_folders) \
	TEST(measure_order) \
	TEST(state_file_reads) \
	TEST(state_file_cut) \
	TEST(state_file_refused) \
	TEST(state_file_base) \
	TEST(text_buffer_adds) \
	TEST(files_whole) \
	TEST(weights_of_a_file) \
	TEST(weights_of_a_folder) \
	TEST(weights_sorted_by_parts) \
	TEST(weights_change) \
	TEST(weights_come) \
	TEST(hash_files_many) \
	TEST(tpm_errors) \
	TEST(prover_binds_the_key) \
	TEST(prover_binds_the_session) \
	TEST(prover_follows_pcrs) \
	TEST(prover_follows_ima) \
	TEST(prover_refuses_itself) \
	TEST(prover_asks_the_tpm_once) \
	TEST(state_is_write_ahead) \
	TEST(demo_leaves_nothing)
/* clang-format on */

#include "../unit/unit.h"

#endif
