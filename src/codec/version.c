#include "codec/version.h"

#include <lz4.h>

const char *
version_lz4(void)
{
	return (LZ4_versionString());
}
