/*
 * test_text.c - the screen and the explanation of the case made by hand:
 * lines that must be there, width, colour, hostile file names, words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "report/words.h"
#include "sample_case.h"

static char *screen(const struct case_record *c, const struct report_style *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	assert_true(report_text(f, c, s));
	fclose(f);
	return text;
}

static char *explanation(const struct case_record *c, const char *address)
{
	const struct report_style s = { .width = 80 };
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct addr a;
	struct err e;

	assert_non_null(f);
	assert_true(addr_parse(address, &a, NULL));
	assert_true(report_explain(f, c, &a, &s, &e));
	fclose(f);
	return text;
}

static void contains(const char *text, const char *part)
{
	if (text == NULL || strstr(text, part) == NULL)
		fail_msg("no '%s' in:\n%s", part,
			 text != NULL ? text : "(nothing)");
}

static void test_screen(void **state)
{
	static const char *const parts[] = {
		"a capture.pcapng: 11,664 packets, 76 connections, 3 m 53 s, "
		"no loss, times in ns\n",
		"\nSPRINGBOARD  198.51.100.7  relays  198.19.200.116:40122 > "
		":22  into  > 203.0.113.219:22\n",
		"sufficient: e = 10^12 against the weakest rival, common "
		"cause (needed 10^5.8)\n",
		"LR 10^1.7 (10^1.5 to 10^1.8), moderate (capped: 36 relay and "
		"52 other runs, lab 2026-11-22)\n",
		"214 of 217 onsets answered, lag 0.2 ms (p95 1.9 ms), sizes "
		"agree in 47 of 51 bursts",
		"tshark -r 'a capture.pcapng' -Y '(ip.addr == 198.19.200.116 "
		"&& ip.addr == 198.51.100.7 && tcp.port == 40122 && tcp.port "
		"== 22) || (ip.addr == 198.51.100.7 ",
		"\nUNDETERMINED 198.19.200.116 too-few-data\n",
		"\nSOURCE       203.0.113.219\n",
		"\nchain 1: 198.19.200.116 > 198.51.100.7 > 203.0.113.219 (",
		"\nself-check: decoys >= 10/100/1000: 391/30/2 of 4,821 "
		"(allowed 482/48/5)",
		"\ncounted:     malformed 3\n",
		"\nUndetermined is not innocent, and a springboard is itself a "
		"victim.\nNext: wellspring explain case.json 198.51.100.7\n",
	};
	const struct report_style s = { .width = 200, .stored = "case.json" };
	struct case_record *c = sample_case();
	char *text = screen(c, &s);

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		contains(text, parts[i]);
	assert_null(strstr(text, "insufficient"));
	assert_null(strchr(text, '\033'));
	free(text);
	case_free(c);
}

static void test_lines_fit(void **state)
{
	struct case_record *c = sample_case();

	(void)state;
	for (unsigned width = 60; width < 130; width += 7) {
		const struct report_style s = { .width = width, .all = true };
		char *text = screen(c, &s);

		for (char *line = strtok(text, "\n"); line != NULL;
		     line = strtok(NULL, "\n")) {
			/* the command is to be copied, the head is a unit */
			if (strstr(line, "tshark") == NULL &&
			    strstr(line, "packets,") == NULL &&
			    strstr(line, "Next:") == NULL &&
			    strstr(line, "Undetermined") == NULL &&
			    strstr(line, "DETERMINED") == NULL &&
			    strlen(line) > width)
				fail_msg("%u columns: %s", width, line);
		}
		free(text);
	}
	case_free(c);
}

static void test_all_and_many(void **state)
{
	struct report_style s = { .all = true, .width = 200 };
	struct case_record *c = sample_case();
	char *text = screen(c, &s);

	(void)state;
	contains(text, "insufficient: e = 10^2 against");
	contains(text, "quality:    B, one-sided");
	contains(text, "icmpv6 && ipv6.addr == 2001:db8::9");
	free(text);
	/* many undetermined addresses become one line */
	c->addresses = realloc(c->addresses, 40 * sizeof(*c->addresses));
	assert_non_null(c->addresses);
	for (size_t i = c->n_addresses; i < 40; i++) {
		c->addresses[i] = c->addresses[1];
		c->addresses[i].address.b[15] = (uint8_t)i;
	}
	c->n_addresses = 40;
	s.all = false;
	text = screen(c, &s);
	contains(text, "UNDETERMINED 38 addresses: 37 too-few-data, 1 "
		       "below-threshold");
	free(text);
	case_free(c);
}

static void test_damage_and_hostile_names(void **state)
{
	const struct report_style s = { .width = 200, .color = true };
	struct case_record *c = sample_case();
	char *text;

	(void)state;
	c->damaged = c->captures[0].damaged = true;
	c->captures[0].damage_offset = 4711;
	strcpy(c->captures[0].damage, "ends inside a packet");
	free(c->captures[0].file);
	c->captures[0].file = strdup("x\033]0;y\007'z.pcap");
	text = screen(c, &s);
	contains(text, "at byte 4711: ends inside a packet; everything");
	contains(text, "with loss or damage");
	contains(text, "x?]0;y?'z.pcap:");
	contains(text, "'x?]0;y?'\\''z.pcap'");
	contains(text, "\033[1;31mSPRINGBOARD \033[0m");
	free(text);
	case_free(c);
}

