/*
 * filter.c - see filter.h.  Programs are compiled when a link type is first
 * seen, at most FILTER_TYPES of them; further types match nothing.
 */
#include "capture/filter.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#define FILTER_TYPES 32

struct program {
	uint16_t linktype;
	bool ok; /* false: the text does not fit */
	struct bpf_program code;
};

struct filter {
	char *text; /* owned */
	size_t n;
	size_t last; /* the one used last, tried first */
	struct program programs[FILTER_TYPES];
};

/* LINKTYPE_ values of files are DLT_ values but for a few, pcap/dlt.h. */
static int dlt_of(uint16_t linktype)
{
	switch (linktype) {
	case 101:
		return DLT_RAW;
	case 108:
		return DLT_LOOP;
	}
	return linktype;
}

static bool compile(const char *text, uint16_t linktype,
		    struct bpf_program *out, struct err *e)
{
	pcap_t *dead = pcap_open_dead(dlt_of(linktype), 262144);
	bool ok;

	if (dead == NULL)
		return err_set(e, ERR_MEMORY, "no memory for the filter");
	ok = pcap_compile(dead, out, text, 1, PCAP_NETMASK_UNKNOWN) == 0;
	if (!ok)
		err_set(e, ERR_USAGE, "filter \"%s\": %s", text,
			pcap_geterr(dead));
	pcap_close(dead);
	return ok;
}

struct filter *filter_new(const char *text, struct err *e)
{
	struct filter *f = calloc(1, sizeof(*f));

	if (f != NULL)
		f->text = strdup(text);
	if (f == NULL || f->text == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the filter");
		filter_free(f);
		return NULL;
	}
	return f;
}

void filter_free(struct filter *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->n; i++)
		if (f->programs[i].ok)
			pcap_freecode(&f->programs[i].code);
	free(f->text);
	free(f);
}

static struct program *find(struct filter *f, uint16_t linktype)
{
	if (f->n > 0 && f->programs[f->last].linktype == linktype)
		return &f->programs[f->last];
	for (size_t i = 0; i < f->n; i++)
		if (f->programs[i].linktype == linktype) {
			f->last = i;
			return &f->programs[i];
		}
	return NULL;
}

bool filter_prepare(struct filter *f, uint16_t linktype, struct err *e)
{
	struct program *p = find(f, linktype);

	if (p == NULL) {
		if (f->n == FILTER_TYPES)
			return err_set(e, ERR_LIMIT, "too many link types");
		p = &f->programs[f->n++];
		p->linktype = linktype;
		p->ok = compile(f->text, linktype, &p->code, e);
		return p->ok;
	}
	if (!p->ok)
		return err_set(e, ERR_USAGE,
			       "filter \"%s\" does not fit link type %u",
			       f->text, linktype);
	return true;
}

bool filter_fits(struct filter *f, uint16_t linktype)
{
	struct program *p = find(f, linktype);

	if (p == NULL)
		return filter_prepare(f, linktype, NULL);
	return p->ok;
}

bool filter_match(struct filter *f, const struct frame *fr)
{
	struct program *p = find(f, fr->linktype);

	return p != NULL && p->ok &&
	       bpf_filter(p->code.bf_insns, fr->data, fr->wirelen,
			  fr->caplen) != 0;
}
