#include "cmd/bulkplan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/errorfile.h"
#include "cmd/network.h"
#include "state/statedir.h"

#define LEDGER	".litefleet-restore"

void
bulkplan_init(struct bulkplan *p, const struct cmd *cmd)
{
	memset(p, 0, sizeof(*p));
	p->cmd = cmd;
	p->before_ms = INT64_MAX;
	p->parallel = 10;
	p->jobs = value_default_jobs();
	p->max_retries = 3;
	p->retry_delay_ms = 1000;
	p->busy_timeout_ms = 2000;
	p->grace_ms = 10000;
	p->exists = JOB_RESTORE_REFUSE;
	p->progress = PROGRESS_AUTO;
	network_init(&p->s3);
}

void
bulkplan_fini(struct bulkplan *p)
{
	target_free(p->target);
	key_template_free(p->template);
	if (p->which != p->names)
		pattern_free(p->which);
	pattern_free(p->names);
	bulkwishes_fini(&p->wishes);
	store_url_fini(&p->url);
	free(p->root);
	free(p->spool_dir);
	free(p->glob);
}

static int __attribute__((__format__(__printf__, 2, 3)))
refuse(struct err *e, const char *fmt, ...)
{
	va_list ap;

	e->cls = ERR_USAGE;
	va_start(ap, fmt);
	(void)vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	return (-1);
}

/* Refuse what makes no sense together. */
static int
check_options(struct bulkplan *p, struct err *e)
{
	p->by_line = p->retry_report != NULL ||
	    (p->operand != NULL && strcmp(p->operand, "-") == 0);
	if (p->retry_report != NULL && p->operand != NULL &&
	    strcmp(p->operand, "-") == 0)
		return (refuse(e, "--retry-report takes the place of \"-\": "
		    "leave one of them out"));
	if (p->operand == NULL && !p->by_line)
		return (refuse(e, "which databases? give the URL of a store "
		    "with wildcards, as 's3://bucket/backups/**/*.db', or "
		    "--from URL and a local pattern, as '/data/**/*.db'"));
	if (p->json && p->raw)
		return (refuse(e, "--json and -0 exclude each other"));
	if (p->from == NULL && (p->key != NULL || p->pattern != NULL))
		return (refuse(e, "--key and --pattern need --from URL, the "
		    "store whose keys they explain"));
	if (p->from == NULL && (p->operand == NULL ||
	    strcmp(p->operand, "-") == 0))
		return (refuse(e, "lines hold keys, and keys are of a store: "
		    "name it with --from URL"));
	if (p->from != NULL && p->operand != NULL &&
	    strstr(p->operand, "://") != NULL)
		return (refuse(e, "with --from the operand is a pattern of "
		    "local paths, as '/data/**/*.db'; \"%s\" alone would "
		    "restore by key", p->operand));
	if (p->from != NULL && p->by_line && p->key != NULL &&
	    p->pattern == NULL && (p->operand == NULL ||
	    strcmp(p->operand, "-") == 0))
		return (refuse(e, "--key makes keys paths again, and needs "
		    "--pattern for that"));
	if (p->preserve && geteuid() != 0)
		return (refuse(e, "--preserve gives files their owners back, "
		    "which only root may do"));
	if (p->dry && p->resume)
		return (refuse(e, "--dry-run and --resume exclude each other: "
		    "a dry run shows all that matches"));
	return (0);
}

/* The template and its patterns, of a restore to original paths. */
static int
set_template(struct bulkplan *p, struct err *e)
{
	const char *which = p->operand != NULL &&
	    strcmp(p->operand, "-") != 0 ? p->operand : p->pattern;
	const char *names = p->pattern != NULL ? p->pattern : which;

	p->by_path = p->from != NULL && which != NULL;
	if (!p->by_path)
		return (0);
	if ((p->names = pattern_new(names, e)) == NULL)
		return (-1);
	p->which = p->names;
	if (which != names && (p->which = pattern_new(which, e)) == NULL) {
		p->which = p->names;
		return (-1);
	}
	if (!path_within(pattern_literal(p->which),
	    pattern_literal(p->names)) && !path_within(
	    pattern_literal(p->names), pattern_literal(p->which)))
		return (refuse(e, "nothing can match: --pattern %s and %s are "
		    "of different directories", pattern_text(p->names),
		    pattern_text(p->which)));
	if ((p->host = value_host(p->host, p->hostname, sizeof(p->hostname),
	    e)) == NULL)
		return (-1);
	if ((p->template = key_template_new(p->key != NULL ? p->key :
	    KEY_DEFAULT, (const struct pattern *const *)&p->names, 1, p->host,
	    e)) == NULL)
		return (-1);
	p->target = target_by_path(p->template, p->which);
	return (0);
}

