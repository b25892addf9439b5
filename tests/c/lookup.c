/* Makes the lookups that standard input names, one a line with its fields separated by tabs, and prints what came of each.
 * Built by gcc and by musl-gcc.
 *
 *   getpwnam_r NAME SIZE     SIZE is that of the buffer; 0 makes it grow on ERANGE, as the manual says
 *   getpwuid_r UID SIZE      getgrnam_r NAME SIZE     getgrgid_r GID SIZE
 *   getpwnam NAME            getgrnam NAME
 *   getgrouplist NAME GID COUNT    COUNT is how many groups there is room for
 *   initgroups NAME GID
 *   getpwent, getgrent
 *   getpwent_some COUNT      goes on with the enumeration for so many entries
 * and with glibc only
 *   getspnam_r NAME SIZE     getsgnam_r NAME SIZE
 *   getpwent_r SIZE, getgrent_r SIZE, getspent_r SIZE, getsgent_r SIZE
 * and besides
 *   wait FILE, touch FILE    meets with the test
 *   fork                     a child makes the rest, and its parent waits
 *   clone                    the same by a system call of which no library hears; the parent makes the rest too, later
 *   closefrom N              closes all descriptors from N on, behind everybody's back
 *   open FILE COUNT          opens a file so many times
 *   sockets                  how many descriptors are sockets
 *   opened FILE              how many descriptors are of the file
 *   seteuid UID
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gshadow.h>
#include <shadow.h>
#endif

static void print_names(char **names)
{
	for (char **name = names; *name; name++)
		printf("%s%s", name == names ? "" : ",", *name);
}

static void print_passwd(const void *entry)
{
	const struct passwd *p = entry;
	printf("%s:%s:%u:%u:%s:%s:%s\n", p->pw_name, p->pw_passwd, p->pw_uid, p->pw_gid, p->pw_gecos, p->pw_dir,
	       p->pw_shell);
}

static void print_group(const void *entry)
{
	const struct group *g = entry;
	printf("%s:%s:%u:", g->gr_name, g->gr_passwd, g->gr_gid);
	print_names(g->gr_mem);
	putchar('\n');
}

#ifdef __GLIBC__
static void print_spwd(const void *entry)
{
	const struct spwd *s = entry;
	printf("%s:%s:%ld:%ld:%ld:%ld:%ld:%ld\n", s->sp_namp, s->sp_pwdp, s->sp_lstchg, s->sp_min, s->sp_max, s->sp_warn,
	       s->sp_inact, s->sp_expire);
}

static void print_sgrp(const void *entry)
{
	const struct sgrp *s = entry;
	printf("%s:%s:", s->sg_namp, s->sg_passwd);
	print_names(s->sg_adm);
	putchar(':');
	print_names(s->sg_mem);
	putchar('\n');
}
#endif

union entry {
	struct passwd passwd;
	struct group group;
#ifdef __GLIBC__
	struct spwd spwd;
	struct sgrp sgrp;
#endif
};

typedef void (*printer)(const void *);

/* One call with the buffer. A function that lists entries is called without a key. */
static int call(const char *function, const char *key, union entry *entry, char *buffer, size_t size, void **result,
		printer *print)
{
	*result = NULL;
	unsigned id = key ? (unsigned)strtoul(key, NULL, 10) : 0;
	*print = print_passwd;
	if (!strcmp(function, "getpwnam_r"))
		return getpwnam_r(key, &entry->passwd, buffer, size, (struct passwd **)result);
	if (!strcmp(function, "getpwuid_r"))
		return getpwuid_r(id, &entry->passwd, buffer, size, (struct passwd **)result);
	*print = print_group;
	if (!strcmp(function, "getgrnam_r"))
		return getgrnam_r(key, &entry->group, buffer, size, (struct group **)result);
	if (!strcmp(function, "getgrgid_r"))
		return getgrgid_r(id, &entry->group, buffer, size, (struct group **)result);
#ifdef __GLIBC__
	if (!strcmp(function, "getgrent_r"))
		return getgrent_r(&entry->group, buffer, size, (struct group **)result);
	*print = print_passwd;
	if (!strcmp(function, "getpwent_r"))
		return getpwent_r(&entry->passwd, buffer, size, (struct passwd **)result);
	*print = print_spwd;
	if (!strcmp(function, "getspnam_r"))
		return getspnam_r(key, &entry->spwd, buffer, size, (struct spwd **)result);
	if (!strcmp(function, "getspent_r"))
		return getspent_r(&entry->spwd, buffer, size, (struct spwd **)result);
	*print = print_sgrp;
	if (!strcmp(function, "getsgnam_r"))
		return getsgnam_r(key, &entry->sgrp, buffer, size, (struct sgrp **)result);
	if (!strcmp(function, "getsgent_r"))
		return getsgent_r(&entry->sgrp, buffer, size, (struct sgrp **)result);
#endif
	fprintf(stderr, "no such function: %s\n", function);
	exit(2);
}

