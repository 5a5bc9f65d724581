#include "fleet/wish.h"

#include <string.h>

#include "base/clock.h"
#include "base/line.h"
#include "base/num.h"
#include "fleet/key.h"

enum {
	NFIELDS = 4
};

void
wish_fini(struct wish *w)
{
	buf_fini(&w->key);
	buf_fini(&w->target);
}

static bool
is_class(const char *word)
{
	int c;

	for (c = ERR_NONE + 1; c < ERR_NCLASS; c++)
		if (strcmp(word, err_class_name((enum err_class)c)) == 0)
			return (true);
	return (false);
}

/* Could a store hold an object of it? */
static int
check_key(const char *key, struct err *e)
{
	struct buf name = { 0 };
	int64_t ms;
	size_t n;

	key_object(&name, key, 0);
	n = key_object_parse(buf_str(&name), &ms);
	buf_fini(&name);
	if (n == 0 || strlen(key) > KEY_OBJECT_MAX) {
		err_set(e, ERR_USAGE, "\"%.1024s\" is not the key of a "
		    "database", key);
		return (-1);
	}
	return (0);
}

static int
set_dryrun(struct wish *w, const struct buf f[NFIELDS], struct err *e)
{
	if (f[1].len > 0 && clock_parse(buf_str(&f[1]), "the second field",
	    &w->ms, e) == -1)
		return (-1);
	if (f[2].len > 0 && num_parse(buf_str(&f[2]), 0, INT64_MAX,
	    "the third field", &w->bytes, e) == -1)
		return (-1);
	buf_put(&w->target, f[3].data, f[3].len);
	return (0);
}

static int
set_report(struct wish *w, const struct buf *target, const struct buf *when,
    struct err *e)
{
	buf_put(&w->target, target->data, target->len);
	return (when->len == 0 ? 0 : clock_parse(buf_str(when),
	    "the fifth field", &w->ms, e));
}

/*
 * The fifth field, of a report: of a raw item, where the fourth is all that is
 * left, what is behind its last tab, if that is a time.  -1: a wrong escape, or
 * a NUL.
 */
static int
cut_when(const struct buf *line, bool raw, const struct buf *message,
    size_t *pos, struct buf *when)
{
	struct err ignored;
	const char *tab;
	int64_t ms;

	if (!raw)
		return (line_cut(line, pos, false, when));
	if ((tab = strrchr(buf_str(message), '\t')) != NULL &&
	    clock_parse(tab + 1, "", &ms, &ignored) == 0)
		buf_puts(when, tab + 1);
	return (0);
}

/*
 * The fields of a line: how many; -1: a wrong escape, or a NUL.  The last one
 * of a raw item is all that is left: a target may hold tabs (the others cannot,
 * keys being percent-encoded).
 */
static int
cut(const struct buf *line, bool raw, struct buf f[NFIELDS], size_t *pos)
{
	int n = 0, r = 1;

	*pos = 0;
	while (n < NFIELDS - (raw ? 1 : 0) &&
	    (r = line_cut(line, pos, raw, &f[n])) == 1)
		n++;
	if (r == 1 && raw && *pos <= line->len) {
		buf_put(&f[n++], line->data + *pos, line->len - *pos);
		*pos = line->len + 1;
	}
	return (r == -1 ? -1 : n);
}

int
wish_read(FILE *in, bool raw, struct wish *w, struct err *e)
{
	struct buf line = { 0 }, f[NFIELDS] = { { 0 } }, when = { 0 };
	struct buf more = { 0 };
	size_t i, pos;
	bool report;
	int n, r, ret = -1;

	buf_reset(&w->key);
	buf_reset(&w->target);
	w->ms = WISH_NEWEST;
	w->bytes = 0;
	if ((r = line_get(in, raw ? '\0' : '\n', &line, NULL, e)) != 1) {
		ret = r;
		goto out;
	}
	n = cut(&line, raw, f, &pos);
	report = n == NFIELDS && is_class(buf_str(&f[2]));
	if (report && cut_when(&line, raw, &f[3], &pos, &when) == -1)
		n = -1;
	if (n == -1 || line_cut(&line, &pos, true, &more) != 0) {
		err_set(e, ERR_USAGE, n == -1 ? "a wrong escape (or a NUL) in "
		    "it; lines are as --dry-run and --error-report write them" :
		    "too many fields; lines are as --dry-run and "
		    "--error-report write them");
		goto out;
	}
	if (check_key(buf_str(&f[0]), e) == -1)
		goto out;
	buf_put(&w->key, f[0].data, f[0].len);
	if ((report ? set_report(w, &f[1], &when, e) : set_dryrun(w, f,
	    e)) == -1)
		goto out;
	ret = 1;
out:
	for (i = 0; i < NFIELDS; i++)
		buf_fini(&f[i]);
	buf_fini(&when);
	buf_fini(&more);
	buf_fini(&line);
	return (ret);
}
