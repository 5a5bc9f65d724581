#include "cmd/cycle.h"

#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/path.h"

void
cycle_init(struct cycle *c, const struct cmd *cmd, const char *doing)
{
	memset(c, 0, sizeof(*c));
	c->cmd = cmd;
	c->doing = doing;
	c->to = getenv("LITEFLEET_TO");
	c->key = KEY_DEFAULT;
	c->jobs = value_default_jobs();
	c->busy_timeout_ms = 5000;
	c->grace_ms = 10000;
	network_init(&c->s3);
}

void
cycle_fini(struct cycle *c)
{
	size_t i;

	if (c->statedir != NULL && !c->before.cut)
		statedir_end(c->statedir);
	before_fini(&c->before);
	statedir_close(c->statedir);
	key_template_free(c->template);
	for (i = 0; i < c->npatterns; i++)
		pattern_free(c->patterns[i]);
	free(c->patterns);
	store_url_fini(&c->url);
	free(c->spool_dir);
	free(c->state_base);
	gate_unmap(c->clock);
}

bool
cycle_option(struct cycle *c, int key, const char *arg, bool *ok,
    struct err *e)
{
	if (network_option(&c->s3, key, arg, ok, e))
		return (true);
	*ok = true;
	switch (key) {
	case CYCLE_OPT_TO:
		c->to = arg;
		c->to_given = true;
		break;
	case CYCLE_OPT_KEY:
		c->key = arg;
		c->key_given = true;
		break;
	case CYCLE_OPT_JOBS:
		*ok = num_parse(arg, 1, POOL_WORKERS_MAX, "--jobs", &c->jobs,
		    e) == 0;
		break;
	case CYCLE_OPT_STATE:
		c->state = arg;
		break;
	case CYCLE_OPT_SPOOL:
		c->spool = arg;
		break;
	case CYCLE_OPT_BUSY:
		*ok = num_parse_duration(arg, "--busy-timeout",
		    &c->busy_timeout_ms, e) == 0;
		break;
	case CYCLE_OPT_GRACE:
		*ok = num_parse_duration(arg, "--grace", &c->grace_ms, e) == 0;
		break;
	case CYCLE_OPT_RESOLUTION:
		*ok = num_parse_duration(arg, "--resolution",
		    &c->resolution_ms, e) == 0;
		break;
	case CYCLE_OPT_HOST:
		c->host = arg;
		break;
	case CYCLE_OPT_CHECK:
		*ok = value_check(arg, &c->check, e) == 0;
		break;
	case CYCLE_OPT_NEW_STORE:
		c->new_store = true;
		break;
	case CYCLE_OPT_SHARED:
		c->shared = true;
		break;
	case CYCLE_OPT_FOLLOW:
		c->follow = true;
		break;
	case CYCLE_OPT_STRICT:
		c->strict = true;
		break;
	case CYCLE_OPT_PROGRESS:
		c->progress = PROGRESS_ALWAYS;
		break;
	case CYCLE_OPT_NO_PROGRESS:
		c->progress = PROGRESS_NEVER;
		break;
	case CYCLE_OPT_JSON:
		c->json = true;
		break;
	case '0':
		c->raw = true;
		break;
	default:
		return (false);
	}
	return (true);
}

/* Is "path", whatever links lead there, in directory "dir", which has none? */
static bool
lies_within(const char *path, const char *dir)
{
	char *real = realpath(path, NULL);
	bool within = path_within(real != NULL ? real : path, dir);

	free(real);
	return (within);
}

static int
find_dirs(struct cycle *c, struct err *e)
{
	char *state;
	size_t i;

	if ((c->spool_dir = value_spool(c->spool, e)) == NULL)
		return (-1);
	if ((state = statedir_base(c->state, e)) == NULL)
		return (-1);
	c->state_base = path_resolve(state, "--state", e);
	free(state);
	if (c->state_base == NULL)
		return (-1);
	for (i = 0; c->url.path != NULL && i < c->npatterns; i++)
		if (lies_within(pattern_literal(c->patterns[i]),
		    c->url.path)) {
			err_set(e, ERR_USAGE, "the store %s holds the pattern "
			    "%s: a store cannot lie around the databases that "
			    "it backs up", c->url.path,
			    pattern_text(c->patterns[i]));
			return (-1);
		}
	return (0);
}

int
cycle_setup(struct cycle *c, char *const *patterns, size_t npatterns, bool dry,
    struct err *e)
{
	size_t i;

	c->clock = gate_map();
	c->patterns = mem_resize(NULL, npatterns, sizeof(*c->patterns));
	for (i = 0; i < npatterns; i++) {
		if ((c->patterns[i] = pattern_new(patterns[i], e)) == NULL)
			return (-1);
		c->npatterns++;
	}
	if ((c->host = value_host(c->host, c->hostname, sizeof(c->hostname),
	    e)) == NULL)
		return (-1);
	if ((c->template = key_template_new(c->key,
	    (const struct pattern *const *)c->patterns, c->npatterns, c->host,
	    e)) == NULL)
		return (-1);
	if (c->to == NULL && !dry) {
		err_set(e, ERR_USAGE, "where to? --to URL (or LITEFLEET_TO) "
		    "names the store, as --to /backup");
		return (-1);
	}
	if (c->to != NULL && store_url_parse(c->to, "--to", &c->url, e) == -1)
		return (-1);
	if (c->resolution_ms > 0 && c->url.path != NULL) {
		err_set(e, ERR_USAGE, "--resolution: a directory store "
		    "replaces no backup by a later one; S3 can");
		return (-1);
	}
	return (find_dirs(c, e));
}
