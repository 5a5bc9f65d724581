#include "base/version.h"

#include <stdio.h>

#include <jansson.h>
#include <xxhash.h>

const char *
version_xxhash(void)
{
	static char text[32];
	unsigned v = XXH_versionNumber();

	(void)snprintf(text, sizeof(text), "%u.%u.%u", v / 10000,
	    v / 100 % 100, v % 100);
	return (text);
}

const char *
version_jansson(void)
{
	return (jansson_version_str());
}
