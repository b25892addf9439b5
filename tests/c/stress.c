/* Looks users and groups up in 64 threads, and checks every answer. Built by gcc and by musl-gcc.
 *
 *   stress SECONDS OPTIONS USER:UID:GROUP:GID...
 *
 * OPTIONS, separated by commas, or "none":
 *   restart    the daemon is restarted meanwhile: "not found" and errors are fine, wrong answers are not
 *   fork       children are forked meanwhile; each looks up itself, and (glibc) must hold no socket of its parent before
 *   close      between lookups, all descriptors from 3 on are closed, and files opened under their numbers
 *
 * Prints how many lookups succeeded, and how many of them while it was allowed to fail. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 64, MOST = 16 };

struct account {
	const char *user, *group;
	uid_t uid;
	gid_t gid;
};

static struct account accounts[MOST];
static int account_count;
static int may_fail;
static atomic_int stop, pause_lookups;
/* Closing another thread's descriptor in the middle of its lookup is beyond what anybody can stand. */
static pthread_rwlock_t looking_up = PTHREAD_RWLOCK_INITIALIZER;
static atomic_long successes, failures, wrong;

static void complain(const char *what, const char *name, int error)
{
	if (atomic_fetch_add(&wrong, 1) < 10)
		fprintf(stderr, "%s %s: %d\n", what, name, error);
}

/* Counts a lookup. Returns whether its result shall be looked at. */
static int judge(const char *what, const char *name, int error, const void *result)
{
	if (!error && result) {
		atomic_fetch_add(&successes, 1);
		return 1;
	}
	atomic_fetch_add(&failures, 1);
	if (!may_fail)
		complain(what, name, error);
	return 0;
}

static void look_up(unsigned *seed)
{
	const struct account *a = &accounts[rand_r(seed) % (unsigned)account_count];
	struct passwd passwd, *found_user = NULL;
	struct group group, *found_group = NULL;
	size_t size = 1 + (size_t)rand_r(seed) % 64;
	int error, kind = rand_r(seed) % 5;
	for (;; size *= 2) {
		char *buffer = malloc(size);
		switch (kind) {
		case 0:
			error = getpwnam_r(a->user, &passwd, buffer, size, &found_user);
			break;
		case 1:
			error = getpwuid_r(a->uid, &passwd, buffer, size, &found_user);
			break;
		case 2:
			error = getgrnam_r(a->group, &group, buffer, size, &found_group);
			break;
		case 3:
			error = getgrgid_r(a->gid, &group, buffer, size, &found_group);
			break;
		default:
			error = getpwnam_r("no-such-user", &passwd, buffer, size, &found_user);
			if (found_user)
				complain("found", "no-such-user", 0);
		}
		int done = error != ERANGE;
		if (done && kind < 2 && judge("user", a->user, error, found_user) &&
		    (strcmp(passwd.pw_name, a->user) || passwd.pw_uid != a->uid))
			complain("wrong user for", a->user, (int)passwd.pw_uid);
		if (done && (kind == 2 || kind == 3) && judge("group", a->group, error, found_group) &&
		    (strcmp(group.gr_name, a->group) || group.gr_gid != a->gid))
			complain("wrong group for", a->group, (int)group.gr_gid);
		free(buffer);
		if (done)
			return;
	}
}

static void *work(void *number)
{
	unsigned seed = (unsigned)(size_t)number;
	while (!stop) {
		while (pause_lookups)
			usleep(100);
		pthread_rwlock_rdlock(&looking_up);
		look_up(&seed);
		pthread_rwlock_unlock(&looking_up);
	}
	return NULL;
}

#ifdef __GLIBC__
static int count_sockets(void)
{
	int count = 0;
	for (int descriptor = 3; descriptor < 1024; descriptor++) {
		struct stat status;
		/* Those that do not block are glibc's own, with which it looks for nscd now and then. */
		if (!fstat(descriptor, &status) && S_ISSOCK(status.st_mode) &&
		    !(fcntl(descriptor, F_GETFL) & O_NONBLOCK))
			count++;
	}
	return count;
}
#endif

static void fork_once(unsigned *seed)
{
	pid_t child = fork();
	if (!child) {
#ifdef __GLIBC__
		int inherited = count_sockets();
#else
		int inherited = 0; /* musl's own client keeps no socket, but a fork may come while it uses one. */
#endif
		for (int i = 0; i < 20; i++)
			look_up(seed);
		_exit(wrong ? 1 : inherited ? 2 : 0);
	}
	int status;
	waitpid(child, &status, 0);
	if (status)
		complain("child", "ended with", status);
}

static void close_once(void)
{
	pause_lookups = 1;
	pthread_rwlock_wrlock(&looking_up);
	for (int descriptor = 3; descriptor < 128; descriptor++)
		close(descriptor);
	/* What is written to them would be somebody's data. */
	int files[8];
	for (int i = 0; i < 8; i++)
		files[i] = open("/tmp/precious", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	pthread_rwlock_unlock(&looking_up);
	pause_lookups = 0;
	usleep(20000);
	struct stat status;
	if (stat("/tmp/precious", &status) || status.st_size)
		complain("wrote to", "a file of the program", 0);
	for (int i = 0; i < 8; i++) {
		struct stat open_file;
		if (files[i] >= 0 && (fstat(files[i], &open_file) || open_file.st_ino != status.st_ino))
			complain("closed", "a file of the program", files[i]);
		else
			close(files[i]);
	}
}

int main(int count, char **argument)
{
	double seconds = atof(argument[1]);
	int does_fork = !!strstr(argument[2], "fork"), does_close = !!strstr(argument[2], "close");
	may_fail = !!strstr(argument[2], "restart");
	for (int i = 3; i < count && account_count < MOST; i++) {
		struct account *a = &accounts[account_count++];
		a->user = strtok(argument[i], ":");
		a->uid = (uid_t)strtoul(strtok(NULL, ":"), NULL, 10);
		a->group = strtok(NULL, ":");
		a->gid = (gid_t)strtoul(strtok(NULL, ":"), NULL, 10);
	}
	pthread_t threads[THREADS];
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], &attributes, work, (void *)(i + 1)))
			return 3;
	struct timespec start, now;
	clock_gettime(CLOCK_MONOTONIC, &start);
	unsigned seed = 4711;
	do {
		usleep(10000);
		if (does_fork)
			fork_once(&seed);
		if (does_close)
			close_once();
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9 < seconds);
	stop = 1;
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	/* After everything it has to work again. */
	if (strstr(argument[2], "restart") == NULL) {
		may_fail = 0;
		for (int i = 0; i < 50; i++)
			look_up(&seed);
	}
	printf("%ld succeeded, %ld failed, %ld wrong\n", successes, failures, wrong);
	return wrong ? 1 : 0;
}
