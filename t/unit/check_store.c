/*
 * Objects in and out of a directory store, and its listing.
 */
#include <sys/mman.h>

#include "base/clock.h"
#include "unit/storebed.h"

static ino_t
inode(const char *name)
{
	struct stat st;

	ck_assert_int_eq(lstat(at(name), &st), 0);
	return (st.st_ino);
}

START_TEST(an_object_comes_back_as_it_was_put)
{
	struct store *s = open_tag("w0");
	struct stat st;

	put(s, "data/t1.db/" STAMP, "one");
	put(s, "data/t2.db/" STAMP, "");
	put(s, "top", "a name without a directory");
	all_safe(s);
	holds(s, "data/t1.db/" STAMP, "one");
	holds(s, "data/t2.db/" STAMP, "");
	holds(s, "top", "a name without a directory");
	ck_assert_int_eq(stat(at("data/t1.db/" STAMP), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(stat(at("data"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(stat(at("data/t1.db"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	store_close(s);
}
END_TEST

START_TEST(names_that_leave_the_store_are_refused)
{
	static const char *const bad[] = { "../x", "a/../../x", "/x", "a//b",
	    "", ".", "a/.", "a/" };
	struct store *s = open_tag("w0");
	struct err e;

	put(s, bad[_i], "x");
	ck_assert_int_eq(settle(s, &e), 1);
	ck_assert_int_eq(e.cls, ERR_BUG);
	ck_assert_int_eq(get_class(s, bad[_i]), ERR_NOTFOUND);
	lists(s, "../", "");
	store_close(s);
}
END_TEST

START_TEST(waiting_for_a_descriptor_leaves_the_batch_open)
{
	struct store *s = open_tag("w0");
	int64_t start;
	int p[2];

	ck_assert_int_eq(pipe(p), 0);
	put(s, "a", "a");
	start = clock_mono_ms();
	store_wait(s, p[0], 50);
	ck_assert_int_ge(clock_mono_ms() - start, 45);
	ck_assert(!exists("a"));
	ck_assert_int_eq(write(p[1], "x", 1), 1);
	store_wait(s, p[0], -1);
	ck_assert(!exists("a"));
	/* With nobody to bring more, it is the commit that is waited for. */
	store_wait(s, -1, -1);
	ck_assert(exists("a"));
	ck_assert_int_lt(clock_mono_ms() - start, STORE_BATCH_MS / 2);
	/* What is finished is not waited for. */
	ck_assert_int_eq(read(p[0], &start, 1), 1);
	store_wait(s, p[0], -1);
	all_safe(s);
	store_close(s);
}
END_TEST

START_TEST(removing_takes_empty_directories_along)
{
	struct store *s = open_tag("w0");

	put(s, "a/b/c/1", "1");
	put(s, "a/b/c/2", "2");
	put(s, "a/d/3", "3");
	all_safe(s);
	take_away(s, "a/b/c/1");
	ck_assert(exists("a/b/c/1"));
	all_safe(s);
	lists(s, "", "a/b/c/2\na/d/3\n");
	take_away(s, "a/b/c/2");
	take_away(s, "a/b/c/2");
	take_away(s, "never/was");
	take_away(s, "a/d/3/below");
	all_safe(s);
	ck_assert(!exists("a/b"));
	lists(s, "", "a/d/3\n");
	/* The directory that was kept open is not there any more. */
	put(s, "a/b/c/4", "4");
	put(s, "a/b/e/5", "5");
	all_safe(s);
	take_away(s, "a/b/e/5");
	take_away(s, "a/b/c/4");
	put(s, "a/b/e/6", "6");
	all_safe(s);
	lists(s, "", "a/b/e/6\na/d/3\n");
	store_close(s);
}
END_TEST

START_TEST(a_spool_file_becomes_the_object_without_a_copy)
{
	struct store *s = open_tag("w0");
	struct stat st;
	struct err e;
	int fd = store_spool(s, &e);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, "large", 5), 5);
	ck_assert_int_eq(fstat(fd, &st), 0);
	put_fd(s, "a/b", fd);
	all_safe(s);
	holds(s, "a/b", "large");
	ck_assert_uint_eq(inode("a/b"), st.st_ino);
	store_close(s);
}
END_TEST

START_TEST(a_file_from_elsewhere_is_copied)
{
	struct store *s = open_tag("w0");
	char *big = mem_zero(600001);
	struct buf b = { 0 };
	struct stat st;
	struct err e;
	int fd, i;

	for (i = 0; i < 600000; i++)
		big[i] = (char)('a' + i % 23);
	fd = memfd_create("elsewhere", 0);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, big, 600000), 600000);
	put_fd(s, "copy", fd);
	/* A file that others can open is not made an object itself. */
	fd = open(at("named"), O_RDWR | O_CREAT, 0644);
	ck_assert_int_eq(write(fd, "named", 5), 5);
	put_fd(s, "copy2", fd);
	all_safe(s);
	ck_assert_int_eq(store_get_all(s, "copy", 600000, &b, &e), 0);
	ck_assert_uint_eq(b.len, 600000);
	ck_assert_int_eq(memcmp(b.data, big, b.len), 0);
	holds(s, "copy2", "named");
	ck_assert_uint_ne(inode("named"), inode("copy2"));
	ck_assert_int_eq(stat(at("copy2"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	buf_fini(&b);
	free(big);
	store_close(s);
}
END_TEST

START_TEST(a_store_opened_for_reading_has_no_spool_and_takes_nothing)
{
	struct store *s = open_tag(NULL);
	struct err e;

	ck_assert_int_eq(store_spool(s, &e), -1);
	ck_assert_int_eq(e.cls, ERR_GONE);
	put(s, "a", "a");
	ck_assert_int_eq(settle(s, &e), 1);
	ck_assert_int_eq(e.cls, ERR_BUG);
	ck_assert_int_eq(count("."), 0);
	store_close(s);
}
END_TEST

START_TEST(reading_begins_at_an_offset)
{
	struct store *s = open_tag("w0");
	struct store_reader *r;
	uint64_t size = 0;
	struct err e;
	char got[16];

	put(s, "a", "0123456789");
	all_safe(s);
	r = get_from(s, "a", 7, &size, &e);
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(size, 10);
	ck_assert_int_eq(store_read(r, got, 2, &e), 2);
	ck_assert_int_eq(memcmp(got, "78", 2), 0);
	ck_assert_int_eq(store_read(r, got, sizeof(got), &e), 1);
	ck_assert_int_eq(store_read(r, got, sizeof(got), &e), 0);
	store_reader_free(r);
	r = get_from(s, "a", 100, NULL, &e);
	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(store_read(r, got, sizeof(got), &e), 0);
	store_reader_free(r);
	store_close(s);
}
END_TEST

START_TEST(only_regular_files_are_objects)
{
	struct store *s = open_tag("w0");

	put(s, "d/a", "a");
	all_safe(s);
	ck_assert_int_eq(mkfifo(at("fifo"), 0600), 0);
	ck_assert_int_eq(symlink("d/a", at("link")), 0);
	ck_assert_int_eq(symlink("d", at("linkdir")), 0);
	ck_assert_int_eq(get_class(s, "d/a"), ERR_NONE);
	ck_assert_int_eq(get_class(s, "d"), ERR_NOTFOUND);
	ck_assert_int_eq(get_class(s, "fifo"), ERR_NOTFOUND);
	ck_assert_int_eq(get_class(s, "link"), ERR_NOTFOUND);
	ck_assert_int_eq(get_class(s, "linkdir/a"), ERR_NOTFOUND);
	ck_assert_int_eq(get_class(s, "d/a/b"), ERR_NOTFOUND);
	ck_assert_int_eq(get_class(s, "none"), ERR_NOTFOUND);
	lists(s, "", "d/a\n");
	lists(s, "linkdir/", "");
	store_close(s);
}
END_TEST

START_TEST(an_object_larger_than_wanted_is_not_read)
{
	struct store *s = open_tag("w0");
	struct buf b = { 0 };
	struct err e;

	put(s, "a", "0123456789");
	all_safe(s);
	ck_assert_int_eq(store_get_all(s, "a", 9, &b, &e), -1);
	ck_assert_int_eq(e.cls, ERR_LIMIT);
	buf_reset(&b);
	ck_assert_int_eq(store_get_all(s, "a", 10, &b, &e), 0);
	ck_assert_str_eq(buf_str(&b), "0123456789");
	buf_fini(&b);
	store_close(s);
}
END_TEST

START_TEST(a_listing_is_ordered_and_each_directory_in_one_piece)
{
	struct store *s = open_tag("w0");

	put(s, "k/2026/x", "");
	put(s, "k/20261122", "");
	put(s, "k/20261120", "");
	put(s, "k/20261121", "");
	put(s, "k-/1", "");
	put(s, "j/1", "");
	put(s, "z", "");
	put(s, "\xff/1", "");
	put(s, ".litefleet/store", "marker");
	put(s, "k/.litefleet/1", "");
	all_safe(s);
	lists(s, "", "z\nj/1\nk/20261120\nk/20261121\nk/20261122\n"
	    "k/.litefleet/1\nk/2026/x\nk-/1\n\xff/1\n");
	lists(s, "k/", "k/20261120\nk/20261121\nk/20261122\n"
	    "k/.litefleet/1\nk/2026/x\n");
	lists(s, "k/2026/", "k/2026/x\n");
	lists(s, "none/", "");
	lists(s, "z/", "");
	lists(s, ".litefleet/", "");
	store_close(s);
}
END_TEST

START_TEST(a_listing_says_size_and_time)
{
	struct timespec times[2] = { { .tv_sec = 1000000000,
	    .tv_nsec = 5000000 }, { .tv_sec = 1000000000,
	    .tv_nsec = 5000000 } };
	struct store *s = open_tag("w0");
	struct store_lister *l;
	struct store_entry ent;
	struct err e;

	put(s, "a", "0123456789");
	all_safe(s);
	ck_assert_int_eq(utimensat(AT_FDCWD, at("a"), times, 0), 0);
	l = list_below(s, "", &e);
	ck_assert_ptr_nonnull(l);
	ck_assert_int_eq(store_list_next(l, &ent, &e), 1);
	ck_assert_uint_eq(ent.bytes, 10);
	ck_assert_int_eq(ent.mtime_ms, 1000000000005);
	store_lister_free(l);
	store_close(s);
}
END_TEST

START_TEST(what_vanishes_while_it_is_listed_is_ignored)
{
	struct store *s = open_tag("w0");
	struct store_lister *l;
	struct store_entry ent;
	struct err e;

	put(s, "1", "");
	put(s, "2", "");
	put(s, "3", "");
	put(s, "d1/x", "");
	put(s, "d2/x", "");
	all_safe(s);
	l = list_below(s, "", &e);
	ck_assert_int_eq(store_list_next(l, &ent, &e), 1);
	ck_assert_str_eq(ent.name, "1");
	ck_assert_int_eq(unlink(at("2")), 0);
	ck_assert_int_eq(unlink(at("d1/x")), 0);
	ck_assert_int_eq(rmdir(at("d1")), 0);
	ck_assert_int_eq(store_list_next(l, &ent, &e), 1);
	ck_assert_str_eq(ent.name, "3");
	ck_assert_int_eq(store_list_next(l, &ent, &e), 1);
	ck_assert_str_eq(ent.name, "d2/x");
	ck_assert_int_eq(store_list_next(l, &ent, &e), 0);
	store_lister_free(l);
	store_close(s);
}
END_TEST

START_TEST(a_directory_that_cannot_be_read_ends_the_listing)
{
	struct store *s = open_tag("w0");
	struct store_lister *l;
	struct store_entry ent;
	struct err e;

	put(s, "secret/x", "");
	all_safe(s);
	store_close(s);
	ck_assert_int_eq(mkdir(at("lost+found"), 0700), 0);
	ck_assert_int_eq(chmod(root, 0755), 0);
	if (!become_nobody())
		SKIP("only root can become another user");
	s = open_tag(NULL);
	l = list_below(s, "", &e);
	ck_assert_ptr_nonnull(l);
	ck_assert_int_eq(store_list_next(l, &ent, &e), -1);
	ck_assert_int_eq(e.cls, ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(e.msg, "secret/"));
	store_lister_free(l);
	ck_assert_ptr_null(list_below(s, "secret/", &e));
	ck_assert_int_eq(get_class(s, "secret/x"), ERR_DENIED);
	store_close(s);
}
END_TEST

START_TEST(what_fsck_keeps_does_not_end_a_listing)
{
	struct store *s = open_tag("w0");

	put(s, "x", "");
	all_safe(s);
	store_close(s);
	ck_assert_int_eq(mkdir(at("lost+found"), 0700), 0);
	ck_assert_int_eq(chmod(root, 0755), 0);
	if (!become_nobody())
		SKIP("only root can become another user");
	s = open_tag(NULL);
	lists(s, "", "x\n");
	store_close(s);
}
END_TEST

/* What a listing yields, a space behind each. */
static void
lists_so(struct store *s, const struct store_list_cfg *cfg, const char *want)
{
	struct store_lister *l;
	struct store_entry ent;
	struct buf b = { 0 };
	struct err e;

	l = store_list(s, cfg, &e);
	ck_assert_msg(l != NULL, "%s", e.msg);
	ck_assert(store_list_ready(l) && !store_list_goes_on(l));
	while (store_list_next(l, &ent, &e) == 1) {
		ck_assert_str_eq(ent.tag, "");
		ck_assert_int_eq(ent.directory,
		    ent.name[strlen(ent.name) - 1] == '/');
		buf_printf(&b, "%s ", ent.name);
	}
	ck_assert_str_eq(buf_str(&b), want);
	buf_fini(&b);
	store_lister_free(l);
}

START_TEST(a_listing_can_be_shallow_or_a_stretch)
{
	struct store_list_cfg shallow = { .prefix = "", .shallow = true };
	struct store_list_cfg part = { .prefix = "" };
	struct store *s = open_tag("w0");

	put(s, "a/1", "");
	put(s, "a/15/x", "");
	put(s, "a/2", "");
	put(s, "b", "");
	put(s, "c/d/y", "");
	all_safe(s);
	lists_so(s, &shallow, "b a/ c/ ");
	shallow.prefix = "a/";
	lists_so(s, &shallow, "a/1 a/2 a/15/ ");
	shallow.prefix = "none/";
	lists_so(s, &shallow, "");
	part.until = "a/15/x";
	lists_so(s, &part, "a/1 a/15/x ");
	part.after = "a/15/x";
	part.until = "c/";
	lists_so(s, &part, "b a/2 ");
	part.after = "c/";
	part.until = NULL;
	lists_so(s, &part, "c/d/y ");
	store_close(s);
}
END_TEST

START_TEST(an_object_is_got_by_the_queue)
{
	static const struct {
		const char *name;
		size_t max;
		enum err_class cls;
	} gets[] = { { "a", 0, ERR_NONE }, { "a", 3, ERR_NONE },
	    { "a", 2, ERR_LIMIT }, { "b", 0, ERR_NOTFOUND },
	    { "../a", 0, ERR_BUG } };
	struct store *s = open_tag("w0");
	struct store_op *op;
	size_t i;

	put(s, "a", "one");
	all_safe(s);
	store_close(s);
	/* A store that is only read has no batch. */
	s = open_tag(NULL);
	for (i = 0; i < sizeof(gets) / sizeof(gets[0]); i++) {
		op = store_op_new(STORE_GET, mem_strdup(gets[i].name));
		op->max_bytes = gets[i].max;
		op->tag = mem_strdup("\"any\"");
		store_submit(s, op);
		ck_assert_ptr_eq(store_next(s), op);
		ck_assert_int_eq(op->err == NULL ? ERR_NONE : op->err->cls,
		    gets[i].cls);
		if (op->err == NULL)
			ck_assert_str_eq(buf_str(&op->mem), "one");
		store_op_free(op);
	}
	store_close(s);
}
END_TEST

int
main(void)
{
	TCase *tc = storebed("store");

	tcase_add_test(tc, an_object_comes_back_as_it_was_put);
	tcase_add_loop_test(tc, names_that_leave_the_store_are_refused, 0, 8);
	tcase_add_test(tc, waiting_for_a_descriptor_leaves_the_batch_open);
	tcase_add_test(tc, removing_takes_empty_directories_along);
	tcase_add_test(tc, a_spool_file_becomes_the_object_without_a_copy);
	tcase_add_test(tc, a_file_from_elsewhere_is_copied);
	tcase_add_test(tc,
	    a_store_opened_for_reading_has_no_spool_and_takes_nothing);
	tcase_add_test(tc, reading_begins_at_an_offset);
	tcase_add_test(tc, only_regular_files_are_objects);
	tcase_add_test(tc, an_object_larger_than_wanted_is_not_read);
	tcase_add_test(tc,
	    a_listing_is_ordered_and_each_directory_in_one_piece);
	tcase_add_test(tc, a_listing_says_size_and_time);
	tcase_add_test(tc, what_vanishes_while_it_is_listed_is_ignored);
	tcase_add_test(tc, a_directory_that_cannot_be_read_ends_the_listing);
	tcase_add_test(tc, what_fsck_keeps_does_not_end_a_listing);
	tcase_add_test(tc, a_listing_can_be_shallow_or_a_stretch);
	tcase_add_test(tc, an_object_is_got_by_the_queue);
	return (run_suite(tc));
}
