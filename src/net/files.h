/*
 * files -- which files of this machine are read when a network is spoken to:
 * the resolver's, those that say whom TLS trusts, and those that keys come
 * from (credentials.h, cafile.h).  For who must say beforehand what a process
 * is going to open.
 */
#ifndef NET_FILES_H
#define NET_FILES_H

/*
 * Call put() for each file and directory; some may not be there.  ca_file: as
 * cafile_find() is given it.  What may be renewed while it is in use (keys,
 * tokens, certificates that are named) comes with the directory that it lies
 * in, unless that is the home directory, right below the root, or one of the
 * system's, as /etc/ssl: too much would come with it.  Reads the profile's
 * files.
 */
void files_each(const char *ca_file, void (*put)(void *ctx, const char *path),
    void *ctx);

#endif
