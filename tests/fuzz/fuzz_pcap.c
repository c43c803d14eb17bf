/*
 * fuzz_pcap.c - any bytes as a pcap file.  Compressed input is left to
 * libarchive's own fuzzers.
 */
#include "base/rd.h"
#include "fuzz_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 4 || (data[0] != 0xa1 && data[3] != 0xa1))
		return 0;
	fuzz_reader(data, size);
	return 0;
}
