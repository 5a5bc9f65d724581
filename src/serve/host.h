/*
 * host -- is the Host of a request one of ours?  A web page can make a browser
 * ask us by a name that it controls and then read the answer (DNS rebinding);
 * it cannot do so by an address, or by a name that is not its own.
 */
#ifndef SERVE_HOST_H
#define SERVE_HOST_H

#include <stdbool.h>

/*
 * "value" is a Host header: a literal address, "localhost", or one of the
 * "names" (an array that NULL ends), in any case, with any port or none.
 */
bool host_is_ours(const char *value, const char *const *names);

#endif
