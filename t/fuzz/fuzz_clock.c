/*
 * fuzz_clock -- any text as a moment: refused in a sentence, or one that can
 * be written both ways and read again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "fuzz/driver.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_strndup((const char *)data, size);
	char stamp[CLOCK_STAMP_BYTES], rfc[CLOCK_RFC3339_BYTES];
	struct err e = { 0 };
	int64_t ms = -1, again = -1;

	if (clock_parse(text, "when", &ms, &e) == -1) {
		must(e.cls == ERR_USAGE && strncmp(e.msg, "when: ", 6) == 0);
		must(!clock_stamp_parse(text, strlen(text), &ms));
	} else {
		clock_stamp(ms, stamp);
		must(clock_stamp_parse(stamp, strlen(stamp), &again));
		must(again == ms);
		must(clock_parse(clock_rfc3339(ms, rfc, sizeof(rfc)), "",
		    &again, &e) == 0);
		must(again == ms);
	}
	free(text);
	return (0);
}
