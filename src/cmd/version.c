/*
 * version -- of the program and of the libraries that it runs with.
 */
#include "cmd/cmd.h"

#include <stdio.h>

#include "base/version.h"
#include "codec/version.h"
#include "db/version.h"
#include "net/http.h"
#include "serve/version.h"

static const struct cmd_option options[] = {
	CMD_OPTIONS_COMMON
};

static int
run(const struct cmd *self, int argc, char **argv)
{
	struct cmd_parse p;

	cmd_parse_init(&p, self, argc, argv);
	if (cmd_getopt(&p) == CMD_END_EARLY)
		return (p.status);
	if (p.argc > 0)
		return (cmd_usage(self, "version takes no arguments"));
	printf("litefleet %s\n", LITEFLEET_VERSION);
	printf("sqlite %s\nlz4 %s\nxxhash %s\njansson %s\n", version_sqlite(),
	    version_lz4(), version_xxhash(), version_jansson());
	printf("curl %s\nmicrohttpd %s\n", http_lib_version(),
	    version_microhttpd());
	return (0);
}

const struct cmd cmd_version = {
	.name = "version",
	.synopsis = "",
	.summary = "Show the version, and those of the libraries",
	.options = options,
	.run = run,
};
