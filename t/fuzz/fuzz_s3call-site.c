/*
 * fuzz_s3call-site -- any bytes as where a server sends us on to: whatever they
 * are, what is asked next goes, as libcurl reads it, to the same owner, by the
 * same scheme, for a key of the same bucket.
 *
 * Input: a byte (bit 0: AWS; 1: the bucket is in the host; 2: 301, not 307),
 * then Location, Region and Endpoint, separated by NULs.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "fuzz/driver.h"
#include "store/s3call.h"

#define BUCKET	"bkt"

static bool
ends(const char *s, const char *with)
{
	size_t n = strlen(s), m = strlen(with);

	return (n > m && strcasecmp(s + n - m, with) == 0);
}

static bool
is_owners(const char *host, bool aws)
{
	if (aws)
		return (ends(host, ".amazonaws.com") ||
		    ends(host, ".amazonaws.com.cn"));
	return (strcasecmp(host, "s3.example.org") == 0 ||
	    ends(host, ".example.org"));
}

/* What stands before the key. */
static void
try_address(const char *text, const struct s3_site *site, bool aws)
{
	CURLU *u = curl_url();
	char *host, *scheme, *path, *other;

	/* What curl refuses goes nowhere. */
	if (curl_url_set(u, CURLUPART_URL, text, 0) != CURLUE_OK) {
		curl_url_cleanup(u);
		return;
	}
	must(curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK);
	must(curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK);
	must(curl_url_get(u, CURLUPART_PATH, &path, 0) == CURLUE_OK);
	must(curl_url_get(u, CURLUPART_USER, &other, 0) != CURLUE_OK);
	must(curl_url_get(u, CURLUPART_QUERY, &other, 0) != CURLUE_OK);
	must(curl_url_get(u, CURLUPART_FRAGMENT, &other, 0) != CURLUE_OK);
	must(strcmp(scheme, site->scheme) == 0);
	must(is_owners(host, aws));
	must(strcmp(path, "/" BUCKET "/") == 0 || (strcmp(path, "/") == 0 &&
	    strncmp(host, BUCKET ".", sizeof(BUCKET)) == 0));
	curl_free(host);
	curl_free(scheme);
	curl_free(path);
	curl_url_cleanup(u);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char bucket[] = BUCKET, *in, *field[3], *s, *moved, *text;
	struct store_url_s3 u = { .bucket = bucket, .path_style = 1 };
	struct s3_fault f = { .status = 307 };
	struct s3_site site;
	struct err e = { 0 };
	bool aws, followed;
	size_t i;

	if (size == 0)
		return (0);
	s = in = mem_zero(size + 1);
	memcpy(in, data + 1, size - 1);
	for (i = 0; i < 3; i++) {
		field[i] = s;
		s += strlen(s);
		s += s < in + size - 1;
	}
	aws = (data[0] & 1) != 0;
	u.path_style = (data[0] & 2) == 0;
	if ((data[0] & 4) != 0)
		f.status = 301;
	(void)snprintf(f.region, sizeof(f.region), "%s", field[1]);
	(void)snprintf(f.endpoint, sizeof(f.endpoint), "%s", field[2]);
	must(s3_site_init(&site, &u, "eu-west-1",
	    aws ? NULL : "https://s3.example.org:9000", &e) == 0);
	followed = s3_site_follow(&site, &f,
	    field[0][0] == '\0' ? NULL : field[0], &moved);
	must(followed || moved == NULL);
	text = mem_printf("%s://%s%s", site.scheme, site.host, site.base);
	try_address(text, &site, aws);
	if (moved != NULL)
		try_address(moved, &site, aws);
	free(moved);
	free(text);
	free(in);
	s3_site_fini(&site);
	return (0);
}
