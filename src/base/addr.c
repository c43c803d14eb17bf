/* addr.c - see addr.h; text by inet_ntop()/inet_pton(). */
#include "base/addr.h"

#include <arpa/inet.h>

char *addr_format(const struct addr *a, char *buf)
{
	if (addr_is_v4(a))
		inet_ntop(AF_INET, a->b + 12, buf, ADDR_TEXT);
	else
		inet_ntop(AF_INET6, a->b, buf, ADDR_TEXT);
	return buf;
}

bool addr_parse(const char *text, struct addr *out, struct err *e)
{
	uint8_t raw[16];

	if (inet_pton(AF_INET, text, raw) == 1) {
		*out = addr_v4(raw);
		return true;
	}
	if (inet_pton(AF_INET6, text, raw) == 1) {
		*out = addr_v6(raw);
		return true;
	}
	return err_set(e, ERR_USAGE, "'%s' is no IP address", text);
}
