#include "serve/version.h"

#include <microhttpd.h>

const char *
version_microhttpd(void)
{
	return (MHD_get_version());
}
