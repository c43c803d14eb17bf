/*
 * sigs.c - see sigs.h.
 *
 * The clamp test: a Linux stack (4.20 and later) announces the window
 * floor(65535/m)*m for the MSS m of its own interface.  A middlebox that
 * lowers the MSS option leaves the window as it was, so the two disagree.
 */
#include "farend/sigs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "farend/text.h"

static const char letters[] = "?MSTNWE";
enum { LAYOUT_OPTIONS = 10, TEXT_MAX = 1 << 20 };

static uint32_t letter_code(uint8_t kind)
{
	static const uint8_t code[16] = {
		6, 4, 1, 5, 2, 7, 7, 7, 3, 7, 7, 7, 7, 7, 7, 7
	}; /* E N M W S ? ? ? T ? ... */

	return code[kind < 15 ? kind : 15];
}

uint32_t fe_layout(const uint8_t *options, size_t len)
{
	uint32_t layout = 0;
	int shift = 3 * LAYOUT_OPTIONS;

	if (options == NULL)
		return 0;
	for (size_t at = 0; at < len && shift > 0;) {
		uint8_t kind = options[at++];

		shift -= 3;
		layout |= letter_code(kind) << shift;
		if (kind == 0)
			break;
		if (kind == 1)
			continue;
		if (at == len || options[at] < 2)
			break; /* cut off, or nonsense */
		at += options[at] - 1u;
	}
	return layout;
}

char *fe_layout_text(uint32_t layout, char buf[16])
{
	int n = 0;

	for (int i = LAYOUT_OPTIONS - 1; i >= 0; i--) {
		uint32_t c = layout >> (3 * i) & 7;

		if (c == 0)
			break;
		buf[n++] = letters[c == 7 ? 0 : c];
	}
	buf[n] = '\0';
	return buf;
}

static bool layout_parse(const char *word, uint32_t *out)
{
	*out = 0;
	for (int i = 0; word[i] != '\0'; i++) {
		const char *c = strchr(letters, word[i]);

		if (c == NULL || i >= LAYOUT_OPTIONS)
			return false;
		*out |= (c == letters ? 7u : (uint32_t)(c - letters))
			<< (3 * (LAYOUT_OPTIONS - 1 - i));
	}
	return *out != 0;
}

static bool number_or_any(const char *word, long high, long *out)
{
	char *end;

	if (strcmp(word, "*") == 0) {
		*out = -1;
		return true;
	}
	*out = strtol(word, &end, 10);
	return *end == '\0' && end != word && *out >= 0 && *out <= high;
}

static uint8_t os_parse(const char *label)
{
	static const struct {
		const char *word;
		uint8_t os;
	} names[] = { { "linux", FE_OS_LINUX },	    { "android", FE_OS_LINUX },
		      { "windows", FE_OS_WINDOWS }, { "macos", FE_OS_APPLE },
		      { "ios", FE_OS_APPLE },	    { "freebsd", FE_OS_BSD },
		      { "openbsd", FE_OS_BSD } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(label, names[i].word, strlen(names[i].word)) == 0)
			return names[i].os;
	return FE_OS_OTHER;
}

static bool os_line(struct farend_sigs *s, char *const *w, size_t n)
{
	struct fe_sig_os *o = &s->os[s->n_os];
	long window, wscale, ttl;

	if (n < 7 || s->n_os == FE_SIGS_OS || strlen(w[1]) >= sizeof(o->label))
		return false;
	if (strcmp(w[3], "M*") == 0)
		window = -2;
	else if (!number_or_any(w[3], 65535, &window))
		return false;
	if (!layout_parse(w[2], &o->layout) ||
	    !number_or_any(w[4], 255, &wscale) ||
	    !number_or_any(w[5], 255, &ttl))
		return false;
	strcpy(o->label, w[1]);
	o->window = (int32_t)window;
	o->wscale = (int16_t)wscale;
	o->ttl = (int16_t)ttl;
	o->os = os_parse(w[1]);
	s->n_os++;
	return true;
}

static bool link_line(struct farend_sigs *s, char *const *w, size_t n)
{
	struct fe_sig_link *l = &s->link[s->n_link];
	long mss;

	if (n < 5 || s->n_link == FE_SIGS_LINK ||
	    strlen(w[3]) >= sizeof(l->label) ||
	    !number_or_any(w[1], 65535, &mss) || mss < 1)
		return false;
	if (strcmp(w[2], "native") == 0)
		l->kind = FE_LINK_NATIVE;
	else if (strcmp(w[2], "access") == 0)
		l->kind = FE_LINK_ACCESS;
	else if (strcmp(w[2], "tunnel") == 0)
		l->kind = FE_LINK_TUNNEL;
	else
		return false;
	l->mss = (uint16_t)mss;
	strcpy(l->label, w[3]);
	s->n_link++;
	return true;
}

