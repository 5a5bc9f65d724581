#include "serve/host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

/* 255 bytes are the longest name of the DNS. */
enum {
	NAME_BYTES = 256
};

static bool
is_port(const char *s)
{
	return (*s == '\0' || (*s == ':' &&
	    s[1 + strspn(s + 1, "0123456789")] == '\0'));
}

bool
host_is_loopback4(const struct in_addr *a)
{
	return (ntohl(a->s_addr) >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET);
}

bool
host_is_loopback6(const struct in6_addr *a)
{
	return (IN6_IS_ADDR_LOOPBACK(a));
}

bool
host_is_ours(const char *value, const char *const *names, bool loopback)
{
	bool brackets = *value == '[';
	const char *from = value + brackets;
	size_t n = strcspn(from, brackets ? "]" : ":");
	char name[NAME_BYTES];
	struct in_addr in;
	struct in6_addr in6;

	if (n == 0 || n >= sizeof(name) || (brackets && from[n] != ']') ||
	    !is_port(from + n + brackets))
		return (false);
	memcpy(name, from, n);
	name[n] = '\0';
	if (brackets)
		return (inet_pton(AF_INET6, name, &in6) == 1 &&
		    (!loopback || host_is_loopback6(&in6)));
	if (inet_pton(AF_INET, name, &in) == 1)
		return (!loopback || host_is_loopback4(&in));
	if (strcasecmp(name, "localhost") == 0)
		return (true);
	for (; *names != NULL; names++)
		if (strcasecmp(name, *names) == 0)
			return (true);
	return (false);
}
