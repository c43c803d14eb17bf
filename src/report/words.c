/* words.c - see words.h. */
#include "report/words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "decode/segment.h"

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

char *words_count(uint64_t n, char *buf)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);
	char *p = buf;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			*p++ = ',';
		*p++ = digits[i];
	}
	*p = '\0';
	return buf;
}

char *words_duration(int64_t ns, char *buf)
{
	int64_t s = ns / NS_PER_S;

	if (ns < 0)
		snprintf(buf, 32, "no time");
	else if (s < 10)
		snprintf(buf, 32, "%" PRId64 ".%02d s", s,
			 (int)(ns % NS_PER_S / (10 * NS_PER_MS)));
	else if (s < 60)
		snprintf(buf, 32, "%" PRId64 " s", s);
	else if (s < 3600)
		snprintf(buf, 32, "%" PRId64 " m %02d s", s / 60,
			 (int)(s % 60));
	else if (s < 86400)
		snprintf(buf, 32, "%" PRId64 " h %02d m", s / 3600,
			 (int)(s / 60 % 60));
	else
		snprintf(buf, 32, "%" PRId64 " d %02d h", s / 86400,
			 (int)(s / 3600 % 24));
	return buf;
}

/* value / unit with two significant digits at least */
static void scaled(int64_t v, int64_t unit, const char *name, char *buf)
{
	if (v < 10 * unit)
		snprintf(buf, 32, "%" PRId64 ".%d %s", v / unit,
			 (int)(v % unit * 10 / unit), name);
	else
		snprintf(buf, 32, "%" PRId64 " %s", v / unit, name);
}

char *words_lag(int64_t ns, char *buf)
{
	if (ns < 0) {
		scaled(-ns, NS_PER_MS, "ms", buf + 1);
		buf[0] = '-';
	} else if (ns < NS_PER_MS / 10) {
		snprintf(buf, 32, "%" PRId64 " us", ns / NS_PER_US);
	} else if (ns < NS_PER_S) {
		scaled(ns, NS_PER_MS, "ms", buf);
	} else {
		scaled(ns, NS_PER_S, "s", buf);
	}
	return buf;
}

char *words_power(microbans m, bool up, char *buf)
{
	const microbans tenth = MICROBANS_PER_BAN / 10;
	microbans t = m / tenth, rest = m % tenth;
	uint64_t u;

	if (rest < 0)
		t -= up ? 0 : 1;
	else if (rest > 0 && up)
		t++;
	u = t < 0 ? (uint64_t)0 - (uint64_t)t : (uint64_t)t;
	if (u % 10 == 0)
		snprintf(buf, 32, "10^%s%" PRIu64, t < 0 ? "-" : "", u / 10);
	else
		snprintf(buf, 32, "10^%s%" PRIu64 ".%" PRIu64, t < 0 ? "-" : "",
			 u / 10, u % 10);
	return buf;
}

static bool has_ports(uint8_t proto)
{
	return proto == PROTO_TCP || proto == PROTO_UDP;
}

char *words_end(const struct addr *a, uint16_t port, uint8_t proto, char *buf)
{
	char text[ADDR_TEXT];

	addr_format(a, text);
	if (!has_ports(proto))
		snprintf(buf, 64, "%s", text);
	else if (addr_is_v4(a))
		snprintf(buf, 64, "%s:%u", text, port);
	else
		snprintf(buf, 64, "[%s]:%u", text, port);
	return buf;
}

char *words_leg(const struct case_conn *c, const struct addr *host, char *buf)
{
	char src[64], dst[64];

	words_end(&c->src, c->sport, c->proto, src);
	words_end(&c->dst, c->dport, c->proto, dst);
	if (addr_eq(&c->src, host))
		snprintf(buf, 160, "> %s", dst);
	else if (!addr_eq(&c->dst, host))
		snprintf(buf, 160, "%s > %s", src, dst);
	else if (has_ports(c->proto))
		snprintf(buf, 160, "%s > :%u", src, c->dport);
	else
		snprintf(buf, 160, "%s >", src);
	return buf;
}

