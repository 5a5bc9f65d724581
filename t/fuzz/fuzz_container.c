/*
 * fuzz_container -- any text as the URL of a container's keys: refused, or it
 * is https, or what curl takes for its host is near.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/mem.h"
#include "fuzz/driver.h"
#include "net/container.h"

static void
near(const char *url)
{
	static const char *const hosts[] = { "localhost", "127.", "[::1]",
	    "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]" };
	CURLU *u = curl_url();
	char *host = NULL;
	bool ok = false;
	size_t i;

	/* What curl refuses goes nowhere. */
	if (curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
		must(curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK);
		for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
			ok |= strncasecmp(host, hosts[i], i == 1 ? 4 :
			    strlen(hosts[i]) + 1) == 0;
		/* Other spellings of the same. */
		must(ok || (host[0] == '[' && (strchr(host, '0') != NULL ||
		    strchr(host, ':') != NULL)));
	}
	curl_free(host);
	curl_url_cleanup(u);
}

static void
try(const struct container_cfg *cfg)
{
	struct err e = { 0 };
	char *url = container_url(cfg, &e);

	if (url == NULL)
		must(e.cls == ERR_CONFIG && e.msg[0] != '\0');
	else if (strncmp(url, "https://", 8) != 0)
		near(url);
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
