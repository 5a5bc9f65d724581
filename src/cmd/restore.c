/*
 * restore -- bring one database back: to a path, to where it was, or to
 * standard output.  One process, no pool; where it was, a role finds out.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/network.h"
#include "cmd/original.h"
#include "cmd/reach.h"
#include "find/find.h"
#include "fleet/key.h"
#include "job/origin.h"
#include "job/restore.h"
#include "store/store.h"
#include "store/url.h"

enum {
	OPT_TIMESTAMP = NETWORK_OPT_END,
	OPT_ORIGINAL,
	OPT_FORCE,
	OPT_IF_NOT_EXISTS
};

enum {
	/* How long a reader that is about to go may keep the target. */
	BUSY_TIMEOUT_MS = 2000
};

static const struct cmd_option options[] = {
	{ "output", 'o', "PATH",
	    "restore to this file, or to standard output if it is -" },
	{ "original", OPT_ORIGINAL, NULL,
	    "restore to the path that was backed up" },
	{ "timestamp", OPT_TIMESTAMP, "TIME",
	    "the newest backup at or before TIME (RFC 3339)" },
	{ "force", OPT_FORCE, NULL, "replace a database that is there" },
	{ "if-db-not-exists", OPT_IF_NOT_EXISTS, NULL,
	    "leave a database that is there, and succeed" },
	NETWORK_OPTIONS,
	CMD_OPTION_SANDBOX,
	CMD_OPTIONS_COMMON
};

struct restore {
	const char *url_text;
	const char *output;	/* path, "-", or NULL: the original one */
	bool original, force, if_not_exists;
	bool by_time;
	int64_t before_ms;

	struct store_s3_cfg s3;
	struct store_url url;
	struct store *store;
	struct buf object;	/* its name; empty: to be found */
	char *key;
	int64_t ms;		/* of the object */
	char *origin;		/* of --original: where it was */
};

static volatile sig_atomic_t stop_signal;

static bool
to_stdout(const struct restore *r)
{
	return (!r->original && strcmp(r->output, "-") == 0);
}

static void
on_signal(int sig)
{
	stop_signal = sig;
}

