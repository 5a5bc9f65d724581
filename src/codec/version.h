/*
 * version -- of the library that codec/ owns, as it is at run time.
 */
#ifndef CODEC_VERSION_H
#define CODEC_VERSION_H

const char *version_lz4(void);

#endif
