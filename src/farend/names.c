/* names.c - the words that a reader sees. */
#include "farend/farend.h"

const char *farend_question_name(enum farend_question q)
{
	static const char *const n[] = { "terminating-relay", "tunnel",
					 "shared-address" };

	return (unsigned)q < FAREND_QUESTIONS ? n[q] : "?";
}

const char *farend_answer_name(enum farend_answer a)
{
	static const char *const n[] = { "yes", "no", "undetermined" };

	return (unsigned)a < 3 ? n[a] : "?";
}

const char *farend_reason_name(enum farend_reason r)
{
	static const char *const n[FAREND_REASONS] = {
		"",
		"too-few-data",
		"one-direction",
		"capture-loss",
		"table-overflow",
		"below-threshold",
		"slow-client",
		"path-jitter",
		"acknowledgements-late",
		"application-relay-not-excluded",
		"login-hop-not-excluded",
		"conflict",
		"outside-validation",
		"not-applicable",
	};

	return (unsigned)r < FAREND_REASONS ? n[r] : "?";
}

const char *farend_rival_name(enum farend_rival r)
{
	static const char *const n[FAREND_RIVAL_COUNT] = {
		"slow client",
		"satellite accelerator",
		"carrier, corporate or privacy proxy",
		"tunnel over TCP",
		"proxy that delays acknowledgements",
		"congestion",
		"our own load balancer",
		"access link of low MTU",
		"one host, several systems",
	};

	return (unsigned)r < FAREND_RIVAL_COUNT ? n[r] : "?";
}

const char *farend_spoof_name(enum farend_spoof s)
{
	static const char *const n[] = {
		"none",	     "syn-only",	  "refused",
		"handshake", "data-acknowledged", "cryptographic",
		"repeated",
	};

	return (unsigned)s <= FAREND_S_REPEATED ? n[s] : "?";
}

const char *farend_caveat(void)
{
	return "not visible from here: a login hop, a relay that terminates "
	       "TLS or HTTP, an IP tunnel by its timing, a far leg below the "
	       "resolution";
}
