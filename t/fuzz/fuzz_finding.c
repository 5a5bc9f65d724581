/*
 * Any bytes as what a process that reads a store tells: nothing behind them is
 * read, what is taken can be shown and used, and written again it is the same.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fleet/finding.h"
#include "fleet/key.h"
#include "fuzz/claims.h"
#include "fuzz/driver.h"

static void
must_be_original(const struct finding *f)
{
	struct buf name = { 0 };
	int64_t ms;

	key_object(&name, f->key, f->ms);
	must(key_object_parse(buf_str(&name), &ms) == strlen(f->key));
	must(ms == f->ms);
	must(f->text[0] == '/' && strstr(f->text, "//") == NULL);
	must(strstr(f->text, "/../") == NULL);
	buf_fini(&name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct buf b;
	uint8_t *copy = mem_zero(size);	/* ends where the bytes end */
	struct finding f;

	if (size > 0)
		memcpy(copy, data, size);
	if (finding_parse(copy, size, &f)) {
		must_be_writable(f.ms);
		if (f.kind == FINDING_REFUSED)
			must(f.cls > ERR_NONE && f.cls < ERR_NCLASS);
		if (f.kind == FINDING_ORIGINAL)
			must_be_original(&f);
		buf_reset(&b);
		finding_put(&b, &f);
		must(b.len <= size && memcmp(b.data, copy, 1) == 0);
		/* A refusal may be cut. */
		if (f.kind != FINDING_REFUSED)
			must(b.len == size &&
			    memcmp(b.data, copy, size) == 0);
	}
	free(copy);
	return (0);
}
