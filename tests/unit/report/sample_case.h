/* sample_case.h - a small case made by hand, for the writers' tests. */
#ifndef TEST_SAMPLE_CASE_H
#define TEST_SAMPLE_CASE_H

#include "evidence/case.h"

/* Two legs over 198.51.100.7, one insufficient pair, a chain, addresses of
 * every verdict.  Owns: case_free(). */
struct case_record *sample_case(void);

#endif
