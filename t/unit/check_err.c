#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "unit/suite.h"

static const struct {
	enum err_class cls;
	const char *name;
	int exit_status;
	bool retriable;
} classes[] = {
	{ ERR_NONE, "none", 0, false },
	{ ERR_USAGE, "usage", 2, false },
	{ ERR_CONFIG, "config", 2, false },
	{ ERR_BUSY, "busy", 75, true },
	{ ERR_CORRUPT, "corrupt", 1, false },
	{ ERR_GONE, "gone", 1, false },
	{ ERR_IO, "io", 3, false },
	{ ERR_SPACE, "space", 3, false },
	{ ERR_NETWORK, "network", 3, true },
	{ ERR_THROTTLED, "throttled", 3, true },
	{ ERR_DENIED, "denied", 3, false },
	{ ERR_NOTFOUND, "not-found", 1, false },
	{ ERR_EXISTS, "exists", 1, false },
	{ ERR_LIMIT, "limit", 1, false },
	{ ERR_STATE, "state", 3, false },
	{ ERR_BUG, "bug", 3, false },
	{ ERR_NCLASS, "bug", 3, false },
	{ (enum err_class)12345, "bug", 3, false },
};

START_TEST(each_class_has_its_name_and_consequence)
{
	ck_assert_str_eq(err_class_name(classes[_i].cls), classes[_i].name);
	ck_assert_int_eq(err_exit_status(classes[_i].cls),
	    classes[_i].exit_status);
	ck_assert_int_eq(err_retriable(classes[_i].cls),
	    classes[_i].retriable);
}
END_TEST

START_TEST(no_class_is_missing_in_this_test)
{
	int i;

	for (i = 0; i < ERR_NCLASS; i++)
		ck_assert_int_eq(classes[i].cls, i);
}
END_TEST

static const struct {
	int errnum;
	enum err_class cls;
} numbers[] = {
	{ ENOSPC, ERR_SPACE }, { EDQUOT, ERR_SPACE },
	{ EACCES, ERR_DENIED }, { EPERM, ERR_DENIED }, { EROFS, ERR_DENIED },
	{ ENOENT, ERR_GONE }, { ESTALE, ERR_GONE },
	{ ENAMETOOLONG, ERR_LIMIT },
	{ EAGAIN, ERR_BUSY }, { EBUSY, ERR_BUSY },
	{ EIO, ERR_IO }, { EFBIG, ERR_IO }, { ENOTDIR, ERR_IO },
	{ 0, ERR_IO }, { -1, ERR_IO },
};

START_TEST(errno_suggests_a_class)
{
	struct err e = { 0 };

	ck_assert_int_eq(err_class_of(numbers[_i].errnum), numbers[_i].cls);
	errno = numbers[_i].errnum;
	err_io(&e, "read %s", "x");
	ck_assert_int_eq(e.cls, numbers[_i].cls);
	ck_assert_int_eq(errno, numbers[_i].errnum);
}
END_TEST

START_TEST(messages_are_put_together)
{
	struct err e = { 0 };

	err_set(&e, ERR_CORRUPT, "page %d of %s", 7, "a.db");
	ck_assert_int_eq(e.cls, ERR_CORRUPT);
	ck_assert_str_eq(e.msg, "page 7 of a.db");
	err_prefix(&e, "backup %s", "100%");
	ck_assert_int_eq(e.cls, ERR_CORRUPT);
	ck_assert_str_eq(e.msg, "backup 100%: page 7 of a.db");
	errno = ENOENT;
	err_sys(&e, ERR_STATE, "open %s", "id");
	ck_assert_int_eq(e.cls, ERR_STATE);
	ck_assert_str_eq(e.msg, "open id: No such file or directory");
	ck_assert_int_eq(errno, ENOENT);
	errno = EACCES;
	err_io(&e, "open %s", "id");
	ck_assert_int_eq(e.cls, ERR_DENIED);
	ck_assert_str_eq(e.msg, "open id: Permission denied");
}
END_TEST

START_TEST(what_is_too_long_is_cut)
{
	char longer[ERR_MSG_BYTES + 100];
	struct {
		struct err e;
		char guard[8];
	} s;

	memset(&s, 0, sizeof(s));
	memcpy(s.guard, "guarded", 8);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	err_set(&s.e, ERR_IO, "%s", longer);
	ck_assert_uint_eq(strlen(s.e.msg), ERR_MSG_BYTES - 1);
	errno = EIO;
	err_sys(&s.e, ERR_IO, "%s", longer);
	ck_assert_uint_eq(strlen(s.e.msg), ERR_MSG_BYTES - 1);
	err_set(&s.e, ERR_IO, "short");
	err_prefix(&s.e, "%s", longer);
	ck_assert_uint_eq(strlen(s.e.msg), ERR_MSG_BYTES - 1);
	ck_assert_str_eq(s.guard, "guarded");
}
END_TEST

START_TEST(a_path_of_the_longest_kind_fits_with_its_reason)
{
	char path[4097];
	struct err e;

	memset(path, 'x', 4096);
	path[4096] = '\0';
	errno = EACCES;
	err_io(&e, "open %s", path);
	ck_assert_ptr_nonnull(strstr(e.msg, ": Permission denied"));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("err");

	tcase_add_loop_test(tc, each_class_has_its_name_and_consequence, 0,
	    LENGTH(classes));
	tcase_add_test(tc, no_class_is_missing_in_this_test);
	tcase_add_loop_test(tc, errno_suggests_a_class, 0, LENGTH(numbers));
	tcase_add_test(tc, messages_are_put_together);
	tcase_add_test(tc, what_is_too_long_is_cut);
	tcase_add_test(tc, a_path_of_the_longest_kind_fits_with_its_reason);
	return (run_suite(tc));
}