/* Calls with a buffer of its own size each time, so that writing beyond it is seen by tools that look for that. */
static int call_and_print(const char *function, const char *key, size_t size)
{
	size_t length = size ? size : 64;
	for (;;) {
		char *buffer = malloc(length);
		union entry entry;
		void *result;
		printer print;
		int error = call(function, key, &entry, buffer, length, &result, &print);
		if (error == ERANGE && !size) {
			free(buffer);
			length *= 2;
			continue;
		}
		int found = !error && result;
		if (found)
			print(result);
		else if (error && !(error == ENOENT && !key))
			printf("error %d\n", error);
		else if (key)
			puts("missing");
		free(buffer);
		return found;
	}
}

static void list(const char *function, size_t size)
{
	int is_group = !!strstr(function, "getgr");
	is_group ? setgrent() : setpwent();
#ifdef __GLIBC__
	setspent();
	setsgent();
#endif
	while (call_and_print(function, NULL, size))
		;
	is_group ? endgrent() : endpwent();
	puts("end");
}

static int by_number(const void *one, const void *other)
{
	gid_t a = *(const gid_t *)one, b = *(const gid_t *)other;
	return (a > b) - (a < b);
}

static void print_gids(gid_t *gids, int count)
{
	qsort(gids, (size_t)count, sizeof *gids, by_number);
	for (int i = 0; i < count; i++)
		printf("%s%u", i ? " " : "", gids[i]);
	putchar('\n');
}

static void sockets(void)
{
	int count = 0;
	for (int descriptor = 0; descriptor < 1024; descriptor++) {
		struct stat status;
		if (!fstat(descriptor, &status) && S_ISSOCK(status.st_mode))
			count++;
	}
	printf("%d\n", count);
}

static void opened(const char *path)
{
	int count = 0;
	struct stat file, status;
	for (int descriptor = 0; !stat(path, &file) && descriptor < 1024; descriptor++)
		if (!fstat(descriptor, &status) && status.st_ino == file.st_ino && status.st_dev == file.st_dev)
			count++;
	printf("%d\n", count);
}

static void run(char **field)
{
	const char *function = field[0], *key = field[1] ? field[1] : "";
	if (!strcmp(function, "wait")) {
		while (access(key, F_OK))
			usleep(2000);
	} else if (!strcmp(function, "touch")) {
		close(open(key, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	} else if (!strcmp(function, "fork")) {
		fflush(stdout);
		pid_t child = fork();
		if (child) {
			int status;
			waitpid(child, &status, 0);
			exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
		}
	} else if (!strcmp(function, "clone")) {
		fflush(stdout);
		pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
		int status = 0;
		if (child && (waitpid(child, &status, 0) < 0 || status))
			exit(3);
	} else if (!strcmp(function, "closefrom")) {
		for (int descriptor = atoi(key); descriptor < 1024; descriptor++)
			close(descriptor);
	} else if (!strcmp(function, "open")) {
		for (int count = atoi(field[2]); count > 0; count--)
			if (open(key, O_RDWR | O_CREAT, 0644) < 0)
				exit(4);
	} else if (!strcmp(function, "sockets")) {
		sockets();
	} else if (!strcmp(function, "opened")) {
		opened(key);
	} else if (!strcmp(function, "seteuid")) {
		if (seteuid((uid_t)strtoul(key, NULL, 10)))
			exit(5);
	} else if (!strcmp(function, "getgrouplist")) {
		int room = atoi(field[3]), count = room;
		gid_t *gids = calloc((size_t)room + 1, sizeof *gids);
		int result = getgrouplist(key, (gid_t)strtoul(field[2], NULL, 10), gids, &count);
		if (result < 0)
			printf("room for %d\n", count);
		else
			print_gids(gids, count);
		free(gids);
	} else if (!strcmp(function, "initgroups")) {
		gid_t gids[1024];
		if (initgroups(key, (gid_t)strtoul(field[2], NULL, 10)))
			printf("error %d\n", errno);
		else
			print_gids(gids, getgroups(1024, gids));
	} else if (!strcmp(function, "getpwnam")) {
		errno = 0;
		const struct passwd *entry = getpwnam(key);
		entry ? print_passwd(entry) : (void)printf("missing, errno %d\n", errno);
	} else if (!strcmp(function, "getgrnam")) {
		errno = 0;
		const struct group *entry = getgrnam(key);
		entry ? print_group(entry) : (void)printf("missing, errno %d\n", errno);
	} else if (!strcmp(function, "getpwent")) {
		setpwent();
		for (const struct passwd *entry; (entry = getpwent());)
			print_passwd(entry);
		endpwent();
		puts("end");
	} else if (!strcmp(function, "getgrent")) {
		setgrent();
		for (const struct group *entry; (entry = getgrent());)
			print_group(entry);
		endgrent();
		puts("end");
	} else if (!strcmp(function, "getpwent_some")) {
		const struct passwd *entry;
		for (int count = atoi(key); count > 0 && (entry = getpwent()); count--)
			print_passwd(entry);
	} else if (strstr(function, "ent_r")) {
		list(function, strtoul(key, NULL, 10));
	} else {
		call_and_print(function, key, strtoul(field[2], NULL, 10));
	}
	fflush(stdout);
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	while ((length = getline(&line, &size, stdin)) > 0) {
		if (line[length - 1] == '\n')
			line[length - 1] = 0;
		char *field[5] = {line};
		for (int count = 1; count < 4 && (field[count] = strchr(field[count - 1], '\t')); count++)
			*field[count]++ = 0;
		run(field);
	}
	return 0;
}
