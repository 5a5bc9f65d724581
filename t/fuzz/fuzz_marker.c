/*
 * Any bytes as a store's marker: refused in a sentence, or a marker that has
 * an id and a host and comes back from its own text.
 */
#include <string.h>

#include "fuzz/driver.h"
#include "store/marker.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b = { 0 };
	struct marker m, again;
	struct err e = { 0 };

	buf_put(&b, data, size);
	if (marker_parse(&b, "s", &m, &e) == -1)
		must(e.cls == ERR_STATE && strncmp(e.msg, "store s", 7) == 0);
	else {
		must(!hash128_is_zero(m.id) && m.host[0] != '\0');
		must(memchr(m.host, '\0', sizeof(m.host)) != NULL);
		buf_reset(&b);
		marker_text(&m, &b);
		must(marker_parse(&b, "s", &again, &e) == 0);
		must(hash128_eq(m.id, again.id));
		must(strcmp(m.host, again.host) == 0);
	}
	buf_fini(&b);
	return (0);
}
