#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/line.h"
#include "unit/suite.h"

static const struct {
	const char *plain, *escaped;
} fields[] = {
	{ "", "" },
	{ "/a/b.db", "/a/b.db" },
	{ "\t", "\\t" },
	{ "\n", "\\n" },
	{ "\\", "\\\\" },
	{ "\\n", "\\\\n" },
	{ "a\tb\nc\\d", "a\\tb\\nc\\\\d" },
	{ "\xff\"'", "\xff\"'" },
	{ "\r\x01\x7f", "\\x0D\\x01\\x7F" },
	{ "\x1b]0;x\a", "\\x1B]0;x\\x07" },
	{ "\xc2\x9b\xc2\xa0\xc2", "\\xC2\\x9B\xc2\xa0\xc2" },
	{ "\n\n", "\\n\\n" },
};

START_TEST(a_field_is_escaped_and_comes_back)
{
	struct buf b = { 0 };
	struct err e;
	FILE *in;

	line_field(&b, fields[_i].plain, false);
	ck_assert_str_eq(buf_str(&b), fields[_i].escaped);
	buf_putc(&b, '\n');
	ck_assert_ptr_nonnull(in = fmemopen(b.data, b.len, "r"));
	{
		struct buf got = { 0 };

		ck_assert_int_eq(line_read(in, false, &got, &e), 1);
		ck_assert_str_eq(buf_str(&got), fields[_i].plain);
		ck_assert_int_eq(line_read(in, false, &got, &e), 0);
		buf_fini(&got);
	}
	(void)fclose(in);
	buf_fini(&b);
}
END_TEST

START_TEST(a_raw_field_stays_as_it_is)
{
	struct buf b = { 0 };

	buf_puts(&b, "x");
	line_field(&b, fields[_i].plain, true);
	ck_assert_uint_eq(b.len, 1 + strlen(fields[_i].plain));
	ck_assert_str_eq(buf_str(&b) + 1, fields[_i].plain);
	buf_fini(&b);
}
END_TEST

/* What is read of which bytes: items joined by '|', then how it ended. */
static const struct {
	const char *in;
	size_t n;
	bool raw;
	const char *want;
	int end;
} inputs[] = {
	{ "", 0, false, "", 0 },
	{ "", 0, true, "", 0 },
	{ "a\nb\n", 4, false, "a|b|", 0 },
	{ "a\nb", 3, false, "a|b|", 0 },
	{ "\n\na", 3, false, "||a|", 0 },
	{ "a\0b\0", 4, true, "a|b|", 0 },
	{ "a\0b", 3, true, "a|b|", 0 },
	{ "a\nb\\t\0", 6, true, "a\nb\\t|", 0 },
	{ "\0", 1, true, "|", 0 },
	{ "a\\tb\tc\n", 7, false, "a\tb\tc|", 0 },
	{ "a\r\n", 3, false, "a\r|", 0 },
	{ "a\n\\x\n", 5, false, "a|", -1 },
	{ "\\x1B\\x41\n", 9, false, "\x1b""A|", 0 },
	{ "\\x1\n", 4, false, "", -1 },
	{ "\\x1b\n", 5, false, "", -1 },
	{ "\\x00\n", 5, false, "", -1 },
	{ "\\\n", 2, false, "", -1 },
	{ "\\", 1, false, "", -1 },
	{ "\\T\n", 3, false, "", -1 },
	{ "a\0b\n", 4, false, "", -1 },
};

START_TEST(items_are_read_as_the_table_says)
{
	struct buf got = { 0 }, item = { 0 };
	struct err e = { 0 };
	char *copy = malloc(inputs[_i].n + 1);
	FILE *in;
	int rc;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, inputs[_i].in, inputs[_i].n);
	in = inputs[_i].n == 0 ? fopen("/dev/null", "r") :
	    fmemopen(copy, inputs[_i].n, "r");
	ck_assert_ptr_nonnull(in);
	buf_puts(&item, "left from before");
	while ((rc = line_read(in, inputs[_i].raw, &item, &e)) == 1) {
		ck_assert_uint_eq(strlen(buf_str(&item)), item.len);
		buf_printf(&got, "%s|", buf_str(&item));
	}
	ck_assert_int_eq(rc, inputs[_i].end);
	ck_assert_str_eq(buf_str(&got), inputs[_i].want);
	ck_assert_int_eq(e.cls, rc == 0 ? ERR_NONE : ERR_USAGE);
	(void)fclose(in);
	buf_fini(&item);
	buf_fini(&got);
	free(copy);
}
END_TEST

START_TEST(a_directory_as_input_is_class_io)
{
	struct buf item = { 0 };
	struct err e = { 0 };
	FILE *in = fopen("/", "r");

	ck_assert_ptr_nonnull(in);
	ck_assert_int_eq(line_read(in, false, &item, &e), -1);
	ck_assert_int_eq(e.cls, ERR_IO);
	(void)fclose(in);
	buf_fini(&item);
}
END_TEST

/* Gives "/a/b" and then fails, as a broken disk does. */
static ssize_t
read_some(void *cookie, char *buf, size_t size)
{
	int *calls = cookie;

	if ((*calls)++ > 0 || size < 4)
		return (-1);
	memcpy(buf, "/a/b", 4);
	return (4);
}

START_TEST(what_a_failing_read_cut_off_is_no_item)
{
	const cookie_io_functions_t io = { .read = read_some };
	struct buf item = { 0 };
	struct err e = { 0 };
	int calls = 0;
	FILE *in = fopencookie(&calls, "r", io);

	ck_assert_ptr_nonnull(in);
	ck_assert_int_eq(line_read(in, _i == 0, &item, &e), -1);
	ck_assert_int_eq(e.cls, ERR_IO);
	(void)fclose(in);
	buf_fini(&item);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("line");

	tcase_add_loop_test(tc, a_field_is_escaped_and_comes_back, 0,
	    LENGTH(fields));
	tcase_add_loop_test(tc, a_raw_field_stays_as_it_is, 0, LENGTH(fields));
	tcase_add_loop_test(tc, items_are_read_as_the_table_says, 0,
	    LENGTH(inputs));
	tcase_add_test(tc, a_directory_as_input_is_class_io);
	tcase_add_loop_test(tc, what_a_failing_read_cut_off_is_no_item, 0, 2);
	return (run_suite(tc));
}
