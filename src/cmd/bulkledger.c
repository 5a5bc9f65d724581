#include "cmd/bulkledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"

struct ledger *
bulkledger_open(const struct bulkplan *p, struct err *e)
{
	struct ledger *l = NULL;
	char *words[BULKPLAN_WORDS_MAX], *path, *slash;
	struct ledger_cfg cfg = { .asked = (const char *const *)words,
	    .more = p->retry_report != NULL && p->operand == NULL,
	    .store = p->store_id, .any_version = !p->by_line,
	    .resume = p->resume || p->retry_report != NULL,
	    .now_ms = clock_real_ms() };
	struct err ignored;
	size_t i;
	int ret;

	if ((path = bulkplan_ledger(p, e)) == NULL)
		return (NULL);
	cfg.path = path;
	cfg.nasked = bulkplan_words(p, words);
	slash = strrchr(path, '/');
	*slash = '\0';
	ret = slash == path ? 0 : io_mkdirs(path, 0700, e);
	*slash = '/';
	if (ret == 0)
		l = ledger_open(&cfg, e);
	/* One that a retry begins is about no more than what is retried. */
	if (l != NULL && p->retry_report != NULL && !ledger_resumed(l) &&
	    ledger_expect(l, 0, e) == -1) {
		(void)ledger_finish(l, &ignored);
		ledger_close(l);
		l = NULL;
	}
	for (i = 0; i < cfg.nasked; i++)
		free(words[i]);
	free(path);
	return (l);
}

void
bulkledger_put_away(struct ledger *l, const struct bulkplan *p,
    const struct report_count *n, bool through)
{
	bool retry = p->retry_report != NULL;
	uint64_t count = ledger_count(l);
	struct err e;
	int ret = 0;

	/* One that has nothing in it would only be in the way. */
	if (count == 0 || (through && n->failed == 0 &&
	    (!retry || ledger_is_whole(l, n->skipped))))
		ret = ledger_finish(l, &e);
	else if (through && !retry)
		ret = ledger_expect(l, count + n->failed, &e);
	else if (through && n->failed == 0)
		log_warn("more is missing than %s names: the command that "
		    "left it does the rest, with --resume",
		    p->retry_report);
	if (ret == -1)
		log_warn("the journal of the restore: %s", e.msg);
}
