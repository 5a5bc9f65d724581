/*
 * version -- of the library that db/ owns, as it is at run time.
 */
#ifndef DB_VERSION_H
#define DB_VERSION_H

const char *version_sqlite(void);

#endif
