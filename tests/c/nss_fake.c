/* An NSS module that knows a few accounts and can do all that a bad one does.
 *
 * Built twice: as `fake`, and with -DINITGROUPS as `fakedyn`, which knows the groups of a user without going through all.
 * The file /run/nss_fake, if there is one, holds a word that changes what it does:
 *   down    every function hangs
 *   many    the list has 10,000 more users
 *   stuck   the list hangs after the first user
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <gshadow.h>
#include <nss.h>
#include <pwd.h>
#include <shadow.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifdef INITGROUPS
#define NAME(function) _nss_fakedyn_##function
#else
#define NAME(function) _nss_fake_##function
#endif

#define MANY 10000
#define MEMBERS 20000

struct user {
    const char *name;
    unsigned uid;
    unsigned gid;
    const char *gecos;
    const char *home;
    const char *shell;
};

static const struct user users[] = {
    {"fay", 61001, 61001, "Fay Fake,room 9", "/home/fay", "/bin/bash"},
    {"slow", 61002, 61002, "", "/home/slow", "/bin/sh"},
    {"gus", 61004, 62001, "Gus: the \xff one", "relative", ""},
    {"circular", 61005, 61005, "Asks the daemon", "/", "/bin/sh"},
    /* Takes the uid of somebody in the files. */
    {"mimic", 1000, 1000, "Mimic", "/", "/bin/sh"},
    /* Takes the name of somebody in the files. */
    {"root", 61003, 61003, "Not root", "/", "/bin/sh"},
    {0},
};

struct group_data {
    const char *name;
    unsigned gid;
    const char *members[4];
};

static const struct group_data groups[] = {
    {"fay", 61001, {0}},
    {"fakers", 62001, {"fay", "ann", "ghost", 0}},
    /* Takes the name of a group in the files. */
    {"sudo", 62003, {"fay", 0}},
    {0},
};

static int mode_is(const char *word) {
    char text[16] = "";
    FILE *file = fopen("/run/nss_fake", "re");
    if (!file)
        return 0;
    int found = fscanf(file, "%15s", text) == 1 && !strcmp(text, word);
    fclose(file);
    return found;
}

static void hang(void) {
    /* As a module that blocks signals, so that only SIGKILL ends it. */
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, 0);
    for (;;)
        pause();
}

/* Asks the daemon for the user that the daemon wants to know of. True when it says that there is none. */
static int daemon_knows_nothing(const char *name) {
    struct sockaddr_un address = {AF_UNIX, "/run/systemd/userdb/io.systemd.Multiplexer"};
    char text[512] = "";
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int size = snprintf(text, sizeof text,
                        "{\"method\":\"io.systemd.UserDatabase.GetUserRecord\",\"parameters\":"
                        "{\"userName\":\"%s\",\"service\":\"io.systemd.Multiplexer\"}}", name);
    int answered = fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof address) &&
                   write(fd, text, (size_t)size + 1) == size + 1 && read(fd, text, sizeof text - 1) > 0;
    close(fd);
    return answered && strstr(text, "NoRecordFound");
}

static void misbehave(const char *name) {
    if (mode_is("down") || !strcmp(name, "hang"))
        hang();
    if (!strcmp(name, "crash"))
        raise(SIGSEGV);
    if (!strcmp(name, "slow"))
        sleep(1);
    if (!strcmp(name, "chatty"))
        puts("{\"parameters\":{}}"), fflush(stdout);
}

/* Copies text into the caller's buffer. Null when that is too small. */
static char *put(const char *text, char **buffer, size_t *length) {
    size_t size = strlen(text) + 1;
    if (size > *length)
        return 0;
    char *copy = memcpy(*buffer, text, size);
    *buffer += size;
    *length -= size;
    return copy;
}

static enum nss_status too_small(int *errnop) {
    *errnop = ERANGE;
    return NSS_STATUS_TRYAGAIN;
}

static enum nss_status none(int *errnop) {
    *errnop = ENOENT;
    return NSS_STATUS_NOTFOUND;
}

