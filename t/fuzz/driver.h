/*
 * driver -- a fuzz target as a program of its own: runs every file of the
 * seed corpus, then mutations of them, a bounded number from a fixed seed.
 * With clang, -fsanitize=fuzzer takes LLVMFuzzerTestOneInput() instead
 * (-DFUZZ_LIBFUZZER leaves main() out).
 *
 * usage: fuzz_X CORPUS-DIR [CASES [SEED]]
 */
#ifndef FUZZ_DRIVER_H
#define FUZZ_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* Where files may be made: in memory if possible.  libFuzzer does not always
 * let us remove them: t/fuzz/guided says where, and does. */
static inline const char *
fuzz_scratch(void)
{
	const char *dir = getenv("FUZZ_SCRATCH");

	if (dir != NULL)
		return (dir);
	return (access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
}

/* What holds for every input. */
static inline void
must(bool so)
{
	if (!so)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifndef FUZZ_LIBFUZZER

#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum {
	FUZZ_SEEDS_MAX = 512,
	FUZZ_INPUT_MAX = 1 << 16
};

static struct {
	uint8_t *p;
	size_t n;
} fuzz_seeds[FUZZ_SEEDS_MAX];
static size_t fuzz_nseeds;

/* xorshift64*: the same numbers everywhere. */
static uint64_t
fuzz_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * 0x2545F4914F6CDD1DULL);
}

static void
fuzz_load(const char *dir)
{
	char path[4096];
	struct dirent **list;
	FILE *f;
	int i, n;

	if ((n = scandir(dir, &list, NULL, alphasort)) == -1) {
		perror(dir);
		exit(1);
	}
	for (i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir,
		    list[i]->d_name);
		if (list[i]->d_name[0] != '.' &&
		    fuzz_nseeds < FUZZ_SEEDS_MAX &&
		    (f = fopen(path, "rb")) != NULL) {
			fuzz_seeds[fuzz_nseeds].p = malloc(FUZZ_INPUT_MAX);
			fuzz_seeds[fuzz_nseeds].n = fread(
			    fuzz_seeds[fuzz_nseeds].p, 1, FUZZ_INPUT_MAX, f);
			fuzz_nseeds++;
			(void)fclose(f);
		}
		free(list[i]);
	}
	free(list);
}

/* Change in[0 .. n-1] in one of the usual ways; returns the new length. */
static size_t
fuzz_mutate(uint8_t *in, size_t n, uint64_t *rnd)
{
	static const uint8_t odd[] = { 0, 1, 0x7f, 0x80, 0xff, '/', '%', '\\',
	    '*', '{', '}', '[', ']', '.', '\n' };
	const uint8_t *other;
	size_t at, len, m;

	at = n > 0 ? fuzz_random(rnd) % n : 0;
	len = n > at ? 1 + fuzz_random(rnd) % (n - at) : 0;
	switch (fuzz_random(rnd) % 7) {
	case 0:			/* flip a bit */
		if (n > 0)
			in[at] ^= (uint8_t)(1U << (fuzz_random(rnd) % 8));
		break;
	case 1:			/* an odd byte */
		if (n > 0)
			in[at] = odd[fuzz_random(rnd) % sizeof(odd)];
		break;
	case 2:			/* cut off */
		return (at);
	case 3:			/* take out */
		memmove(in + at, in + at + len, n - at - len);
		return (n - len);
	case 4:			/* double */
		if (len > FUZZ_INPUT_MAX - n)
			len = FUZZ_INPUT_MAX - n;
		memmove(in + at + len, in + at, n - at);
		return (n + len);
	case 5:			/* put in a byte */
		if (n < FUZZ_INPUT_MAX) {
			memmove(in + at + 1, in + at, n - at);
			in[at] = odd[fuzz_random(rnd) % sizeof(odd)];
			return (n + 1);
		}
		break;
	case 6:			/* go on as another seed does */
		m = fuzz_random(rnd) % fuzz_nseeds;
		other = fuzz_seeds[m].p;
		if (fuzz_seeds[m].n > at) {
			memcpy(in + at, other + at, fuzz_seeds[m].n - at);
			return (fuzz_seeds[m].n);
		}
		break;
	}
	return (n);
}

int
main(int argc, char **argv)
{
	static uint8_t in[FUZZ_INPUT_MAX];
	uint64_t rnd;
	unsigned long i, cases;
	size_t n, s, k;

	if (argc < 2) {
		fprintf(stderr, "usage: %s CORPUS-DIR [CASES [SEED]]\n",
		    argv[0]);
		return (2);
	}
	cases = argc > 2 ? strtoul(argv[2], NULL, 10) : 20000;
	rnd = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
	if (rnd == 0)
		rnd = 1;
	fuzz_load(argv[1]);
	if (fuzz_nseeds == 0) {
		fprintf(stderr, "%s: no seeds\n", argv[1]);
		return (1);
	}
	for (s = 0; s < fuzz_nseeds; s++)
		(void)LLVMFuzzerTestOneInput(fuzz_seeds[s].p, fuzz_seeds[s].n);
	for (i = 0; i < cases; i++) {
		s = fuzz_random(&rnd) % fuzz_nseeds;
		n = fuzz_seeds[s].n;
		memcpy(in, fuzz_seeds[s].p, n);
		for (k = 1 + fuzz_random(&rnd) % 4; k > 0; k--)
			n = fuzz_mutate(in, n, &rnd);
		(void)LLVMFuzzerTestOneInput(in, n);
	}
	printf("%zu seeds, %lu cases\n", fuzz_nseeds, cases);
	return (0);
}

#endif
#endif