/*
 * Could files be made in the root?  It may be missing, then its directories
 * are asked upwards.
 */
static int
check_root(const struct bulkplan *p, struct err *e)
{
	char *dir = mem_strdup(p->root), *slash;
	struct stat st;
	int ret = -1;

	while (stat(dir, &st) == -1) {
		if ((errno != ENOENT && errno != ENOTDIR) ||
		    strcmp(dir, "/") == 0) {
			err_io(e, "the directory of the restore %s", dir);
			goto out;
		}
		slash = strrchr(dir, '/');
		slash[slash == dir] = '\0';	/* "/" stays */
	}
	if (!S_ISDIR(st.st_mode))
		err_set(e, ERR_EXISTS, "the directory of the restore %s: %s "
		    "is no directory", p->root, dir);
	else if (access(dir, W_OK | X_OK) == -1)
		err_io(e, "the directory of the restore %s cannot be written "
		    "to", dir);
	else
		ret = 0;
out:
	free(dir);
	return (ret);
}

static int
set_root(struct bulkplan *p, struct err *e)
{
	const char *dir = p->output_dir;

	if (dir == NULL)
		dir = p->by_path ? pattern_literal(p->which) : ".";
	if ((p->root = path_absolute(dir, "--output-dir", e)) == NULL ||
	    (p->spool_dir = value_spool(p->spool, e)) == NULL)
		return (-1);
	return (p->dry ? 0 : check_root(p, e));
}

static int
read_lines(struct bulkplan *p, struct err *e)
{
	FILE *in = stdin;
	int ret;

	if (!p->by_line)
		return (0);
	if (p->retry_report != NULL &&
	    (in = fopen(p->retry_report, "re")) == NULL) {
		err_sys(e, ERR_USAGE, "--retry-report %s", p->retry_report);
		return (-1);
	}
	ret = bulkwishes_read(&p->wishes, in, p->retry_report != NULL ?
	    p->retry_report : "standard input", p->raw &&
	    p->retry_report == NULL, e);
	if (in != stdin)
		(void)fclose(in);
	return (ret);
}

/* A shard's report has no place for what is of others, and would replace it. */
static int
check_report(const struct bulkplan *p, struct err *e)
{
	size_t n;

	if (p->error_report == NULL || p->retry_report == NULL ||
	    (n = bulkwishes_elsewhere(&p->wishes, &p->shard)) == 0 ||
	    !errorfile_is_same(p->error_report, p->retry_report))
		return (0);
	return (refuse(e, "--error-report %s is what is retried, and would "
	    "lose %zu database%s of other shards than %llu/%llu: give each "
	    "shard an --error-report of its own", p->error_report, n,
	    n == 1 ? "" : "s", (unsigned long long)p->shard.i,
	    (unsigned long long)p->shard.n));
}

int
bulkplan_setup(struct bulkplan *p, struct err *e)
{
	const char *url = p->from != NULL ? p->from : p->operand;
	const char *what = p->from != NULL ? "--from" : "restore-pattern";

	if (check_options(p, e) == -1 || set_template(p, e) == -1 ||
	    set_root(p, e) == -1)
		return (-1);
	if (store_url_locate(url, what, &p->url, &p->glob, e) == -1) {
		if (e->cls == ERR_NOTFOUND)
			e->cls = ERR_STATE;	/* it is the store */
		return (-1);
	}
	return (read_lines(p, e) == -1 ? -1 : check_report(p, e));
}

/* The directories that all keys of the glob begin with; freed by the caller.
 * NULL: it is no glob. */
static char *
literal_of(const char *glob, struct err *e)
{
	char *text = mem_printf("/%s", glob), *ret = NULL;
	struct pattern *pattern = NULL;
	const char *dir;

	if (text[strspn(text, "/")] == '\0')
		ret = mem_strdup("");
	else if ((pattern = pattern_new(text, e)) != NULL) {
		dir = pattern_literal(pattern) + 1;
		if (pattern_nvars(pattern) == 0 && text[strlen(text) - 1] ==
		    '/')
			ret = mem_printf("%s%s%s", dir, *dir == '\0' ? "" :
			    "/", pattern_only(pattern,
			    pattern_start(pattern)));
		else
			ret = mem_strdup(dir);
	}
	pattern_free(pattern);
	free(text);
	return (ret);
}