static enum nss_status give_user(const struct user *user, struct passwd *out, char *buffer, size_t length, int *errnop) {
    out->pw_name = put(user->name, &buffer, &length);
    out->pw_passwd = put("x", &buffer, &length);
    out->pw_uid = user->uid;
    out->pw_gid = user->gid;
    out->pw_gecos = put(user->gecos, &buffer, &length);
    out->pw_dir = put(user->home, &buffer, &length);
    out->pw_shell = put(user->shell, &buffer, &length);
    if (!out->pw_name || !out->pw_passwd || !out->pw_gecos || !out->pw_dir || !out->pw_shell)
        return too_small(errnop);
    return NSS_STATUS_SUCCESS;
}

enum nss_status NAME(getpwnam_r)(const char *name, struct passwd *out, char *buffer, size_t length, int *errnop) {
    misbehave(name);
    if (!strcmp(name, "circular") && !daemon_knows_nothing(name))
        return none(errnop);
    /* Knows names in capitals, and answers under the right one. */
    for (const struct user *user = users; user->name; user++)
        if (!strcasecmp(user->name, name))
            return give_user(user, out, buffer, length, errnop);
    return none(errnop);
}

enum nss_status NAME(getpwuid_r)(uid_t uid, struct passwd *out, char *buffer, size_t length, int *errnop) {
    misbehave(uid == 61999 ? "hang" : "");
    for (const struct user *user = users; user->name; user++)
        if (user->uid == uid)
            return give_user(user, out, buffer, length, errnop);
    return none(errnop);
}

static unsigned next_user;

enum nss_status NAME(setpwent)(int stay_open) {
    (void)stay_open;
    misbehave("");
    next_user = 0;
    return NSS_STATUS_SUCCESS;
}

enum nss_status NAME(endpwent)(void) {
    return NSS_STATUS_SUCCESS;
}

enum nss_status NAME(getpwent_r)(struct passwd *out, char *buffer, size_t length, int *errnop) {
    enum { FEW = sizeof users / sizeof *users - 1 };
    if (next_user == 1 && mode_is("stuck"))
        hang();
    char name[32];
    struct user user = {name, 0, 0, "One of many", "/", "/bin/sh"};
    if (next_user < FEW)
        user = users[next_user];
    else if (next_user < FEW + MANY && mode_is("many")) {
        user.uid = user.gid = 300000 + next_user;
        snprintf(name, sizeof name, "many%u", next_user);
    } else
        return none(errnop);
    enum nss_status status = give_user(&user, out, buffer, length, errnop);
    if (status == NSS_STATUS_SUCCESS)
        next_user++;
    return status;
}

enum nss_status NAME(getspnam_r)(const char *name, struct spwd *out, char *buffer, size_t length, int *errnop) {
    misbehave("");
    if (strcmp(name, "fay"))
        return none(errnop);
    out->sp_namp = put(name, &buffer, &length);
    out->sp_pwdp = put("$y$fay", &buffer, &length);
    out->sp_lstchg = 19000;
    out->sp_min = 1;
    out->sp_max = 99999;
    out->sp_warn = 7;
    out->sp_inact = -1;
    out->sp_expire = 30000;
    out->sp_flag = 0;
    return out->sp_namp && out->sp_pwdp ? NSS_STATUS_SUCCESS : too_small(errnop);
}

/* An array of pointers at the end of the buffer, where it is aligned. */
static char **array(size_t count, char *buffer, size_t *length) {
    size_t size = count * sizeof(char *);
    if (size + sizeof(char *) > *length)
        return 0;
    size_t place = (size_t)(buffer + *length - size) & ~(sizeof(char *) - 1);
    *length = place - (size_t)buffer;
    return (char **)place;
}

static enum nss_status give_group(const struct group_data *group, struct group *out, char *buffer, size_t length, int *errnop) {
    size_t count = 0;
    while (group->members[count])
        count++;
    if (!(out->gr_mem = array(count + 1, buffer, &length)))
        return too_small(errnop);
    for (size_t at = 0; at < count; at++)
        if (!(out->gr_mem[at] = put(group->members[at], &buffer, &length)))
            return too_small(errnop);
    out->gr_mem[count] = 0;
    out->gr_name = put(group->name, &buffer, &length);
    out->gr_passwd = put("x", &buffer, &length);
    out->gr_gid = group->gid;
    return out->gr_name && out->gr_passwd ? NSS_STATUS_SUCCESS : too_small(errnop);
}

