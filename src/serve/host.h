/*
 * host -- is the Host of a request one of ours?  A web page can make a browser
 * ask us by a name that it controls and then read the answer (DNS rebinding);
 * it cannot do so by an address, or by a name that is not its own.  By which
 * address matters where we listen on one of the loopback: nobody comes there by
 * another, and elsewhere somebody may have translated it.
 */
#ifndef SERVE_HOST_H
#define SERVE_HOST_H

#include <netinet/in.h>
#include <stdbool.h>

/* Is it one of 127.0.0.0/8? */
bool host_is_loopback4(const struct in_addr *a);
/* Is it ::1? */
bool host_is_loopback6(const struct in6_addr *a);

/*
 * "value" is a Host header: a literal address (with "loopback", such a one),
 * "localhost", or one of the "names" (an array that NULL ends), in any case,
 * with any port or none.
 */
bool host_is_ours(const char *value, const char *const *names, bool loopback);

#endif
