/*
 * fuzz_wish -- lines that ask for databases, escaped and raw.  What is taken
 * can be written again and says the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/line.h"
#include "fleet/key.h"
#include "fleet/wish.h"
#include "fuzz/driver.h"

/* As a dry run does, or a report. */
static void
write_again(const struct wish *w, bool report, bool raw)
{
	char when[CLOCK_RFC3339_BYTES] = "";
	struct wish again = { 0 };
	struct buf b = { 0 };
	struct err e = { 0 };
	FILE *in;

	if (w->ms != WISH_NEWEST)
		(void)clock_rfc3339(w->ms, when, sizeof(when));
	line_field(&b, buf_str(&w->key), raw);
	buf_putc(&b, '\t');
	if (!report)
		buf_printf(&b, "%s\t%llu\t", when,
		    (unsigned long long)w->bytes);
	line_field(&b, buf_str(&w->target), raw);
	if (report)
		buf_printf(&b, "\tcorrupt\tdamaged\t%s", when);
	buf_putc(&b, raw ? '\0' : '\n');
	must((in = fmemopen(b.data, b.len, "r")) != NULL);
	must(wish_read(in, raw, &again, &e) == 1);
	must(strcmp(buf_str(&again.key), buf_str(&w->key)) == 0);
	must(strcmp(buf_str(&again.target), buf_str(&w->target)) == 0);
	must(again.ms == w->ms);
	must(again.bytes == (report ? 0 : w->bytes));
	must(wish_read(in, raw, &again, &e) == 0);
	(void)fclose(in);
	wish_fini(&again);
	buf_fini(&b);
}

static void
read_all(const uint8_t *data, size_t size, bool raw)
{
	struct wish w = { 0 };
	struct buf name = { 0 };
	struct err e = { 0 };
	int64_t ms;
	FILE *in;
	int r;

	must((in = fmemopen((void *)(uintptr_t)data, size, "r")) != NULL);
	while ((r = wish_read(in, raw, &w, &e)) == 1) {
		must(strlen(buf_str(&w.key)) == w.key.len);
		must(strlen(buf_str(&w.target)) == w.target.len);
		buf_reset(&name);
		key_object(&name, buf_str(&w.key), 0);
		must(key_object_parse(buf_str(&name), &ms) == w.key.len);
		write_again(&w, false, false);
		write_again(&w, false, true);
		write_again(&w, true, false);
		/* Only the last field of a raw item may hold tabs. */
		if (strchr(buf_str(&w.target), '\t') == NULL)
			write_again(&w, true, true);
	}
	must(r == 0 || e.cls == ERR_USAGE);
	(void)fclose(in);
	wish_fini(&w);
	buf_fini(&name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0) {
		read_all(data, size, false);
		read_all(data, size, true);
	}
	return (0);
}