/* "t13d1516h2_8daaf6152771_02713d6af862" */
static bool is_ja4(const char *w)
{
	static const size_t bars[2] = { 10, 23 };

	if (strlen(w) != 36 || w[0] != 't' || (w[3] != 'd' && w[3] != 'i'))
		return false;
	for (size_t i = 0; i < 36; i++)
		if ((w[i] == '_') != (i == bars[0] || i == bars[1]))
			return false;
	return true;
}

static bool tls_line(struct farend_sigs *s, char *const *w, size_t n)
{
	struct fe_sig_tls *t = &s->tls[s->n_tls];

	if (n < 6 || s->n_tls == FE_SIGS_TLS || !is_ja4(w[1]) ||
	    strlen(w[3]) >= sizeof(t->label))
		return false;
	t->os = FE_OS_UNKNOWN;
	if (strcmp(w[2], "any") != 0) {
		t->os = os_parse(w[2]);
		if (t->os == FE_OS_OTHER)
			return false;
	}
	strcpy(t->ja4, w[1]);
	strcpy(t->label, w[3]);
	s->n_tls++;
	return true;
}

static bool sigs_line(void *arg, char *const *w, size_t n)
{
	if (strcmp(w[0], "os") == 0)
		return os_line(arg, w, n);
	if (strcmp(w[0], "link") == 0)
		return link_line(arg, w, n);
	if (strcmp(w[0], "tls") == 0)
		return tls_line(arg, w, n);
	return false;
}

bool farend_sigs_parse(struct farend_sigs *s, const char *text, size_t len,
		       struct err *e)
{
	memset(s, 0, sizeof(*s));
	return fe_text_lines(text, len, sigs_line, s, e);
}

struct farend_sigs *farend_sigs_shipped(struct err *e)
{
	struct farend_sigs *s = calloc(1, sizeof(*s));
	size_t len;
	const char *text = fe_text_signatures(&len);

	if (s == NULL) {
		err_set(e, ERR_MEMORY, "no memory for signatures");
	} else if (!farend_sigs_parse(s, text, len, e)) {
		err_ctx(e, "shipped signatures");
		free(s);
		return NULL;
	}
	return s;
}

struct farend_sigs *farend_sigs_read(const char *path, struct err *e)
{
	struct farend_sigs *s = NULL;
	size_t len;
	char *text = fe_text_read(path, &len, e);

	if (text == NULL)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		err_set(e, ERR_MEMORY, "no memory for signatures");
	} else if (!farend_sigs_parse(s, text, len, e)) {
		err_ctx(e, "%s", path);
		free(s);
		s = NULL;
	}
	free(text);
	return s;
}

uint8_t fe_ttl_initial(uint8_t ttl)
{
	return ttl <= 32 ? 32 : ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255;
}

const struct fe_sig_os *fe_sigs_find_os(const struct farend_sigs *s,
					uint32_t layout, uint16_t mss,
					uint16_t window, uint8_t wscale,
					uint8_t ttl)
{
	for (size_t i = 0; i < s->n_os; i++) {
		const struct fe_sig_os *o = &s->os[i];

		if (o->layout != layout ||
		    (o->window >= 0 && o->window != window) ||
		    (o->wscale >= 0 && o->wscale != wscale) ||
		    (o->ttl >= 0 && o->ttl != fe_ttl_initial(ttl)))
			continue;
		if (o->window == -2 && (mss == 0 || window % mss != 0) &&
		    fe_clamped_from(s, mss, window) == 0)
			continue;
		return o;
	}
	return NULL;
}

const struct fe_sig_link *fe_sigs_find_link(const struct farend_sigs *s,
					    uint16_t mss)
{
	for (size_t i = 0; i < s->n_link; i++)
		if (s->link[i].mss == mss)
			return &s->link[i];
	return NULL;
}

const struct fe_sig_tls *fe_sigs_find_tls(const struct farend_sigs *s,
					  const char *ja4)
{
	enum { HASHES = 10, VERSION = 1 };

	for (size_t i = 0; i < s->n_tls && strlen(ja4) > HASHES; i++)
		if (strcmp(s->tls[i].ja4 + HASHES, ja4 + HASHES) == 0 &&
		    memcmp(s->tls[i].ja4 + VERSION, ja4 + VERSION, 2) == 0)
			return &s->tls[i];
	return NULL;
}

static bool native_window(uint16_t mss, uint16_t window)
{
	return mss != 0 && 65535 / mss * mss == window;
}

uint16_t fe_clamped_from(const struct farend_sigs *s, uint16_t mss,
			 uint16_t window)
{
	uint16_t found = 0;

	if (mss == 0 || window == 0 || native_window(mss, window) ||
	    window % mss == 0)
		return 0;
	for (size_t i = 0; i < s->n_link; i++) {
		uint16_t m = s->link[i].mss;

		if (m <= mss || !native_window(m, window))
			continue;
		if (found != 0 && found != m)
			return 0; /* more than one fits: nobody knows */
		found = m;
	}
	return found;
}
