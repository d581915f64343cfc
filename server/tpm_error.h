/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tpm_error.h - what a TSS2_RC means, in our own words.
 */
#ifndef SERVER_TPM_ERROR_H
#define SERVER_TPM_ERROR_H

#include <tss2/tss2_common.h>

#include "base/error.h"

/* ATTEST_E_IO with what was tried, the layer and the code; ATTEST_E_NO_MEMORY where that was it. */
attest_status tpm_fail(struct attest_error *error, TSS2_RC rc, const char *what);
/* The TPM says that there is nothing at the handle: TPM_RC_HANDLE, Part 2, 6.6.3. */
bool tpm_is_no_handle(TSS2_RC rc);

#endif
