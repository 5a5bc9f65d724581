/*
 * version -- of the library that serve/ owns, as it is at run time.
 */
#ifndef SERVE_VERSION_H
#define SERVE_VERSION_H

const char *version_microhttpd(void);

#endif
