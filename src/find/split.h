/*
 * split -- how all that lies below a directory of a store is divided into
 * listings that run at once.  Knows no store: what is found is told to it.
 *
 * The directory is listed in a shallow way, which also yields the objects that
 * lie directly in it.  Where it has fewer directories than there are to be
 * listings, these are listed so in turn, and so on, until that has cost twice
 * as many shallow listings as there are to be listings.  Then what lies below
 * all of them is cut into about as many stretches (store.h), each of whole
 * directories.  Where one has more than SPLIT_DIRECTORIES, they are cut off as
 * stretches while it is still being listed.
 *
 * So each object is in one listing, and those of a directory are in the same.
 */
#ifndef FIND_SPLIT_H
#define FIND_SPLIT_H

#include <stdbool.h>

enum {
	/* One less than a page: what has one object in each directory is on
	 * one, together with what shows that the stretch ends. */
	SPLIT_DIRECTORIES = 999
};

/* A listing that is to be made, or under way. */
struct split_part {
	char *prefix;
	bool shallow;		/* else: only what lies deeper than prefix */
	char *after, *until;	/* or NULL */
	struct split_names *names;	/* split's own */
	struct split_part *next;
};

struct split;

/* Divide what is below "prefix" ("a/", or "") into "parallel" listings. */
struct split *split_new(const char *prefix, unsigned parallel);
/* Those that are under way must have been given back. */
void split_free(struct split *sp);

/* The next listing to begin, or NULL: none, or none before those that are
 * under way tell more. */
struct split_part *split_take(struct split *sp);

/* The shallow listing p has a directory of this name ("a/b/"); in order. */
void split_directory(struct split *sp, struct split_part *p,
    const char *name);

/* It is through, or given up; p is freed. */
void split_done(struct split *sp, struct split_part *p);

#endif
