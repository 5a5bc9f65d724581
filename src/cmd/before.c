#include "cmd/before.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/cycle.h"
#include "cmd/reconcile.h"

void
before_fini(struct before *b)
{
	free(b->said);
	b->said = NULL;
}

/*
 * Is a directory store there?  Workers ask only when there is something to
 * store, and that may be long after it has gone.
 */
static int
check_there(const struct cycle *c, struct err *e)
{
	char *marker;
	struct stat sb;
	int ret = 0;

	if (c->url.path == NULL || hash128_is_zero(c->id.store))
		return (0);
	marker = mem_printf("%s/.litefleet/store", c->url.path);
	if (lstat(marker, &sb) == -1) {
		ret = -1;
		if (errno != ENOENT && errno != ENOTDIR)
			err_io(e, "stat %s", marker);
		else if (lstat(c->url.path, &sb) == -1)
			err_set(e, ERR_STATE, "%s is not there, and the state "
			    "%s speaks of it (removed, not mounted?); "
			    "--new-store starts again", c->url.canonical,
			    statedir_path(c->statedir));
		else if (!S_ISDIR(sb.st_mode))
			err_set(e, ERR_STATE, "store %s: no directory, but "
			    "the state %s speaks of it", c->url.path,
			    statedir_path(c->statedir));
		else
			err_set(e, ERR_STATE, "store %s: this is not the store "
			    "that the state speaks of (emptied, replaced, not "
			    "mounted?); --new-store starts again",
			    c->url.path);
	}
	free(marker);
	return (ret);
}

static bool
is_due(const struct cycle *c)
{
	int64_t age_ms;

	if (c->before.cut)
		return (true);
	if (c->before.reconcile_ms == 0)
		return (false);
	if (hash128_is_zero(c->id.store)) {
		/* Nothing is recorded that could be lost. */
		statedir_moment_now(c->statedir, STATEDIR_RECONCILED);
		return (false);
	}
	age_ms = clock_real_ms() - statedir_moment_ms(c->statedir,
	    STATEDIR_RECONCILED);
	return (age_ms < 0 || age_ms >= c->before.reconcile_ms);
}

static const char *
reason(const struct before *b)
{
	return (b->cut ? "after a power failure" : "--reconcile");
}

/* Once, and again when it is another reason. */
static void
say_failure(struct before *b, const struct err *e)
{
	if (b->said == NULL || strcmp(b->said, e->msg) != 0)
		log_error("%s: %s; nothing is taken to be lost, and it is "
		    "tried again by the next cycle or run", reason(b), e->msg);
	free(b->said);
	b->said = mem_strdup(e->msg);
}

static int
reconcile(struct cycle *c, struct err *e)
{
	struct reconcile_cfg cfg = { .url = &c->url, .s3 = c->s3,
	    .statedir = c->statedir, .marker = { .known = c->id.store,
	    .host = c->host, .key_has_host = key_template_has_host(
	    c->template), .shared = c->shared }, .cut = c->before.cut };
	struct before *b = &c->before;
	struct reconcile_count n;
	int r;

	r = reconcile_run(&cfg, &n, e);
	memcpy(b->requests, n.requests, sizeof(b->requests));
	if (r == 1)
		return (0);	/* stopped, as the cycle will be */
	if (r == 0 && n.old > 0)
		log_warn("%s: the state was older than the newest backups of "
		    "%llu databases; they are looked at again", reason(b),
		    (unsigned long long)n.old);
	if (r == 0 && n.ahead > 0)
		log_warn("%s: there are backups of %llu databases that are "
		    "named later than now, and than those that were made last "
		    "(a clock was ahead); these databases are stored again, "
		    "under later names", reason(b),
		    (unsigned long long)n.ahead);
	if (r == 0 && n.lost == 0)
		log_info("%s: the store has all that the state says "
		    "it has (%llu databases)", reason(b),
		    (unsigned long long)n.keys);
	else if (r == 0)
		log_warn("%s: the store has lost the newest backups "
		    "of %llu databases; those that are there are stored again",
		    reason(b), (unsigned long long)n.lost);
	else if (e->cls == ERR_STATE || e->cls == ERR_CONFIG)
		return (-1);
	else {
		b->failed = true;
		say_failure(b, e);
		return (0);
	}
	before_fini(b);
	b->cut = false;
	return (0);
}

bool
before_is_cut(const struct statedir *sd)
{
	return (!hash128_is_zero(statedir_id(sd).store) &&
	    statedir_was_cut(sd));
}

void
before_say_cut(void)
{
	log_warn("the power failed amid a run, so the state may be older than "
	    "the newest backups, and what counts as saved need not be; the "
	    "next backup finds out");
}

int
before_run(struct cycle *c, struct err *e)
{
	c->before.failed = false;
	memset(c->before.requests, 0, sizeof(c->before.requests));
	c->before.cut = before_is_cut(c->statedir);
	if (check_there(c, e) == -1)
		return (-1);
	return (is_due(c) ? reconcile(c, e) : 0);
}
