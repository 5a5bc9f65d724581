/*
 * askbed -- a struct http before httpbed's server, with nothing of the
 * environment's proxies and certificates, and what is asked of it.
 */
#ifndef UNIT_ASKBED_H
#define UNIT_ASKBED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/http.h"
#include "unit/httpbed.h"

static struct http_cfg cfg;
static struct http *h;

static void
ask_set_up(unsigned concurrent, int64_t connect_ms, int64_t stall_ms)
{
	static const char *const names[] = { "http_proxy", "https_proxy",
	    "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
	    "SSL_CERT_FILE", "AWS_CA_BUNDLE" };
	struct err e;
	size_t i;

	for (i = 0; i < LENGTH(names); i++)
		(void)unsetenv(names[i]);
	bed_start();
	cfg = (struct http_cfg){ .concurrent = concurrent,
	    .connect_timeout_ms = connect_ms, .stall_timeout_ms = stall_ms };
	ck_assert_ptr_nonnull(h = http_new(&cfg, &e));
}

static void
tear_down(void)
{
	http_free(h);
	bed_stop();
}

/* With other settings. */
__attribute__((__unused__)) static void
again(void)
{
	struct err e;

	http_free(h);
	ck_assert_ptr_nonnull(h = http_new(&cfg, &e));
}

/* A URL that lives for the next 15. */
__attribute__((__unused__)) static const char *
at(const char *host, int port, const char *path)
{
	static char urls[16][128];
	static unsigned n;
	char *url = urls[n++ % 16];

	(void)snprintf(url, sizeof(urls[0]), "http://%s:%d%s", host, port,
	    path);
	return (url);
}

__attribute__((__unused__)) static struct http_req
request(const char *method, const char *path)
{
	return ((struct http_req){ .method = method, .body_fd = -1,
	    .url = at("127.0.0.1", bed_port, path) });
}

#endif
