/*
 * fuzz_farend_hello.c - any bytes as a ClientHello.  A name is given for the
 * whole message only and has its one form; a shorter piece has none, and what
 * follows the message changes nothing.
 */
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "farend/track.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_form(const char *w)
{
	assert(strlen(w) == FE_JA4_TEXT - 1);
	assert(w[0] == 't' && (w[3] == 'd' || w[3] == 'i'));
	for (int i = 1; i < FE_JA4_TEXT - 1; i++) {
		if (i == 10 || i == 23)
			assert(w[i] == '_');
		else
			assert(isalnum((unsigned char)w[i]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char whole[FE_JA4_TEXT], part[FE_JA4_TEXT];
	size_t bytes = fe_hello_bytes(data, size);
	uint8_t *cut;

	if (!fe_ja4(data, size, whole))
		return 0;
	check_form(whole);
	assert(bytes > 9 && bytes <= size);
	cut = malloc(bytes);
	assert(cut != NULL);
	memcpy(cut, data, bytes);
	assert(fe_ja4(cut, bytes, part) && strcmp(whole, part) == 0);
	free(cut);
	for (size_t n = bytes > 64 ? bytes - 64 : 0; n < bytes; n++) {
		cut = malloc(n ? n : 1);
		assert(cut != NULL);
		memcpy(cut, data, n);
		assert(!fe_ja4(cut, n, part));
		free(cut);
	}
	return 0;
}