/* What must be listed for the paths that are wanted: a directory, as a glob. */
static char *
glob_of_paths(const struct bulkplan *p)
{
	struct buf prefix = { 0 }, glob = { 0 };
	const char *s;

	key_prefix(p->template, p->which, &prefix);
	for (s = buf_str(&prefix); *s != '\0'; s++) {
		if (strchr("*?[{\\", *s) != NULL)
			buf_putc(&glob, '\\');
		buf_putc(&glob, *s);
	}
	buf_puts(&glob, "");
	buf_fini(&prefix);
	return (buf_take(&glob));
}

int
bulkplan_settle(struct bulkplan *p, size_t up, struct err *e)
{
	char *literal, *glob;

	/* It is told by a process that may have been taken over. */
	while (up-- > 0 && store_url_up(&p->url, &p->glob))
		continue;
	if (p->from != NULL && p->glob[0] != '\0')
		return (refuse(e, "--from: there is no store at %s, but one at "
		    "%s", p->from, p->url.canonical));
	if (p->by_path) {
		free(p->glob);
		p->glob = glob_of_paths(p);
	} else {
		glob = value_glob(&p->url, p->glob);
		free(p->glob);
		p->glob = glob;
		if ((literal = literal_of(p->glob, e)) == NULL)
			return (-1);
		p->target = target_by_key(literal);
		free(literal);
	}
	return (0);
}

int
bulkplan_fail(const struct bulkplan *p, const struct err *e)
{
	int status = cmd_fail(p->cmd, e);

	return (status == 1 ? 3 : status);
}

void
bulkplan_target(const struct bulkplan *p, const char *rel, struct buf *b)
{
	const char *dir = p->output_dir;

	if (dir == NULL && p->by_path)
		dir = p->root;
	if (dir != NULL) {
		buf_puts(b, dir);
		if (b->data[b->len - 1] != '/')
			buf_putc(b, '/');
	}
	buf_puts(b, rel);
}

char *
bulkplan_ledger(const struct bulkplan *p, struct err *e)
{
	const char *list = p->by_line && (p->operand == NULL ||
	    strcmp(p->operand, "-") == 0) ? "-list" : "";
	char shard[64] = "", *base, *ret;

	if (p->shard.n > 0)
		(void)snprintf(shard, sizeof(shard), "-%llu-%llu",
		    (unsigned long long)p->shard.i,
		    (unsigned long long)p->shard.n);
	if (!p->by_path || p->output_dir != NULL)
		return (mem_printf("%s/%s%s%s", strcmp(p->root, "/") == 0 ?
		    "" : p->root, LEDGER, list, shard));
	if ((base = statedir_base(p->state, e)) == NULL)
		return (NULL);
	ret = mem_printf("%s/restore-%016llx%s%s", base,
	    (unsigned long long)hash64(p->url.canonical,
	    strlen(p->url.canonical)), list, shard);
	free(base);
	return (ret);
}

size_t
bulkplan_words(const struct bulkplan *p, char *words[BULKPLAN_WORDS_MAX])
{
	char stamp[CLOCK_STAMP_BYTES] = "newest", hex[HASH128_HEX_BYTES];
	size_t n = 0;

	if (p->by_time)
		clock_stamp(p->before_ms, stamp);
	words[n++] = mem_printf("store %s", p->url.canonical);
	words[n++] = mem_printf("root %s", p->root);
	words[n++] = mem_printf("time %s", stamp);
	words[n++] = mem_printf("shard %llu/%llu",
	    (unsigned long long)p->shard.i, (unsigned long long)p->shard.n);
	if (p->by_path) {
		words[n++] = mem_printf("paths %s", pattern_text(p->which));
		words[n++] = mem_printf("pattern %s", pattern_text(p->names));
		words[n++] = mem_printf("key %s host %s", p->key != NULL ?
		    p->key : KEY_DEFAULT, key_template_has_host(p->template) ?
		    p->host : "-");
	} else if (!p->by_line || p->operand != NULL)
		words[n++] = mem_printf("keys %s", p->glob);
	/* What is still to be retried changes from time to time. */
	if (p->by_line && p->retry_report == NULL) {
		hash128_hex(bulkwishes_hash(&p->wishes), hex);
		words[n++] = mem_printf("lines %s", hex);
	}
	return (n);
}
