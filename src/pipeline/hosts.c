/* hosts.c - see hosts.h. */
#include "pipeline/hosts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/capture.h"
#include "decode/decode.h"

#define BATCH 128
#define ADDRS (1 + HOSTS_V6)

struct mac {
	uint64_t mac; /* 0: free */
	struct addr addr[ADDRS];
	uint8_t n, n4;
	bool routes; /* or has too many addresses: no host */
};

struct macs {
	struct mac *m;
	size_t n;
};

static bool as_sent(uint8_t ttl)
{
	return ttl == 64 || ttl == 128 || ttl == 255;
}

static bool is_global(const struct addr *a)
{
	const uint8_t *b = a->b;

	return addr_is_v4(a) || (b[0] != 0xff && b[0] != 0 &&
				 !(b[0] == 0xfe && (b[1] & 0xc0) == 0x80));
}

static struct mac *find(struct macs *t, uint64_t mac)
{
	size_t i = (size_t)((mac * UINT64_C(0x9e3779b97f4a7c15)) >> 40) %
		   (2 * HOSTS_MACS);

	while (t->m[i].mac != 0 && t->m[i].mac != mac)
		i = (i + 1) % (2 * HOSTS_MACS);
	if (t->m[i].mac == 0) {
		if (t->n == HOSTS_MACS)
			return NULL;
		t->n++;
		t->m[i].mac = mac;
	}
	return &t->m[i];
}

static void learn(struct macs *t, const struct segment *s)
{
	struct mac *m;

	if (s->outcome != SEG_OK || s->mac_src == 0 || s->tunnel_depth > 0 ||
	    !is_global(&s->src))
		return;
	m = find(t, s->mac_src);
	if (m == NULL || m->routes)
		return;
	if (!as_sent(s->ttl)) {
		m->routes = true;
		return;
	}
	for (int i = 0; i < m->n; i++)
		if (addr_eq(&m->addr[i], &s->src))
			return;
	m->n4 += addr_is_v4(&s->src);
	if (m->n == ADDRS || m->n4 > 1 || m->n + 1 - m->n4 > HOSTS_V6)
		m->routes = true;
	else
		m->addr[m->n++] = s->src;
}

static bool read_twice(const struct capture_spec *spec, struct err *e)
{
	struct stat st;

	for (size_t i = 0; i < spec->n_paths; i++) {
		const char *path = spec->paths[i];

		if (strcmp(path, "-") == 0 ||
		    (stat(path, &st) == 0 && !S_ISREG(st.st_mode) &&
		     !S_ISDIR(st.st_mode)))
			return err_set(e, ERR_USAGE,
				       "%s cannot be read twice, as joining by "
				       "MAC must",
				       strcmp(path, "-") == 0 ? "standard input"
							      : path);
	}
	return true;
}

static int by_addr(const void *x, const void *y)
{
	const struct addr *a = x, *b = y;
	int c = addr_cmp(&a[0], &b[0]);

	return c != 0 ? c : addr_cmp(&a[1], &b[1]);
}

static bool give(const struct macs *t, struct addr (**pairs)[2], size_t *n,
		 struct err *e)
{
	size_t room = 0;

	for (size_t i = 0; i < 2 * HOSTS_MACS; i++)
		room += t->m[i].n;
	*pairs = calloc(room + 1, sizeof(**pairs));
	if (*pairs == NULL)
		return err_set(e, ERR_MEMORY, "no memory for hosts");
	for (size_t i = 0; i < 2 * HOSTS_MACS; i++) {
		const struct mac *m = &t->m[i];

		for (int k = 1; k < m->n && !m->routes; k++) {
			(*pairs)[*n][0] = m->addr[0];
			(*pairs)[(*n)++][1] = m->addr[k];
		}
	}
	qsort(*pairs, *n, sizeof(**pairs), by_addr);
	return true;
}

bool hosts_by_mac(const struct capture_spec *input, struct addr (**pairs)[2],
		  size_t *n, struct err *e)
{
	struct capture_spec spec = *input;
	struct frame frames[BATCH];
	struct segment seg[BATCH];
	struct macs t = { .n = 0 };
	struct capture *in = NULL;
	struct decoder *d = NULL;
	bool good = false;
	size_t got;

	*pairs = NULL;
	*n = 0;
	if (!read_twice(input, e))
		return false;
	spec.want_sha256 = false;
	in = capture_open(&spec, e);
	d = in != NULL ? decoder_new(e) : NULL;
	if (d == NULL)
		goto out;
	t.m = calloc((size_t)2 * HOSTS_MACS, sizeof(*t.m));
	if (t.m == NULL) {
		err_set(e, ERR_MEMORY, "no memory for hosts");
		goto out;
	}
	while ((got = capture_read(in, frames, BATCH)) > 0 ||
	       !capture_ended(in)) {
		decode_batch(d, frames, got, seg);
		for (size_t i = 0; i < got; i++)
			learn(&t, &seg[i]);
	}
	good = give(&t, pairs, n, e);
out:
	free(t.m);
	decoder_free(d);
	capture_close(in);
	return good;
}
