/* SPDX-License-Identifier: Apache-2.0 */
#include "policy.h"

static const char usage[] =
	"Usage: attest-policy verify --key PUBKEY SIGNED\n"
	"Check who signed a policy. The policy inside goes to standard output. SIGNED may be - for standard input.\n\n"
	"  -k, --key PUBKEY   the public keys in PEM that may have signed it\n"
	"  -h, --help         this text\n\n"
	"Exit codes: 0 the signature holds; 1 it does not, or there is none; 2 usage or input/output error.\n";

static int is_wrong(attest_status status)
{
	return status == ATTEST_E_SIGNATURE || status == ATTEST_E_KEY_MISMATCH || status == ATTEST_E_POLICY_INVALID
		       ? EXIT_NO
		       : EXIT_USAGE;
}

int policy_verify(int argc, char **argv)
{
	return policy_with_key(argc, argv, usage, attest_policy_open, is_wrong);
}
