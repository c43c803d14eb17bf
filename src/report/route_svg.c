/*
 * route_svg.c - a timeline of an outage to show around, as SVG.
 *
 * One row per network with a finding, grey where nothing was known; below it
 * the lost peers and the gaps of the feed.  No script, no outside reference.
 */
#include "report/route_outage.h"

#include <stdio.h>
#include <string.h>

#include "base/tstamp.h"

#define WIDTH	 1000
#define LEFT	 190
#define RIGHT	 20
#define ROW	 20
#define COLS	 395
#define MAX_ROWS 60

static char *when(int64_t sec, char *buf)
{
	struct tstamp t = { sec * INT64_C(1000000000) };

	return tstamp_format(t, 0, buf, 40);
}

static void text(FILE *f, const char *s)
{
	for (; *s; s++) {
		if (*s == '<')
			fputs("&lt;", f);
		else if (*s == '>')
			fputs("&gt;", f);
		else if (*s == '&')
			fputs("&amp;", f);
		else if (*s == '"')
			fputs("&quot;", f);
		else if ((unsigned char)*s >= ' ')
			fputc(*s, f);
	}
}

static int x_of(const struct route_outage *r, int64_t sec, int64_t t0,
		int64_t t1)
{
	(void)r;
	if (sec < t0)
		sec = t0;
	if (sec > t1)
		sec = t1;
	return LEFT + (int)((sec - t0) * (WIDTH - LEFT - RIGHT) /
			    (t1 > t0 ? t1 - t0 : 1));
}

static const char *colour(int permille, const struct outage_rules *u)
{
	if (permille < 0)
		return "#e4e4e4";
	if (permille <= u->down * 1000)
		return "#b3202c";
	if (permille <= u->partial * 1000)
		return "#e08a1e";
	if (permille < u->full * 1000)
		return "#d9c84a";
	return "#3c8d5a";
}

static void row(FILE *f, const struct route_outage *r, uint32_t net, int y,
		const int64_t *t)
{
	int v[COLS], from = 0;
	int64_t step = (t[1] - t[0]) / COLS + 1;
	char name[PREFIX_TEXT];

	route_series(r, net, t[0], step, COLS, v);
	fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", LEFT - 8,
		y + 14);
	text(f, prefix_format(&r->rib->nets[net].prefix, name));
	fputs("</text>\n", f);
	for (int i = 1; i <= COLS; i++) {
		if (i < COLS && strcmp(colour(v[i], r->rules),
				       colour(v[from], r->rules)) == 0)
			continue;
		fprintf(f,
			"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
			"fill=\"%s\"/>\n",
			LEFT + from * 2, y + 2, (i - from) * 2, ROW - 4,
			colour(v[from], r->rules));
		from = i;
	}
}

static void feed_row(FILE *f, const struct route_outage *r, int y,
		     const int64_t *t)
{
	const struct outage_result *x = &r->result;

	fprintf(f,
		"<text x=\"%d\" y=\"%d\" text-anchor=\"end\">lost peers, "
		"gaps</text>\n",
		LEFT - 8, y + 14);
	for (uint32_t i = 0; i < x->ngaps; i++) {
		int a = x_of(r, x->gap[i].from_sec, t[0], t[1]);
		int b = x_of(r, x->gap[i].to_sec, t[0], t[1]);

		fprintf(f,
			"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
			"fill=\"#8d8d8d\"><title>feed gap of ",
			a, y + 2, b - a + 1, ROW - 4);
		text(f, r->feed->names[x->gap[i].collector]);
		fputs("</title></rect>\n", f);
	}
	for (uint32_t i = 0; i < x->nlost && i < 2000; i++)
		fprintf(f,
			"<rect x=\"%d\" y=\"%d\" width=\"2\" height=\"8\" "
			"fill=\"#4a5fc1\"/>\n",
			x_of(r, x->lost[i].from_sec, t[0], t[1]), y + 6);
}

/* Networks with a finding, each once; returns how many. */
static unsigned rows(const struct route_outage *r, uint32_t *net)
{
	unsigned n = 0, k;

	for (uint32_t i = 0; i < r->result.nfindings && n < MAX_ROWS; i++) {
		for (k = 0; k < n && net[k] != r->result.finding[i].net; k++)
			;
		if (k == n)
			net[n++] = r->result.finding[i].net;
	}
	if (n == 0)
		n = outage_nets_of(r->outage, 0, net, MAX_ROWS);
	return n < MAX_ROWS ? n : MAX_ROWS;
}

static void axis(FILE *f, int y, const int64_t *t)
{
	char buf[40];

	for (int i = 0; i <= 4; i++) {
		int64_t sec = t[0] + (t[1] - t[0]) * i / 4;
		int x = LEFT + (WIDTH - LEFT - RIGHT) * i / 4;

		fprintf(f,
			"<line x1=\"%d\" y1=\"44\" x2=\"%d\" y2=\"%d\" "
			"stroke=\"#999\" stroke-width=\"0.5\"/>\n"
			"<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" "
			"font-size=\"11\">%s</text>\n",
			x, x, y, x, y + 14,
			i == 0	 ? "start"
			: i == 4 ? "end"
				 : "middle",
			when(sec, buf));
	}
}

bool route_outage_svg(FILE *f, const struct route_outage *r, const char *title)
{
	static const struct {
		const char *fill, *word;
	} key[] = {
		{ "#3c8d5a", "visible" },   { "#d9c84a", "below 80 %" },
		{ "#e08a1e", "partial" },   { "#b3202c", "down" },
		{ "#e4e4e4", "not known" }, { "#8d8d8d", "feed gap" },
		{ "#4a5fc1", "peer lost" },
	};
	uint32_t net[MAX_ROWS];
	unsigned n = rows(r, net), i;
	int64_t t[2] = { r->result.first_sec, r->result.last_sec };
	int height = 110 + (int)n * ROW + ROW, y = 46;

	fprintf(f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
		"height=\"%d\" viewBox=\"0 0 %d %d\" "
		"font-family=\"sans-serif\" font-size=\"12\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
		"<text x=\"10\" y=\"24\" font-size=\"16\">",
		WIDTH, height, WIDTH, height);
	text(f, title);
	fputs("</text>\n", f);
	for (i = 0; i < n; i++, y += ROW)
		row(f, r, net[i], y, t);
	feed_row(f, r, y, t);
	y += ROW + 2;
	axis(f, y, t);
	for (i = 0; i < sizeof(key) / sizeof(key[0]); i++)
		fprintf(f,
			"<rect x=\"%u\" y=\"%d\" width=\"10\" height=\"10\" "
			"fill=\"%s\"/><text x=\"%u\" y=\"%d\">%s</text>\n",
			10 + i * 110, y + 24, key[i].fill, 24 + i * 110, y + 33,
			key[i].word);
	fprintf(f,
		"<text x=\"10\" y=\"%d\" font-size=\"11\">Share of peer ASes "
		"that announce the network. Why it was gone, routing tables "
		"do not say.</text>\n</svg>\n",
		y + 52);
	return ferror(f) == 0;
}
