/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built-in trust anchors. Digests, not certificates, so that anyone can hold the table against what the vendors
 * publish: SHA-256 of the DER SubjectPublicKeyInfo, SHA-256 of the DER certificate, and the last day of its validity.
 */
#include "anchors.h"

#include <string.h>

#include "base/text.h"

const struct anchor anchors[] = {
	{"azure",  "Azure Virtual TPM Root Certificate Authority 2023", true,  LEAF_AK_PURPOSE,
	 "5cbc52672ae101263c2976736044a964c1182ce9412c39937183baddcccb8cdf",											"e6c596b17f8ffefba5c300f714cfb1260c6028704ecf7becc4ab5018efb00e95", "2048-06-01"},
	{"azure",  "Global Virtual TPM CA - 01",                        false, LEAF_AK_PURPOSE,
	 "999d9fbacf190dabd2cd344435100d8a75d8983de9639b001216ae5a1eec746e",											"a2daccd149cd2eadb82045d3cd24336699a0b2d4e50237a76448d107896cf8c7", "2025-11-03"},
	{"azure",  "Global Virtual TPM CA - 03",                        false, LEAF_AK_PURPOSE,
	 "e21f1caf8809cbaedee5477472c552ab31d49e8021ac52bd4ecc7d234a24a8c2",											"fd7c92dabce4dcec9feaa30f8b087ada0598413189182152b881f5564064a29c", "2027-04-24"},
	{"azure",  "Azure Cloud Virtual TPM CA 2025",                   false, LEAF_AK_PURPOSE,
	 "13565189adf67d7adc6f8111209b863b049b3999383cf2e98ebeef737b1a2e49",											"41a1675dc1b7df8a5c59c8101c697ce500d0fa5f09bcdaa431bc4a3652363b14", "2031-08-05"},
	{"azure",  "Azure Cloud Virtual TPM CA - 24",                   false, LEAF_AK_PURPOSE,
	 "1bb6f55730b5f0fe6324cc5f595a594505304d90394f0a56e4317049c942634e",											"acad819dd909df6aac8c9c5d2c16efaae4ac1fb01ab3439a1e986612d1ebc6d4", "2029-03-10"},
	{"gcp",    "EK/AK CA Root",				     true,  LEAF_NONE_OR_EK,
	 "56a613f57126a385dd6949294e93b0b566f96ab0573be0c2368e6f5ca779831f",											"594759594b9b61524f6c8ef668f7177f7b9066bc0674f2f49fe9e052be78beb2", "2122-07-08"},
	{"gcp",    "EK/AK CA Intermediate (v3)",                        false, LEAF_NONE_OR_EK,
	 "dd65674415e79258bbaedb6844b5962bc7d24e90ba7d978da5242f29c1633c8e",											"c84de8116dfaf5a908f21e810487791f5437e206d00ad8025050cca6bd2ff627", "2122-07-08"},
	{"gcp",    "tpm_ek_v1_cloud_host_root (tpm_ek_root_1)",         true,  LEAF_NONE_OR_EK,
	 "f23057f4f97d1d90e4cae0ce91d5a0fc99069f0a1bc147021dca33b1e9c4d0d9",											"9bd5285f8fb18502a7947e621ffd470266f49fcd3b73e19a190f690ad32a7caf", "2118-04-06"},
	{"gcp",    "tpm_ek_v1_cloud_host (tpm_ek_intermediate_2)",      false, LEAF_NONE_OR_EK,
	 "ea74a128fd274552c4f5904cb3c830cbf3d99035a2ac7bab7ce9d59f5997b12f",											"5d8dbcf8c8053dd8ffad711b6219355032b7122c34cac0f90ccb49def69ec504", "2120-10-22"},
	{"gcp",    "tpm_ek_v1_cloud_host (tpm_ek_intermediate_3)",      false, LEAF_NONE_OR_EK,
	 "407ae79abb34c19a272509aa2fc73455161857f712d6ee9e4dc24fd9dff0acca",											"7132b6ea71101f6c51bb58f98c3798c19b65be510eca0344318900510b593178", "2121-10-12"},
	{"aws",    "aws.nitro-enclaves Root G1",                        true,  LEAF_NEVER,
	 "f2caf5ecc6190b4a8399b78bc58a2bbcd0382375db8a1bfd78a82743874fd225",											"641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b", "2049-10-28"},
	{"vendor", "AMD Pluton Global Factory ICA",                     false, LEAF_AK_PURPOSE,
	 "30a9a82280ad0fabcc6fdcd61687db21e748a196ba8114d42d15454675dadc45",											"593a1794f9e17476c7ad427d2908a97c451451c9e0939fdc80d5d662c232d401", "2039-12-15"},
	{"vendor", "AMDTPM",					    true,  LEAF_AK_PURPOSE, "5cf1859ffbd2cd18c13345d47692bea4ea2464fbfb74298364fa979e833229f6",
	 "14aac9fd58471a612afd75d8c0955daf99f091b1863702f9e0d4113faf234f9d",																			    "2041-01-01"},
	{"vendor", "AMDTPM",					    true,  LEAF_AK_PURPOSE, "899b9c9d6e926c40aaefbea3905173f00f7b52ad6eb4d2d32e6fcb1979710e2b",
	 "67bd2472a546751caca5f358a78f80727531671338960a9bcfdfbe6a34d0c6a1",																			    "2039-10-23"},
	{"vendor", "Infineon OPTIGA(TM) ECC Root CA",                   true,  LEAF_AK_PURPOSE,
	 "ce5183a19d6fe79a6c1b058cfa700379f67d587a8afd0f51621e82d9f00c5a28",											"cfeb02fecd55ad7a73c6e1d11985d4c47dee248ab63dcb66091a2489660443c3", "2043-07-25"},
	{"vendor", "Infineon OPTIGA(TM) ECC Root CA 2",                 true,  LEAF_AK_PURPOSE,
	 "f21c8db44a3df3a43465230d30846f5fea08afa4428b982ff922065528c81f19",											"ee0c827555c4e9012037df4257bb8aaa26084a17b13ede41cd7895c8d6c11190", "2054-11-22"},
	{"vendor", "Infineon OPTIGA(TM) RSA Root CA",                   true,  LEAF_AK_PURPOSE,
	 "8a705088efa28a3845b35c7fcbf9c0f4bf46c77da18a6f1a173eb9074610cbd0",											"899e35474c9807eb4c7f2f7a12da0028fb250cd02154d0009fca7d9c66574f3b", "2043-07-25"},
	{"vendor", "Infineon OPTIGA(TM) RSA Root CA 2",                 true,  LEAF_AK_PURPOSE,
	 "d821e2a37a846f9f3a66a82c9346f18cc418c418fb6c55e933b25aee54afe8de",											"b413c71580af3ec5efe83fad31db2d4af4612355e3b01e50903b10763d738894", "2054-11-22"},
	{"vendor", "www.intel.com",				     true,  LEAF_AK_PURPOSE,
	 "84b25305bf5f90c399d7f520ad81f451e09b0025d0292143e1388970f9651484",											"beb40bb7507b33967226aa80e084749fbb6593893c642e818d682e9a8d07fc24", "2049-12-31"},
	{"vendor", "Microsoft Pluton Root CA 2021",                     true,  LEAF_AK_PURPOSE,
	 "664778b23fd09c0c61407fb4c2253f9a8978e64be8c4f9a89a92b4acc37d8a70",											"32ab5fe7cb4396659fcb621ca14c6fb8fc2420f64050637d77e45a86c5d3916e", "2046-10-14"},
	{"vendor", "Microsoft TPM Root Certificate Authority 2014",     true,  LEAF_AK_PURPOSE,
	 "5eadfa0187a24edb747b98523f89cf92d33eeb20ec81b9d0a31e170b73c2dbb2",											"870c7a35ceab3d59979f2c6a524042d404cb71518004350925fb2ced79a999da", "2039-12-10"},
	{"vendor", "NSING TPM ECC ROOT CA 001",                         true,  LEAF_AK_PURPOSE,
	 "00846603beb1cd5a41f71a4cf98b0bd77f974c879c94f60809541de7287dea84",											"6ccf8a8a803d07a002a15d4889ffa0b125e4a82a1fe4211db3c6e8592919f9dc", "2059-03-27"},
	{"vendor", "NSING TPM RSA ROOT CA 001",                         true,  LEAF_AK_PURPOSE,
	 "b5eadb92b6aaf54816c45c6bf57a92ac945bf8285a1c7451008c6207269fad1d",											"72ca00612395af027cd84c5514219f110e964dfa0bfc1efbb3ac147e3b173971", "2059-03-27"},
	{"vendor", "NPCTxxx ECC521 RootCA",                             true,  LEAF_AK_PURPOSE,
	 "e73d53e508a4558df188cd77d18f3efa5fb18b8b48c1ee3b27679e08f431029c",											"083e7bd13e8fe0bb9b0c64db9e0c8356681df65714d2d5c4925eb98ae1369d40", "2053-04-27"},
	{"vendor", "Nuvoton TPM Root CA 1110",                          true,  LEAF_AK_PURPOSE,
	 "b7f4414b44f1787f046aec866693cda643239b3d0f6998d0ad4adb841e4bd0db",											"2782e51a95e86d9557fe4204316cf805bd6f5898f81f9732e944d742bcdc5f54", "2035-05-07"},
	{"vendor", "Nuvoton TPM Root CA 1111",                          true,  LEAF_AK_PURPOSE,
	 "c871b0ba1182676eeed4c2469d3d5fa3cfa09daca77ea823a4b454cf00dee11e",											"e38c280f7c0e0b49f31efc7531032bb6a86c3fba4eb89beb1d510eaa4510ae4a", "2037-08-17"},
	{"vendor", "Nuvoton TPM Root CA 2111",                          true,  LEAF_AK_PURPOSE,
	 "95b8ab2c350f58064c30a217f07e0a3353915edee572c5fb2ebcf8fa3f87a813",											"cd8185ff8995ed09811970090a8c36fafab34ef87f47fa51fdb9ecf95c9c2e04", "2037-09-07"},
	{"vendor", "Nuvoton TPM Root CA 2112",                          true,  LEAF_AK_PURPOSE,
	 "016b91ecb9f473ab57499ff308c3f948a40287d5d951e5f6651482ad7d381924",											"66e3a1013d4f697700f731e7d68c69b58351f90ec9580d85862d020ab4abf1af", "2041-03-19"},
	{"vendor", "NuvotonTPMRootCA1210",                              true,  LEAF_AK_PURPOSE,
	 "f6564f73c8ad3bd48fe5571d06d7e2625b1736e716445460e78a5ac6b3b69768",											"ba70a6ea7b77c7fee8947a07b1e70e0b26d39ce5e6307f63d5e4b9507f19a157", "2051-07-27"},
	{"vendor", "NuvotonTPMRootCA2210",                              true,  LEAF_AK_PURPOSE,
	 "d325df18987aeda5c6c072c178babc54c3e1e24e563c691fe881099dddcb31e8",											"fc61abbc18100f460205ebe09d8c3e6995ac2be2234344a7facb62e15f9a7584", "2052-03-07"},
	{"vendor", "NuvotonTPMRootCA2211",                              true,  LEAF_AK_PURPOSE,
	 "1f3ddd0a51b57d54833ae705f8e47f28817a1551d12aee3c6beeed5f1ea2a59d",											"2bbc5db224b8f28a6d2cf336d4da7ab21c8c490e3d60ef497801dc0b6ac00227", "2052-03-07"},
	{"vendor", "GlobalSign Trusted Platform Module ECC Root CA",    true,  LEAF_AK_PURPOSE,
	 "43679317522d3638ea18936a57c65b33086ba51c77536fe6e1b65492193314cb",											"5a8c7b5eb888cfce9322068e80e82b28b554ffeb7fdc9638dcb3763077401d26", "2038-01-19"},
	{"vendor", "GlobalSign Trusted Platform Module Root CA",        true,  LEAF_AK_PURPOSE,
	 "0035d2297fe237a636800382cc2c9e205c6930f84b507ceec3608545d273960f",											"f27bf02c6e00c73d915eeb6a6a2f5fbf0c31ae0393149e6b5c31e41b113841c3", "2049-03-18"},
	{"vendor", "STM TPM ECC Root CA 01",                            true,  LEAF_AK_PURPOSE,
	 "b9e2d0d69753c717df3f14464a6cda088f5d1fda07ffce506baa3288419366df",											"c541d7e5b9e3f935621acbd403896225ec641036c9ae3b5f7ac793a606ff9b79", "2038-01-19"},
	{"vendor", "STM TPM EK Root CA",                                true,  LEAF_AK_PURPOSE,
	 "1054058a985eb8135bfd59f96a4943824255d3e7a07179c38d058b5399a53882",											"f8e37a86b689a20a6cc0c40cc3f81fb130fa9f44ce7ffa60d62590aaf87273a9", "2039-12-31"},
	{"vendor", "STSAFE ECC Root CA 02",                             true,  LEAF_AK_PURPOSE,
	 "7fbef05051f792251d32f5b265821137d47cd3dc3d604ace70ecc12e8e579924",											"fd1e7b68accd825636b27b3177c67402d463a7f04c97b6c47ab705fcdc1a04f6", "9999-12-31"},
	{"vendor", "STSAFE RSA Root CA 02",                             true,  LEAF_AK_PURPOSE,
	 "566cb2589d45c1478036e667da1793daacdadbba57efd6aa29b78d0e6695fd9f",											"c8f179943356e13d9d84b100201cefabbf408880241e5329e60d950ce1dea623", "9999-12-31"},
};
const size_t n_anchors = sizeof(anchors) / sizeof(anchors[0]);

const struct anchor *anchor_find(const uint8_t spki_sha256[32])
{
	char hex[HEX_SIZE(32)];

	hex_encode(slice_of(spki_sha256, 32), hex);
	for (size_t i = 0; i < n_anchors; i++)
		if (strcmp(anchors[i].spki_sha256, hex) == 0)
			return &anchors[i];
	return NULL;
}

bool anchor_is_certificate(const struct anchor *anchor, const uint8_t der_sha256[32])
{
	char hex[HEX_SIZE(32)];

	hex_encode(slice_of(der_sha256, 32), hex);
	return strcmp(anchor->cert_sha256, hex) == 0;
}
