/*
 * fuzz_jsonread -- any bytes as JSON.  Input: the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonread.h"
#include "fuzz/driver.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jsonread *j;
	struct err e = { 0 };
	const char *s;
	int64_t n;

	if ((j = jsonread_parse(data, size, &e)) == NULL) {
		if (e.cls != ERR_CORRUPT && e.cls != ERR_LIMIT)
			abort();
		return (0);
	}
	if ((s = jsonread_str(j, "AccessKeyId")) != NULL && strlen(s) > size)
		abort();
	(void)jsonread_int(j, "n", &n);
	jsonread_free(j);
	return (0);
}
