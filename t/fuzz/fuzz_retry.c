/*
 * fuzz_retry -- any text as a Retry-After header: a wait within its bounds,
 * which for a number is that number of seconds.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz/driver.h"
#include "store/retry.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_strndup((const char *)data, size);
	int64_t ms = retry_after_ms(text, 1792000000000);
	size_t n = strlen(text);

	must(ms >= 0 && ms <= RETRY_AFTER_MAX_MS);
	must(retry_delay_ms((unsigned)size, (uint32_t)ms, ms) >= ms);
	if (n > 0 && n < 6 && strspn(text, "0123456789") == n)
		must(ms == RETRY_AFTER_MAX_MS || ms == 1000 * atol(text));
	free(text);
	return (0);
}
