/*
 * fuzz_lease -- any bytes as the JSON of a container's endpoint or of the
 * instance's metadata: refused, or keys that are fit for a header.  No error
 * has anything of them.
 */
#include <string.h>

#include "fuzz/driver.h"
#include "net/lease.h"

static void
fit(const char *s)
{
	must(s != NULL && *s != '\0');
	for (; *s != '\0'; s++)
		must(*s > ' ' && *s <= '~');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct lease none;
	struct lease l = { 0 };
	struct err e = { 0 };

	if (lease_parse(&l, data, size, "it", &e) == -1) {
		must(e.cls == ERR_CONFIG && strncmp(e.msg, "it: ", 4) == 0);
		must(memcmp(&l, &none, sizeof(l)) == 0);
		return (0);
	}
	fit(l.access);
	fit(l.secret);
	if (l.token != NULL)
		fit(l.token);
	must(l.expires_ms >= 0);
	lease_fini(&l);
	must(memcmp(&l, &none, sizeof(l)) == 0);
	return (0);
}