char *words_filter(const struct case_conn *c, char *buf)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT];
	const char *ip = addr_is_v4(&c->src) ? "ip" : "ipv6";
	const char *proto = c->proto == PROTO_TCP     ? "tcp"
			    : c->proto == PROTO_UDP   ? "udp"
			    : c->proto == PROTO_ICMP6 ? "icmpv6"
						      : "icmp";

	addr_format(&c->src, src);
	addr_format(&c->dst, dst);
	if (has_ports(c->proto))
		snprintf(buf, 512,
			 "(%s.addr == %s && %s.addr == %s && %s.port == %u "
			 "&& %s.port == %u)",
			 ip, src, ip, dst, proto, c->sport, proto, c->dport);
	else
		snprintf(buf, 512, "(%s && %s.addr == %s && %s.addr == %s)",
			 proto, ip, src, ip, dst);
	return buf;
}

char *words_filter_pair(const struct case_conn *a, const struct case_conn *b,
			char *buf)
{
	char one[512], two[512];

	snprintf(buf, WORDS_MAX, "%s || %s", words_filter(a, one),
		 words_filter(b, two));
	return buf;
}

void words_shell(FILE *f, const char *text)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_-+=.,/:@%";

	if (text[0] != '\0' && text[strspn(text, safe)] == '\0') {
		fputs(text, f);
		return;
	}
	fputc('\'', f);
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs("'\\''", f);
		else if ((unsigned char)*text < 0x20 || *text == 0x7f)
			fputc('?', f); /* no control bytes on a terminal */
		else
			fputc(*text, f);
	}
	fputc('\'', f);
}

static bool overlaps(const struct case_capture *f, const struct case_conn *c)
{
	return tstamp_known(f->first) && f->first.ns <= c->last.ns &&
	       f->last.ns >= c->first.ns;
}

/* The capture where frames of both were found, or which may have them. */
static const struct case_capture *seen_in(const struct case_record *c,
					  const struct case_conn *a,
					  const struct case_conn *b)
{
	uint32_t at;

	for (size_t i = 0; b != NULL && i < c->n_relays; i++) {
		const struct case_relay *r = &c->relays[i];

		if (r->in == a->id && r->out == b->id && r->n_exchanges > 0 &&
		    r->exchanges[0].from.capture < c->n_captures)
			return &c->captures[r->exchanges[0].from.capture];
	}
	/* the one that ended first did so while the other was seen */
	at = b != NULL && b->capture < a->capture ? b->capture : a->capture;
	if (at < c->n_captures)
		return &c->captures[at];
	for (size_t i = 0; i < c->n_captures; i++)
		if (overlaps(&c->captures[i], a) &&
		    (b == NULL || overlaps(&c->captures[i], b)))
			return &c->captures[i];
	return NULL;
}

void words_look(FILE *f, const struct case_record *c, const struct case_conn *a,
		const struct case_conn *b)
{
	const struct case_capture *best = seen_in(c, a, b);
	char filter[WORDS_MAX];

	fputs("tshark -r ", f);
	if (best == NULL || c->from_stdin)
		fputs("FILE", f);
	else
		words_shell(f, best->file);
	if (b != NULL)
		words_filter_pair(a, b, filter);
	else
		words_filter(a, filter);
	fprintf(f, " -Y '%s'", filter);
}

void para_begin(struct para *p, const char *label, unsigned at, unsigned indent)
{
	int n = fprintf(p->f, "%*s%s", (int)at, "", label);

	p->column = n > 0 ? (unsigned)n : 0;
	p->indent = indent;
	p->glue = p->column < indent || label[0] == '\0';
	if (p->column < indent) {
		fprintf(p->f, "%*s", (int)(indent - p->column), "");
		p->column = indent;
	}
}

/* One piece of n bytes that stays in one line; a comma may follow. */
static void piece(struct para *p, const char *s, unsigned n)
{
	if (!p->glue && p->column + 2 + n > p->width && p->column > p->indent) {
		fprintf(p->f, "\n%*s", (int)p->indent, "");
		p->column = p->indent;
	} else if (!p->glue) {
		fputc(' ', p->f);
		p->column++;
	}
	fwrite(s, 1, n, p->f);
	p->column += n;
	p->glue = false;
}

void para_unit(struct para *p, const char *text)
{
	piece(p, text, (unsigned)strlen(text));
}

void para_put(struct para *p, const char *fmt, ...)
{
	char text[WORDS_MAX];
	const char *s = text;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (strchr(",;:", *s) != NULL)
		p->glue = true;
	while (*s != '\0') {
		unsigned n = (unsigned)strcspn(s, " ");

		piece(p, s, n);
		s += n;
		s += *s == ' ';
	}
}

void para_end(struct para *p)
{
	fputc('\n', p->f);
	p->column = 0;
}
