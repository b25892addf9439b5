/* Times lookups: bench COUNT FUNCTION KEY prints the median and the 99th percentile, in nanoseconds.
 * FUNCTION is getpwnam, getpwuid, getgrnam or getgrouplist. */
#define _GNU_SOURCE
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int by_size(const void *one, const void *other)
{
	long a = *(const long *)one, b = *(const long *)other;
	return (a > b) - (a < b);
}

static void look_up(const char *function, const char *key)
{
	if (!strcmp(function, "getpwnam")) {
		getpwnam(key);
	} else if (!strcmp(function, "getpwuid")) {
		getpwuid((uid_t)strtoul(key, NULL, 10));
	} else if (!strcmp(function, "getgrnam")) {
		getgrnam(key);
	} else if (!strcmp(function, "getgrouplist")) {
		gid_t gids[64];
		int count = 64;
		getgrouplist(key, 60000, gids, &count);
	} else {
		exit(2);
	}
}

int main(int count, char **argument)
{
	if (count != 4)
		return 2;
	long rounds = atol(argument[1]), *times = calloc((size_t)rounds, sizeof *times);
	for (long i = 0; i < rounds / 10 + 1; i++)
		look_up(argument[2], argument[3]);
	for (long i = 0; i < rounds; i++) {
		struct timespec start, end;
		clock_gettime(CLOCK_MONOTONIC, &start);
		look_up(argument[2], argument[3]);
		clock_gettime(CLOCK_MONOTONIC, &end);
		times[i] = (end.tv_sec - start.tv_sec) * 1000000000L + (end.tv_nsec - start.tv_nsec);
	}
	qsort(times, (size_t)rounds, sizeof *times, by_size);
	printf("%ld %ld\n", times[rounds / 2], times[rounds - 1 - rounds / 100]);
	return 0;
}
