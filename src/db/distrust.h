/*
 * distrust -- a connection to a database of somebody else.  Its schema is
 * theirs: whatever opens one calls this before its first statement.
 */
#ifndef DB_DISTRUST_H
#define DB_DISTRUST_H

struct sqlite3;

/*
 * What the schema of "db" names is not run beyond what reading it takes: no
 * triggers, no views, no functions that are not harmless; nothing can be
 * attached; shadow tables and the schema cannot be written by statements.
 * What this SQLite does not know is left as it is.
 */
void distrust_schema(struct sqlite3 *db);

#endif
