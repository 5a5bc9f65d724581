/*
 * fuzz_container -- any text as the URL of a container's keys: refused, or it
 * is https, or what curl takes for its host is near; and it names no user.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/mem.h"
#include "fuzz/driver.h"
#include "net/container.h"

/* Whatever its spelling. */
static bool
is_address(int family, const char *host, const char *want)
{
	struct in6_addr a = { 0 }, b = { 0 };

	must(inet_pton(family, want, &b) == 1);
	return (inet_pton(family, host, &a) == 1 &&
	    memcmp(&a, &b, sizeof(a)) == 0);
}

static bool
is_near(char *host)
{
	struct in_addr a;
	size_t n = strlen(host);

	if (host[0] == '[') {
		must(host[n - 1] == ']');
		host[n - 1] = '\0';
		return (is_address(AF_INET6, host + 1, "::1") ||
		    is_address(AF_INET6, host + 1, "fd00:ec2::23"));
	}
	if (inet_pton(AF_INET, host, &a) != 1)
		return (strcasecmp(host, "localhost") == 0);
	return (ntohl(a.s_addr) >> 24 == 127 ||
	    is_address(AF_INET, host, "169.254.170.2") ||
	    is_address(AF_INET, host, "169.254.170.23"));
}

static void
look(const char *url)
{
	CURLU *u = curl_url();
	char *host = NULL, *user = NULL;

	/* What curl refuses goes nowhere. */
	if (curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
		must(curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK);
		must(strncmp(url, "https://", 8) == 0 || is_near(host));
		must(curl_url_get(u, CURLUPART_USER, &user, 0) ==
		    CURLUE_NO_USER);
	}
	curl_free(host);
	curl_free(user);
	curl_url_cleanup(u);
}

static void
try(const struct container_cfg *cfg)
{
	struct err e = { 0 };
	char *url = container_url(cfg, &e);

	if (url == NULL)
		must(e.cls == ERR_CONFIG && e.msg[0] != '\0');
	else
		look(url);
	free(url);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_strndup((const char *)data, size);

	try(&(struct container_cfg){ .full = text });
	try(&(struct container_cfg){ .relative = text });
	free(text);
	return (0);
}
