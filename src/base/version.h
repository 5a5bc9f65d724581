/*
 * version -- of the libraries that base/ owns, as they are at run time.
 */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

const char *version_xxhash(void);
const char *version_jansson(void);

#endif
