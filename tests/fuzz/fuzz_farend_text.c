/*
 * fuzz_farend_text.c - any bytes as a calibration and as signatures.
 * What is read must be within the ranges that calib.h and sigs.h promise,
 * and a calibration that was read must survive being written and read again.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "farend/calib.h"
#include "farend/sigs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_calibration(struct farend_calib *c)
{
	struct farend_calib again = *c;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct err e;

	assert(f != NULL);
	assert(farend_calib_write(c, f, "2026-11-22", "fuzz"));
	fclose(f);
	if (c->name[0] != '\0' && c->name[0] != '#')
		assert(farend_calib_parse(&again, text, len, &e));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct farend_calib *c;
	struct farend_sigs s;
	struct err e;

	c = farend_calib_shipped(&e);
	assert(c != NULL);
	if (farend_calib_parse(c, (const char *)data, size, &e)) {
		for (int k = 0; k < FE_KINDS; k++)
			assert(c->kind[k].spread_us >= 1 &&
			       c->kind[k].tail <= 1);
		assert(c->n_power <= FE_POWER_MAX);
		check_calibration(c);
	}
	if (farend_sigs_parse(&s, (const char *)data, size, &e)) {
		assert(s.n_os <= FE_SIGS_OS && s.n_link <= FE_SIGS_LINK);
		for (unsigned w = 1; w < 65536; w += 977)
			assert(fe_clamped_from(&s, 1360, (uint16_t)w) != 1360);
	}
	free(c);
	return 0;
}