static enum nss_status give_huge(struct group *out, char *buffer, size_t length, int *errnop) {
    if (!(out->gr_mem = array(MEMBERS + 1, buffer, &length)))
        return too_small(errnop);
    for (unsigned at = 0; at < MEMBERS; at++) {
        char name[32];
        snprintf(name, sizeof name, "member%u", at);
        if (!(out->gr_mem[at] = put(name, &buffer, &length)))
            return too_small(errnop);
    }
    out->gr_mem[MEMBERS] = 0;
    out->gr_name = put("huge", &buffer, &length);
    out->gr_passwd = put("x", &buffer, &length);
    out->gr_gid = 62002;
    return out->gr_name && out->gr_passwd ? NSS_STATUS_SUCCESS : too_small(errnop);
}

enum nss_status NAME(getgrnam_r)(const char *name, struct group *out, char *buffer, size_t length, int *errnop) {
    misbehave(name);
    if (!strcmp(name, "huge"))
        return give_huge(out, buffer, length, errnop);
    for (const struct group_data *group = groups; group->name; group++)
        if (!strcasecmp(group->name, name))
            return give_group(group, out, buffer, length, errnop);
    return none(errnop);
}

enum nss_status NAME(getgrgid_r)(gid_t gid, struct group *out, char *buffer, size_t length, int *errnop) {
    misbehave("");
    if (gid == 62002)
        return give_huge(out, buffer, length, errnop);
    for (const struct group_data *group = groups; group->name; group++)
        if (group->gid == gid)
            return give_group(group, out, buffer, length, errnop);
    return none(errnop);
}

static unsigned next_group;

enum nss_status NAME(setgrent)(int stay_open) {
    (void)stay_open;
    misbehave("");
    next_group = 0;
    return NSS_STATUS_SUCCESS;
}

enum nss_status NAME(endgrent)(void) {
    return NSS_STATUS_SUCCESS;
}

enum nss_status NAME(getgrent_r)(struct group *out, char *buffer, size_t length, int *errnop) {
    if (!groups[next_group].name)
        return none(errnop);
    enum nss_status status = give_group(&groups[next_group], out, buffer, length, errnop);
    if (status == NSS_STATUS_SUCCESS)
        next_group++;
    return status;
}

enum nss_status NAME(getsgnam_r)(const char *name, struct sgrp *out, char *buffer, size_t length, int *errnop) {
    misbehave("");
    if (strcmp(name, "fakers"))
        return none(errnop);
    if (!(out->sg_adm = array(2, buffer, &length)) || !(out->sg_mem = array(2, buffer, &length)))
        return too_small(errnop);
    out->sg_adm[0] = put("fay", &buffer, &length);
    out->sg_mem[0] = put("extra", &buffer, &length);
    out->sg_adm[1] = out->sg_mem[1] = 0;
    out->sg_namp = put(name, &buffer, &length);
    out->sg_passwd = put("$y$fakers", &buffer, &length);
    return out->sg_adm[0] && out->sg_mem[0] && out->sg_namp && out->sg_passwd ? NSS_STATUS_SUCCESS : too_small(errnop);
}

#ifdef INITGROUPS
enum nss_status NAME(initgroups_dyn)(const char *user, gid_t own, long *start, long *size, gid_t **gids, long limit, int *errnop) {
    /* fay's own group, one of this module, one of the files (audio), and one that nobody has a name for. */
    static const gid_t of_fay[] = {61001, 62001, 29, 62099};
    (void)limit;
    misbehave(user);
    if (strcmp(user, "fay"))
        return none(errnop);
    for (size_t at = 0; at < sizeof of_fay / sizeof *of_fay; at++) {
        if (of_fay[at] == own)
            continue;
        if (*start == *size) {
            gid_t *larger = realloc(*gids, (size_t)*size * 2 * sizeof **gids);
            if (!larger)
                return none(errnop);
            *gids = larger;
            *size *= 2;
        }
        (*gids)[(*start)++] = of_fay[at];
    }
    return NSS_STATUS_SUCCESS;
}
#endif