/* So that a half-written file is removed before we go. */
static void
catch_signals(void)
{
	static const int sigs[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction sa = { .sa_handler = on_signal,
	    .sa_flags = (int)SA_RESETHAND }, old;
	size_t i;

	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		if (sigaction(sigs[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			(void)sigaction(sigs[i], &sa, NULL);
}

static int
parse(struct restore *r, struct cmd_parse *p)
{
	struct err e;
	bool ok;
	int o;

	while ((o = cmd_getopt(p)) != CMD_END && o != CMD_END_EARLY) {
		ok = true;
		switch (o) {
		case 'o':
			r->output = p->arg;
			break;
		case OPT_ORIGINAL:
			r->original = true;
			break;
		case OPT_FORCE:
			r->force = true;
			break;
		case OPT_IF_NOT_EXISTS:
			r->if_not_exists = true;
			break;
		case OPT_TIMESTAMP:
			r->by_time = true;
			ok = clock_parse(p->arg, "--timestamp", &r->before_ms,
			    &e) == 0;
			break;
		default:
			(void)network_option(&r->s3, o, p->arg, &ok, &e);
		}
		if (!ok) {
			p->status = cmd_fail(p->cmd, &e);
			return (CMD_END_EARLY);
		}
	}
	return (o);
}

/* Refuse what makes no sense, before anything is read: 0, or the status. */
static int
check(struct restore *r, const struct cmd_parse *p)
{
	size_t n;

	if (p->argc != 1)
		return (cmd_usage(p->cmd, "restore takes one URL, of a "
		    "database's key or of one object in a store"));
	r->url_text = p->argv[0];
	if ((r->output != NULL) == r->original)
		return (cmd_usage(p->cmd, "say where to restore to: one of "
		    "-o PATH, -o - and --original"));
	if (r->force && r->if_not_exists)
		return (cmd_usage(p->cmd, "--force and --if-db-not-exists "
		    "exclude each other"));
	if (r->original)
		return (0);
	n = strlen(r->output);
	if (n == 0 || r->output[n - 1] == '/')
		return (cmd_usage(p->cmd, "-o: \"%s\" is not the name of a "
		    "file", r->output));
	if (!to_stdout(r))
		return (0);
	if (r->force || r->if_not_exists)
		return (cmd_usage(p->cmd, "-o - replaces nothing: leave out "
		    "--force and --if-db-not-exists"));
	if (isatty(STDOUT_FILENO))
		return (cmd_usage(p->cmd, "a database is nothing for a "
		    "terminal; send standard output elsewhere"));
	return (0);
}

/*
 * A backup is named after the end of its --resolution, so one that is too new
 * by its name may hold what was asked for.
 */
static int
tell_newer(struct restore *r, const char *key, struct err *e)
{
	char stamp[CLOCK_STAMP_BYTES];
	struct buf name = { 0 };
	int64_t ms;
	int found;

	found = find_newest(r->store, key, INT64_MAX, &name, &ms, e);
	buf_fini(&name);
	if (found == -1)
		return (-1);
	if (found == 1 && ms > r->ms) {
		clock_stamp(ms, stamp);
		log_info("there is newer content of %s than asked for, of %s",
		    key, stamp);
	}
	return (0);
}

/* The store's URL, or with "below" the key's, with the options that the user
 * gave, allocated: as it is to be written again. */
static char *
url_again(const struct restore *r, const char *key, bool below)
{
	const struct store_url_s3 *s3 = &r->url.s3;
	const char *query = strrchr(r->url_text, '?');
	size_t n = strlen(r->url_text), nkey = strlen(key);

	if (r->url.kind == STORE_DIR)
		return (mem_printf("%s%s%s", below ? r->url.path :
		    r->url.canonical, below ? "/" : "", below ? key : ""));
	if (query == NULL || (n >= nkey &&
	    strcmp(r->url_text + n - nkey, key) == 0))
		query = "";
	return (mem_printf("s3://%s%s%s%s%s%s", s3->bucket,
	    *s3->prefix != '\0' ? "/" : "", s3->prefix, below ? "/" : "",
	    below ? key : "", query));
}

/* The newest backup of the key that is old enough, into r->object. */
static int
find_object(struct restore *r, const char *key, struct err *e)
{
	char before[CLOCK_STAMP_BYTES], oldest[CLOCK_STAMP_BYTES], *url;
	int found;

	found = find_newest(r->store, key, r->by_time ? r->before_ms :
	    INT64_MAX, &r->object, &r->ms, e);
	if (found == 1) {
		r->key = mem_strdup(key);
		return (r->by_time ? tell_newer(r, key, e) : 0);
	}
	if (found == -1)
		return (-1);
	if (r->ms == 0) {
		url = url_again(r, key, false);
		err_set(e, ERR_NOTFOUND, "there is no backup of %s in %s; "
		    "litefleet list '%s' shows what there is", key,
		    r->url.canonical, url);
		free(url);
		return (-1);
	}
	clock_stamp(r->before_ms, before);
	clock_stamp(r->ms, oldest);
	err_set(e, ERR_NOTFOUND, "there is no backup of %s at or before %s; "
	    "the oldest is of %s", key, before, oldest);
	return (-1);
}

/* A file may be called as objects are; then the name is a key. */
static bool
is_object(struct store *s, const char *name)
{
	struct store_get_cfg cfg = { .name = name };
	struct store_reader *reader;
	struct err e;

	if ((reader = store_get(s, &cfg, NULL, &e)) != NULL)
		store_reader_free(reader);
	return (reader != NULL || e.cls != ERR_NOTFOUND);
}

/* Which object the part of the URL below the store means. */
static int
find_meant(struct restore *r, char *below, struct err *e)
{
	size_t n;

	for (n = strlen(below); n > 0 && below[n - 1] == '/'; n--)
		below[n - 1] = '\0';
	if (n == 0) {
		err_set(e, ERR_USAGE, "%s is a whole store; name the key of "
		    "one database in it, as \"litefleet list\" shows them",
		    r->url_text);
		return (-1);
	}
	if ((n = key_object_parse(below, &r->ms)) > 0 && r->by_time) {
		err_set(e, ERR_USAGE, "--timestamp chooses between the "
		    "backups of a key, but %s is one of them already",
		    r->url_text);
		return (-1);
	}
	if (n == 0 || !is_object(r->store, below))
		return (find_object(r, below, e));
	r->key = mem_strndup(below, n);
	buf_puts(&r->object, below);
	return (0);
}

/* Open the store and find out which object is meant, if it is not known. */
static int
locate(struct restore *r, struct err *e)
{
	struct store_cfg cfg = { .tag = "restore", .s3 = r->s3 };
	char *below = NULL;
	int ret = 0;

	if ((r->store = store_locate(&cfg, r->url_text, "URL", &r->url, &below,
	    e)) == NULL) {
		/* No fault of a database. */
		if (err_exit_status(e->cls) == 1)
			e->cls = ERR_STATE;
		ret = -1;
	} else if (r->object.len == 0)
		ret = find_meant(r, below, e);
	free(below);
	return (ret);
}

static void
report(const struct restore *r, const struct job_restored *done)
{
	char stamp[CLOCK_STAMP_BYTES];

	if (done->skipped) {
		log_info("skipped: %s exists", done->target);
		return;
	}
	if (done->unknown)
		log_warn("whether another process has the old %s open cannot "
		    "be known here; one that has must open it anew",
		    done->target);
	if (done->moved != NULL)
		log_info("the old %s was moved to %s", done->target,
		    done->moved);
	clock_stamp(r->ms, stamp);
	log_info("restored %s of %s to %s (%" PRIu64 " bytes)", r->key, stamp,
	    done->target, done->size);
}

static int
to_file(const struct restore *r, struct err *e)
{
	struct job_restore_cfg cfg = {
		.store = r->store,
		.object = buf_str(&r->object),
		.target = r->original ? r->origin : r->output,
		.exists = r->force ? JOB_RESTORE_FORCE : r->if_not_exists ?
		    JOB_RESTORE_SKIP : JOB_RESTORE_REFUSE,
		.busy_timeout_ms = BUSY_TIMEOUT_MS,
		.stop = &stop_signal,
	};
	struct job_restored done;
	int ret;

	catch_signals();
	if ((ret = job_restore(&cfg, &done, e)) == 0)
		report(r, &done);
	job_restored_fini(&done);
	return (ret);
}

/* This backup is damaged; the one before it may do. */
static void
point_at_others(const struct restore *r, struct err *e)
{
	char *url = url_again(r, r->key, true);
	struct err why = *e;

	err_set(e, why.cls, "%s; \"litefleet list --all '%s'\" shows what "
	    "other backups there are", why.msg, url);
	free(url);
}

/* What a failure is to be told with. */
static void
explain(const struct restore *r, struct err *e)
{
	if (e->cls == ERR_CORRUPT && r->key != NULL)
		point_at_others(r, e);
}

/* In the role: which object, and where its database was. */
static int
find_origin(void *ctx, struct original *o, struct err *e)
{
	struct restore *r = ctx;

	if (locate(r, e) == -1)
		return (-1);
	HOOK("restore-origin", r->key);
	if ((o->path = origin_path(r->store, buf_str(&r->object), e)) == NULL) {
		explain(r, e);
		return (-1);
	}
	o->object = mem_strdup(buf_str(&r->object));
	o->key = mem_strdup(r->key);
	o->ms = r->ms;
	return (0);
}

static int
ask_origin(struct restore *r, struct err *e)
{
	struct sandbox *sandbox = reach_new();
	struct original_cfg cfg = { .sandbox = sandbox, .find = find_origin,
	    .ctx = r };
	struct original o;
	int ret;

	reach_located(sandbox, r->url_text, &r->s3, SANDBOX_READ);
	if ((ret = original_ask(&cfg, &o, e)) == 0) {
		buf_puts(&r->object, o.object);
		r->key = mem_strdup(o.key);
		r->ms = o.ms;
		r->origin = mem_strdup(o.path);
		original_fini(&o);
	}
	sandbox_free(sandbox);
	return (ret);
}

/* From here on: read the store, and write where the database is to lie. */
static int
confine(const struct restore *r, struct err *e)
{
	struct sandbox *sandbox = reach_new();

	reach_located(sandbox, r->url_text, &r->s3, SANDBOX_READ);
	if (r->original)
		reach_beside(sandbox, r->origin);
	else if (!to_stdout(r))
		reach_beside(sandbox, r->output);
	return (reach_enter(sandbox, e));
}

static int
restore(struct restore *r, struct err *e)
{
	int ret;

	if (r->original && ask_origin(r, e) == -1)
		return (-1);
	if (confine(r, e) == -1 || locate(r, e) == -1)
		return (-1);
	ret = to_stdout(r) ? job_restore_stream(r->store,
	    buf_str(&r->object), STDOUT_FILENO, e) : to_file(r, e);
	if (ret == -1)
		explain(r, e);
	return (ret);
}

static int
run(const struct cmd *self, int argc, char **argv)
{
	struct restore r = { 0 };
	struct cmd_parse p;
	struct err e;
	int ret, status = 0;

	network_init(&r.s3);
	cmd_parse_init(&p, self, argc, argv);
	if (parse(&r, &p) == CMD_END_EARLY)
		return (p.status);
	if ((status = check(&r, &p)) != 0)
		return (status);
	if ((ret = restore(&r, &e)) == -1) {
		status = cmd_fail(self, &e);
		/* 75 speaks of the state; here it is one database in use. */
		if (e.cls == ERR_BUSY)
			status = 1;
	}
	store_close(r.store);
	store_url_fini(&r.url);
	buf_fini(&r.object);
	free(r.key);
	free(r.origin);
	if (ret == -1 && stop_signal != 0)
		(void)raise(stop_signal);
	return (status);
}

const struct cmd cmd_restore = {
	.name = "restore",
	.synopsis = "[OPTIONS] (-o PATH | --original) URL",
	.summary = "Bring one database back from its newest or a given backup",
	.options = options,
	.run = run,
};
