/*
 * fake_analyze.c - stands in for pipeline in the tests of cli: the case made
 * by hand for any readable path.  Names steer it: "damaged" in the path
 * gives a damaged case, "nothing" one without a sufficient relay.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../report/sample_case.h"
#include "pipeline/analyze.h"
#include "pipeline/hosts.h"

void analyze_defaults(struct analyze_options *o)
{
	*o = (struct analyze_options){ .alpha = 0.01,
				       .max_conns = 1000000,
				       .max_pairs = 65536,
				       .threads = 1,
				       .seed = 1 };
	o->input.from = o->input.to = TSTAMP_NONE;
}

struct case_record *analyze_run(const struct analyze_options *o, struct err *e)
{
	struct case_record *c;

	for (size_t i = 0; i < o->input.n_paths; i++) {
		if (strcmp(o->input.paths[i], "-") != 0 &&
		    access(o->input.paths[i], R_OK) != 0) {
			err_sys(e, errno, "%s", o->input.paths[i]);
			return NULL;
		}
	}
	c = sample_case();
	c->damaged = strstr(o->input.paths[0], "damaged") != NULL;
	if (strstr(o->input.paths[0], "nothing") != NULL)
		for (size_t i = 0; i < c->n_relays; i++)
			c->relays[i].sufficient = false;
	if (o->input.bpf != NULL)
		snprintf(c->filter, sizeof(c->filter), "%s", o->input.bpf);
	c->from_stdin = strcmp(o->input.paths[0], "-") == 0;
	return c;
}

/* No host has two addresses here. */
bool hosts_by_mac(const struct capture_spec *input, struct addr (**pairs)[2],
		  size_t *n, struct err *e)
{
	(void)input;
	(void)e;
	*pairs = NULL;
	*n = 0;
	return true;
}