static void test_expected_is_a_note(void **state)
{
	const struct report_style s = { .width = 200 };
	struct case_record *c = sample_case();
	char *text;

	(void)state;
	c->relays[0].expected = true;
	text = screen(c, &s);
	contains(text, "\nnote         198.51.100.7 is an expected relay: "
		       "198.19.200.116:40122 > :22  into  > "
		       "203.0.113.219:22 (e = 10^12)\n");
	assert_null(strstr(text, "SPRINGBOARD"));
	free(text);
	case_free(c);
}

static void add_far_finding(struct case_address *a, const char *inferred)
{
	a->findings = realloc(a->findings, sizeof(*a->findings));
	assert_non_null(a->findings);
	memset(a->findings, 0, sizeof(*a->findings));
	a->n_findings = 1;
	strcpy(a->findings->proposition, "terminating-relay");
	strcpy(a->findings->observed, "26 turns of 5 kinds");
	strcpy(a->findings->inferred, inferred);
	a->findings->log10_lr = 2 * MICROBANS_PER_BAN;
}

/* A springboard by its far end has all four lines, a source has one. */
static void test_far_end(void **state)
{
	const struct report_style s = { .width = 200 };
	struct case_record *c = sample_case();
	char *text;

	(void)state;
	c->relays[0].sufficient = false;
	c->far_ends[0].address = c->addresses[0].address;
	c->far_ends[0].sufficient = true;
	c->far_ends[0].log10_e = 4 * MICROBANS_PER_BAN;
	add_far_finding(&c->addresses[0], "real client 3 to 9 ms behind it");
	add_far_finding(&c->addresses[3], "no relay above 2 ms; not a login "
					  "hop");
	text = screen(c, &s);
	contains(text,
		 "\nSPRINGBOARD  198.51.100.7  ends connections for somebody "
		 "further away\n"
		 "             sufficient: e = 10^4 against no relay there\n"
		 "             strength:   LR 10^2, moderate\n"
		 "             observed:   26 turns of 5 kinds\n"
		 "             inferred:   real client 3 to 9 ms behind it\n");
	contains(text,
		 "\nSOURCE       203.0.113.219  no relay above 2 ms (LR 10^2)\n"
		 "             Source is the weaker word: a login hop, ");
	free(text);
	case_free(c);
}

static void test_nothing_selected(void **state)
{
	const struct report_style s = { .width = 200 };
	struct case_record *c = sample_case();
	size_t n = c->n_addresses;
	char *text;

	(void)state;
	c->n_addresses = 0;
	c->captures[0].selected = 0;
	text = screen(c, &s);
	contains(text, "\nNothing was selected: the packets are from "
		       "2014-12-22T16:00:00Z to 2014-12-22T16:03:53Z.\n");
	free(text);
	c->n_addresses = n;
	case_free(c);
}

static void test_explain(void **state)
{
	struct case_record *c = sample_case();
	char *text = explanation(c, "198.51.100.7");

	(void)state;
	contains(text, "198.51.100.7: springboard, quality A\n");
	contains(text, "Pair 1: is connection 1 relayed into 2?");
	contains(text, "common cause             12.05      5.76  beaten");
	contains(text, "10^6.2 times as many hypotheses (now K = 5,750)");
	contains(text, "2014-12-22T16:00:21.000Z");
	contains(text,
		 "2014-12-22T16:00:30.000000Z  in>out   812 > 815         "
		 "0.2 ms  36 > 44        7.00 s\n");
	contains(text, "  open:       tshark -r 'a capture.pcapng' -Y "
		       "'frame.number in {812, 815, 842, 845}'\n");
	contains(text, "Cannot be seen from here:");
	free(text);
	text = explanation(c, "2001:db8::9");
	contains(text, "undetermined, below-threshold, quality B: one-sided");
	contains(text, "common cause              2.00      5.76  NOT beaten");
	contains(text, "about 408 more onsets");
	contains(text, "Would decide it:");
	free(text);
	case_free(c);
}

static void test_words(void **state)
{
	char b[64];

	(void)state;
	assert_string_equal(words_count(0, b), "0");
	assert_string_equal(words_count(999, b), "999");
	assert_string_equal(words_count(1234567, b), "1,234,567");
	assert_string_equal(words_duration(400000000, b), "0.40 s");
	assert_string_equal(words_duration(INT64_C(3725000000000), b),
			    "1 h 02 m");
	assert_string_equal(words_lag(35000, b), "35 us");
	assert_string_equal(words_lag(-2500000, b), "-2.5 ms");
	assert_string_equal(words_lag(INT64_C(2340000000), b), "2.3 s");
	/* never more than was found, never less than is needed */
	assert_string_equal(words_power(5799999, false, b), "10^5.7");
	assert_string_equal(words_power(5700001, true, b), "10^5.8");
	assert_string_equal(words_power(-5700001, false, b), "10^-5.8");
	assert_string_equal(words_power(-50000, true, b), "10^0");
	assert_string_equal(words_power(3000000, false, b), "10^3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_screen),
		cmocka_unit_test(test_lines_fit),
		cmocka_unit_test(test_all_and_many),
		cmocka_unit_test(test_damage_and_hostile_names),
		cmocka_unit_test(test_expected_is_a_note),
		cmocka_unit_test(test_far_end),
		cmocka_unit_test(test_nothing_selected),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
