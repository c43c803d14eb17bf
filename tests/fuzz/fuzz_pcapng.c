/*
 * fuzz_pcapng.c - any bytes as a pcapng file.  Compressed input is left to
 * libarchive's own fuzzers.
 */
#include "base/rd.h"
#include "fuzz_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 4 || get_be32(data) != 0x0a0d0d0a)
		return 0;
	fuzz_reader(data, size);
	return 0;
}
