/*
 * bulkbed -- what the tests of restoring many stand on: a directory store with
 * objects in it, a root to restore to, and a worker's part of the work done in
 * the test's own process, with what it told.
 */
#ifndef UNIT_BULKBED_H
#define UNIT_BULKBED_H

#include "base/clock.h"
#include "codec/frame.h"
#include "fleet/key.h"
#include "fleet/order.h"
#include "job/bulk.h"
#include "unit/olddb.h"
#include "unit/suite.h"

#define MAYBE	__attribute__((__unused__)) static

enum {
	BED_MS = 1000,		/* timestamp of all objects */
	BED_TOLD_MAX = 4096
};

static char *root;
static struct store_url url;
static struct bulk_cfg cfg;
static struct bulk_env env;
static struct tally tally;
static struct buf parcel;	/* of orders */
static unsigned stop_after;	/* stop when asked for the n-th time; 0 */
static unsigned nasked;

struct told {
	enum bulk_end end;
	char *key, *rel, *text;
	int64_t ms;
	uint64_t size;
	struct hash128 xxh3;
	enum err_class cls;
};
static struct told told[BED_TOLD_MAX];
static int ntold;

static void
bed_tell(void *ctx, const void *msg, size_t len)
{
	struct buf strings = { 0 };
	struct bulk_outcome o;

	(void)ctx;
	ck_assert_int_lt(ntold, BED_TOLD_MAX);
	ck_assert(bulk_outcome_parse(msg, len, &strings, &o));
	told[ntold++] = (struct told){ o.end, mem_strdup(o.key),
	    mem_strdup(o.rel), mem_strdup(o.text), o.ms, o.size, o.xxh3,
	    o.cls };
	buf_fini(&strings);
}

static bool
bed_stopping(void *ctx)
{
	(void)ctx;
	return (++nasked >= stop_after && stop_after > 0);
}

static void
bed_setup(void)
{
	struct err e;
	char *name;

	scratch_make();
	root = mem_printf("%s/root", scratch);
	name = mem_printf("%s/store", scratch);
	ck_assert_int_eq(mkdir(name, 0700), 0);
	ck_assert_int_eq(store_url_parse(name, "--from", &url, &e), 0);
	free(name);
	cfg = (struct bulk_cfg){ .url = &url, .root = root, .spool = scratch,
	    .parallel = 10, .nworkers = 1 };
	env = (struct bulk_env){ .tally = &tally, .tell = bed_tell,
	    .stopping = bed_stopping };
}

static void
bed_teardown(void)
{
	store_url_fini(&url);
	buf_fini(&parcel);
	free(root);
	scratch_remove();
}

/* The path of something below the root; good for four calls. */
MAYBE const char *
at(const char *rel)
{
	static char *path[4];
	static int i;

	i = (i + 1) % 4;
	free(path[i]);
	path[i] = mem_printf("%s/%s", root, rel);
	return (path[i]);
}

/* An object of this content, as backup makes it. */
static struct buf
object_of(const void *p, size_t n)
{
	struct trailer t = { .size = n, .xxh3 = hash128(p, n),
	    .page_size = 4096, .mode = 04751, .uid = 12345, .gid = 54321,
	    .host = "here", .path = "/x" };
	struct frame_enc *enc = frame_enc_new();
	struct buf b = { 0 };
	struct err e;

	ck_assert_int_eq(frame_enc_mem(enc, p, n, &t, &b, &e), 0);
	frame_enc_free(enc);
	return (b);
}

/* Put the bytes of an object into the store, as a file. */
MAYBE void
put_object(const char *key, const struct buf *b)
{
	struct buf name = { 0 };
	struct err e;
	char *path;

	key_object(&name, key, BED_MS);
	path = mem_printf("%s/store/%s", scratch, buf_str(&name));
	*strrchr(path, '/') = '\0';
	ck_assert_int_eq(io_mkdirs(path, 0700, &e), 0);
	path[strlen(path)] = '/';
	put_bytes(path, "", b->data, b->len);
	free(path);
	buf_fini(&name);
}

MAYBE void
put_content(const char *key, const void *p, size_t n)
{
	struct buf b = object_of(p, n);

	put_object(key, &b);
	buf_fini(&b);
}

/* Bytes that LZ4 makes nothing of. */
static struct buf
noise(size_t n)
{
	struct buf b = { 0 };
	uint64_t x = 88172645463325252ULL;

	for (; b.len < n; buf_put(&b, &x, sizeof(x))) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	b.len = n;
	return (b);
}

/* Order it; its size is found out unless "bytes" is given. */
static void
order_bytes(const char *key, const char *rel, uint64_t bytes)
{
	struct order o = { .key = key, .rel = rel, .tag = "", .ms = BED_MS,
	    .bytes = bytes };

	ck_assert(order_put(&parcel, &o));
}

MAYBE void
order(const char *key)
{
	struct buf name = { 0 };
	struct stat st = { 0 };
	char *path;

	key_object(&name, key, BED_MS);
	path = mem_printf("%s/store/%s", scratch, buf_str(&name));
	(void)stat(path, &st);
	order_bytes(key, key, (uint64_t)st.st_size);
	free(path);
	buf_fini(&name);
}

MAYBE struct bulk *
bulk_begin(void)
{
	struct bulk *b;
	struct err e;

	ck_assert_msg(bulk_open(&cfg, &env, &b, &e) == 0, "%s", e.msg);
	return (b);
}

/* Take on what was ordered. */
MAYBE void
bulk_go(struct bulk *b)
{
	struct err e;

	ck_assert_int_eq(bulk_start(b, parcel.data, parcel.len, &e), 0);
	buf_reset(&parcel);
}

/* All as a worker does it; returns what bulk_drain() did. */
MAYBE int
run(struct err *e)
{
	struct bulk *b = bulk_begin();
	int ret;

	bulk_go(b);
	ck_assert_int_eq(bulk_wait(b, -1, false, e), 0);
	ret = bulk_drain(b, 1000, e);
	bulk_close(b);
	return (ret);
}

/* What was told of this key, which is told once. */
MAYBE const struct told *
told_of(const char *key)
{
	const struct told *t = NULL;
	int i;

	for (i = 0; i < ntold; i++)
		if (strcmp(told[i].key, key) == 0) {
			ck_assert_msg(t == NULL, "%s twice", key);
			t = &told[i];
		}
	ck_assert_msg(t != NULL, "nothing told of %s", key);
	return (t);
}

MAYBE bool
holds(const char *path, const struct buf *want)
{
	struct buf b = bytes_of(path, "");
	bool ret = is_there(path, "") && same(&b, want);

	buf_fini(&b);
	return (ret);
}

/* How many names there are in a directory. */
MAYBE int
names(const char *path)
{
	struct dirent *de;
	DIR *d = opendir(path);
	int n = -2;

	ck_assert_ptr_nonnull(d);
	while ((de = readdir(d)) != NULL)
		n++;
	closedir(d);
	return (n);
}

#endif
