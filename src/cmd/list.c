/*
 * list -- what is in a store: the newest backup of each database, or all.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hook.h"
#include "base/json.h"
#include "base/line.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/network.h"
#include "cmd/output.h"
#include "cmd/reach.h"
#include "cmd/values.h"
#include "find/find.h"

enum {
	OPT_ALL = NETWORK_OPT_END,
	OPT_JSON
};

static const struct cmd_option options[] = {
	{ "all", OPT_ALL, NULL,
	    "show every backup, not only the newest of each database" },
	{ "json", OPT_JSON, NULL, "write one JSON object a line" },
	{ "null", '0', NULL, "end lines with NUL and escape nothing" },
	NETWORK_OPTIONS,
	CMD_OPTION_SANDBOX,
	CMD_OPTIONS_COMMON
};

struct output {
	struct json *json;	/* NULL: lines */
	bool null;
	struct buf b;
};

static int
put(struct output *o, const struct find_version *v, struct err *e)
{
	char when[CLOCK_RFC3339_BYTES];

	(void)clock_rfc3339(v->ms, when, sizeof(when));
	HOOK("list", v->key);
	buf_reset(&o->b);
	if (o->json != NULL) {
		json_str(o->json, "time", when);
		json_int(o->json, "bytes", (int64_t)v->bytes);
		json_str(o->json, "key", v->key);
		json_str(o->json, "object", v->object);
		json_line(o->json, &o->b);
	} else {
		buf_printf(&o->b, "%s\t%" PRIu64 "\t", when, v->bytes);
		line_field(&o->b, v->key, o->null);
		buf_putc(&o->b, o->null ? '\0' : '\n');
	}
	if (fwrite(o->b.data, 1, o->b.len, stdout) != o->b.len) {
		err_io(e, "write standard output");
		return (-1);
	}
	return (0);
}

/* Write what the glob finds; returns how many, or -1. */
static int64_t
list(struct store *s, const char *glob, bool all, struct output *o,
    struct err *e)
{
	struct find_cfg cfg = { .store = s, .glob = glob, .all = all,
	    .before_ms = INT64_MAX };
	struct find_version v;
	struct find *f;
	int64_t n = 0, ret = -1;
	int r;

	if ((f = find_new(&cfg, e)) == NULL)
		return (-1);
	for (; (r = find_next(f, &v, e)) == 1; n++)
		if (put(o, &v, e) == -1)
			goto out;
	if (r == -1)
		goto out;
	if (find_foreign(f) > 0)
		log_info("store %s: passed over %" PRIu64 " file%s that %s no "
		    "backup of a database", store_name(s), find_foreign(f),
		    find_foreign(f) == 1 ? "" : "s",
		    find_foreign(f) == 1 ? "is" : "are");
	ret = n;
out:
	find_free(f);
	return (ret);
}

/* A store that is not there or cannot be read is no fault of a database. */
static int
no_store(const struct cmd *cmd, const struct err *e)
{
	int status = cmd_fail(cmd, e);

	return (status == 1 ? 3 : status);
}

static int
list_url(const struct cmd *cmd, const struct store_cfg *cfg, const char *text,
    bool all, struct output *o)
{
	struct store_url url = { 0 };
	struct store *s;
	char *below = NULL, *glob = NULL;
	struct err e;
	int64_t n = -1;
	int status;

	if ((s = store_locate(cfg, text, "list", &url, &below, &e)) != NULL) {
		glob = value_glob(&url, below);
		n = list(s, glob, all, o, &e);
		output_follow_reader();
	}
	if (n == -1) {
		status = no_store(cmd, &e);
		goto out;
	}
	if (n == 0)
		log_warn("nothing in the store %s matches %s", store_name(s),
		    text);
	status = n == 0;
out:
	store_close(s);
	free(glob);
	free(below);
	store_url_fini(&url);
	return (status);
}

/* This process is all there is. */
static int
confine(const char *url, const struct store_s3_cfg *s3, struct err *e)
{
	struct sandbox *sandbox = reach_new();

	reach_located(sandbox, url, s3, SANDBOX_READ);
	return (reach_enter(sandbox, e));
}

static int
run(const struct cmd *cmd, int argc, char **argv)
{
	struct output o = { 0 };
	struct store_cfg cfg = { 0 };
	struct cmd_parse p;
	struct err e;
	bool all = false, json = false, ok;
	int c, status;

	network_init(&cfg.s3);
	cmd_parse_init(&p, cmd, argc, argv);
	while ((c = cmd_getopt(&p)) != CMD_END)
		switch (c) {
		case CMD_END_EARLY:
			return (p.status);
		case OPT_ALL:
			all = true;
			break;
		case OPT_JSON:
			json = true;
			break;
		case '0':
			o.null = true;
			break;
		default:
			if (network_option(&cfg.s3, c, p.arg, &ok, &e) && !ok)
				return (cmd_fail(cmd, &e));
		}
	if (p.argc != 1)
		return (cmd_usage(cmd, "list takes one URL or glob over a "
		    "store's keys"));
	if (json && o.null)
		return (cmd_usage(cmd, "--json and -0 exclude each other"));
	if (confine(p.argv[0], &cfg.s3, &e) == -1)
		return (cmd_fail(cmd, &e));
	if (json)
		o.json = json_new();
	status = list_url(cmd, &cfg, p.argv[0], all, &o);
	json_free(o.json);
	buf_fini(&o.b);
	return (status);
}

const struct cmd cmd_list = {
	.name = "list",
	.alias = "ls",
	.synopsis = "[--all] [--json] [-0] URL-GLOB",
	.summary = "List the databases in a store and their backups",
	.options = options,
	.run = run,
};
