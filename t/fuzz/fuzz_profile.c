/*
 * fuzz_profile -- any bytes as a shared file.  Input: the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/profile.h"
#include "fuzz/driver.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct profile *p = profile_new();
	struct err e = { 0 };
	const char *s;

	if (profile_parse(p, (const char *)data, size, "f", &e) == -1 &&
	    e.cls != ERR_CONFIG)
		abort();
	s = profile_get(p, "default", "aws_access_key_id");
	if (s != NULL && (strlen(s) > size || !profile_has(p, "default")))
		abort();
	(void)profile_get(p, "profile x", "s3.endpoint_url");
	profile_free(p);
	return (0);
}
