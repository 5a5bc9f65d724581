/*
 * storebed -- what the tests of store/ and find/ stand on: a scratch
 * directory for a whole test case, below it a directory store for each test,
 * and short words for what is done with one.
 */
#ifndef UNIT_STOREBED_H
#define UNIT_STOREBED_H

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "store/store.h"
#include "unit/suite.h"

#define STAMP	"20261120T103000.123Z.db.lz4"
#define MAYBE	__attribute__((__unused__)) static

static char scratch[64];	/* of all tests */
static char root[128];		/* the store of this one */

static void
make_scratch(void)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(scratch, sizeof(scratch), "%.30s/check_store.XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(scratch) == NULL || chmod(scratch, 0755) == -1)
		abort();
}

static void
remove_scratch(void)
{
	struct err e;

	if (io_remove_tree(AT_FDCWD, scratch, &e) == -1)
		abort();
}

static void
make_root(void)
{
	(void)snprintf(root, sizeof(root), "%s/XXXXXX", scratch);
	ck_assert_ptr_nonnull(mkdtemp(root));
}

/* A test case in which each test has its own empty "root". */
static TCase *
storebed(const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_unchecked_fixture(tc, make_scratch, remove_scratch);
	tcase_add_checked_fixture(tc, make_root, NULL);
	tcase_set_timeout(tc, 60);
	return (tc);
}

/* The path of something in the store; good for four calls. */
MAYBE const char *
at(const char *name)
{
	static char path[4][PATH_MAX];
	static int i;

	i = (i + 1) % 4;
	(void)snprintf(path[i], sizeof(path[i]), "%s/%s", root, name);
	return (path[i]);
}

MAYBE bool
exists(const char *name)
{
	struct stat st;

	return (lstat(at(name), &st) == 0);
}

/* How many entries a directory has. */
MAYBE int
count(const char *dir)
{
	char cmd[PATH_MAX + 32];
	FILE *f;
	int n;

	(void)snprintf(cmd, sizeof(cmd), "ls -A '%s' | wc -l", at(dir));
	f = popen(cmd, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%d", &n), 1);
	(void)pclose(f);
	return (n);
}

MAYBE void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

/* Open for writing with a tag, or without one for reading. */
static struct store *
try_open(const char *path, bool create, const char *tag, struct err *e)
{
	struct store_url url;
	struct store_cfg cfg = { .url = &url, .create = create,
	    .write = tag != NULL, .tag = tag };
	struct store *s;

	memset(e, 0, sizeof(*e));
	ck_assert_int_eq(store_url_parse(path, "--to", &url, e), 0);
	s = store_open(&cfg, e);
	store_url_fini(&url);
	return (s);
}

MAYBE struct store *
open_tag(const char *tag)
{
	struct err e;
	struct store *s = try_open(root, false, tag, &e);

	ck_assert_msg(s != NULL, "%s", e.msg);
	return (s);
}

MAYBE void
put(struct store *s, const char *name, const char *text)
{
	struct store_op *op = store_op_new(STORE_PUT, mem_strdup(name));

	buf_puts(&op->mem, text);
	store_submit(s, op);
}

MAYBE void
put_fd(struct store *s, const char *name, int fd)
{
	struct store_op *op = store_op_new(STORE_PUT, mem_strdup(name));

	op->fd = fd;
	store_submit(s, op);
}

MAYBE void
take_away(struct store *s, const char *name)
{
	store_submit(s, store_op_new(STORE_REMOVE, mem_strdup(name)));
}

/* Finish all; returns how many failed, the last of them with *e. */
static int
settle(struct store *s, struct err *e)
{
	struct store_op *op;
	int nfailed = 0;

	store_flush(s, -1);
	while ((op = store_next(s)) != NULL) {
		if (op->err != NULL) {
			nfailed++;
			*e = *op->err;
		}
		store_op_free(op);
	}
	ck_assert_uint_eq(store_inflight(s), 0);
	return (nfailed);
}

/* Finish all; n of them fail, each with this class, the last with *e. */
MAYBE void
each_fails(struct store *s, int n, enum err_class cls, struct err *e)
{
	struct store_op *op;

	store_flush(s, -1);
	while ((op = store_next(s)) != NULL) {
		if (op->err != NULL) {
			n--;
			*e = *op->err;
			ck_assert_msg(e->cls == cls, "%s", e->msg);
		}
		store_op_free(op);
	}
	ck_assert_int_eq(n, 0);
}

MAYBE void
all_safe(struct store *s)
{
	struct err e = { 0 };

	ck_assert_msg(settle(s, &e) == 0, "%s", e.msg);
}

MAYBE void
holds(struct store *s, const char *name, const char *text)
{
	struct buf b = { 0 };
	struct err e;

	ck_assert_msg(store_get_all(s, name, 1 << 20, &b, &e) == 0, "%s",
	    e.msg);
	ck_assert_str_eq(buf_str(&b), text);
	buf_fini(&b);
}

MAYBE enum err_class
get_class(struct store *s, const char *name)
{
	struct store_get_cfg cfg = { .name = name };
	struct store_reader *r;
	struct err e = { 0 };

	if ((r = store_get(s, &cfg, NULL, &e)) != NULL)
		store_reader_free(r);
	return (e.cls);
}

MAYBE struct store_reader *
get_from(struct store *s, const char *name, uint64_t off, uint64_t *size,
    struct err *e)
{
	struct store_get_cfg cfg = { .name = name, .off = off };

	return (store_get(s, &cfg, size, e));
}

MAYBE struct store_lister *
list_below(struct store *s, const char *prefix, struct err *e)
{
	struct store_list_cfg cfg = { .prefix = prefix };

	return (store_list(s, &cfg, e));
}

/* What a listing must yield, a name a line. */
MAYBE void
lists(struct store *s, const char *prefix, const char *want)
{
	struct store_list_cfg cfg = { .prefix = prefix };
	struct store_lister *l;
	struct store_entry ent;
	struct buf b = { 0 };
	struct err e;
	int r;

	l = store_list(s, &cfg, &e);
	ck_assert_msg(l != NULL, "%s", e.msg);
	while ((r = store_list_next(l, &ent, &e)) == 1)
		buf_printf(&b, "%s\n", ent.name);
	ck_assert_msg(r == 0, "%s", e.msg);
	ck_assert_str_eq(buf_str(&b), want);
	buf_fini(&b);
	store_lister_free(l);
}

/* Is the root a small file system of its own now?  (Seen by this test only,
 * and gone with it.) */
MAYBE bool
mount_small(const char *options)
{
	return (geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("tmpfs", root, "tmpfs", 0, options) == 0);
}

MAYBE bool
become_nobody(void)
{
	return (geteuid() == 0 && setresgid(65534, 65534, 65534) == 0 &&
	    setresuid(65534, 65534, 65534) == 0);
}

#define SKIP(why) do {							\
	(void)printf("# skipped: %s: %s\n", __func__, why);		\
	return;								\
} while (0)

#endif
