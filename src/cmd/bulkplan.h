/*
 * bulkplan -- what a restore of many is asked to do: from options to a store,
 * keys, targets and a root.  Nothing here writes anything.
 *
 * Three ways to choose:
 *     by key   the operand is a store's URL with wildcards;
 *     by path  --from names the store, the operand is a local pattern;
 *     by line  the operand is "-", or --retry-report gives the lines; keys are
 *              then looked up one by one, --from names the store, and
 *              --pattern makes targets original paths.
 */
#ifndef CMD_BULKPLAN_H
#define CMD_BULKPLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "cmd/bulkwish.h"
#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "cmd/values.h"
#include "fleet/key.h"
#include "fleet/pattern.h"
#include "fleet/target.h"
#include "job/restore.h"
#include "store/store.h"
#include "store/url.h"

struct bulkplan {
	const struct cmd *cmd;

	/* options, NULL or 0 where they were not given */
	const char *operand;		/* GLOB, "-", or NULL */
	const char *from, *key, *pattern, *host, *output_dir;
	const char *state, *spool;
	const char *error_report, *retry_report;
	bool by_time;			/* --timestamp */
	int64_t before_ms;		/* else INT64_MAX */
	uint64_t parallel, jobs, max_retries;
	int64_t retry_delay_ms, busy_timeout_ms, grace_ms;
	struct shard shard;
	struct store_s3_cfg s3;
	enum image_check check;
	enum job_restore_exists exists;
	enum progress_when progress;
	bool dry, resume, preserve, json, raw;

	/* made of them by bulkplan_setup() */
	bool by_path, by_line;
	struct pattern *names;		/* of the template's variables */
	struct pattern *which;		/* of the paths that are wanted */
	struct key_template *template;
	struct target *target;
	struct bulkwishes wishes;
	char *root;			/* absolute */
	char *spool_dir;
	char hostname[256];
	struct store_url url;
	char *glob;			/* over the store's keys */

	/* found out by who opens the store (cmd/bulklist.h) */
	struct hash128 store_id;
};

void bulkplan_init(struct bulkplan *p, const struct cmd *cmd);
void bulkplan_fini(struct bulkplan *p);

/*
 * Check the options against each other and make what is made of them; reads
 * standard input or --retry-report.  All but a store's whereabouts in S3 is
 * known then.  Class usage, config; a directory store that is not there: state.
 */
int bulkplan_setup(struct bulkplan *p, struct err *e);

/*
 * Of an S3 store the URL is a guess at first: move "up" components of its
 * prefix to the glob, as whoever asked the store says, and make the targets.
 */
int bulkplan_settle(struct bulkplan *p, size_t up, struct err *e);

/* As cmd_fail(), of an error that is not one database's: the status is never
 * 1. */
int bulkplan_fail(const struct bulkplan *p, const struct err *e);

/* Append the target "rel" as a person wrote the directory. */
void bulkplan_target(const struct bulkplan *p, const char *rel,
    struct buf *b);

/*
 * Where the journal is (freed by the caller), and the words that pin what is
 * restored, appended to words[BULKPLAN_WORDS_MAX] (freed by the caller).
 */
enum { BULKPLAN_WORDS_MAX = 8 };
char *bulkplan_ledger(const struct bulkplan *p, struct err *e);
size_t bulkplan_words(const struct bulkplan *p,
    char *words[BULKPLAN_WORDS_MAX]);

#endif
