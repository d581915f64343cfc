/* SPDX-License-Identifier: Apache-2.0 */
/* What a process costs that links libcrypto and does nothing. */
int main(void)
{
	return 0;
}
