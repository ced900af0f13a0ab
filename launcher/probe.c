/*
 * probe.c - asking the host, and naming what it refuses (see probe.h)
 *
 * A successful unshare proves nothing (AppArmor lets it through and then refuses
 * the maps or the first mount), so there is no probing beforehand on the way of a
 * start: the steps themselves are tried, and the one that fails is explained here.
 */
#include "launcher/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "launcher/host.h"
#include "runtime/fd.h"
#include "runtime/path.h"

void probe_free(struct probe *p)
{
	free(p->user);
	free(p->home);
	free(p->cwd);
	free(p->cwd_real);
	free(p->tty);
	free(p->localtime);
	*p = PROBE_INIT;
}

/* The terminal's path, when one of 0-2 is one, and is a node we can bind. */
static char *terminal_path(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		char link[64], path[PATH_MAX];
		ssize_t n;

		if (!isatty(fd))
			continue;
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, path, sizeof(path) - 1);
		if (n <= 0)
			continue;
		path[n] = '\0';
		if (!strncmp(path, "/dev/", 5) && access(path, F_OK) == 0)
			return strdup(path);
	}
	return NULL;
}

/* $PWD keeps the name by which the user came here, through links; it is only
 * believed when it leads to the same folder. */
static char *working_directory(void)
{
	char path[PATH_MAX];
	const char *pwd = getenv("PWD");
	struct stat a, b;

	if (pwd && path_is_clean(pwd, true) && stat(pwd, &a) == 0 &&
	    stat(".", &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		return strdup(pwd);
	if (!getcwd(path, sizeof(path)) || path[0] != '/')
		return NULL;
	return strdup(path);
}

/* A copy, not a bind: a change of the zone replaces the file, so a bind would not
 * follow it either, and costs four times as much. */
static void read_localtime(struct probe *p)
{
	CLEANUP_FD int fd = open("/etc/localtime", O_RDONLY | O_CLOEXEC |
				 O_NONBLOCK);

	if (fd >= 0 && fd_slurp(fd, 64 << 10, &p->localtime,
				&p->localtime_len) < 0)
		p->localtime = NULL;
}

static char *kernel_cwd(void)
{
	char path[PATH_MAX];

	return getcwd(path, sizeof(path)) && path[0] == '/' ? strdup(path) :
							      NULL;
}

int probe_host(struct probe *ret, struct err *err)
{
	CLEANUP(probe_free) struct probe p = PROBE_INIT;
	int r;

	p.uid = geteuid();
	p.gid = getegid();
	r = host_user_name(p.uid, &p.user, err);
	if (r == 0)
		r = host_home(&p.home, err);
	if (r < 0)
		return r;
	p.cwd = working_directory();
	if (p.cwd)
		p.cwd_real = kernel_cwd();
	p.tty = terminal_path();
	read_localtime(&p);
	*ret = p;
	p = PROBE_INIT;
	return 0;
}

/* ---- why it does not work here ---- */

/* A number from /proc/sys, or -1. */
static long setting(const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32];
	ssize_t n;

	if (fd < 0)
		return -1;
	n = fd_read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	return strtol(text, NULL, 10);
}

/* Does this process see a mount on its own "/"?  In a chroot it does not. */
static bool in_chroot(void)
{
	CLEANUP_FD int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	CLEANUP_FREE char *text = NULL;

	if (fd < 0 || fd_slurp(fd, 4 << 20, &text, NULL) < 0)
		return false;
	return !strstr(text, " / / ") && !strstr(text, " / rw") &&
	       !strstr(text, " / ro");
}

static const struct {
	const char *path;
	const char *text;
} zero_settings[] = {
	{ "/proc/sys/user/max_user_namespaces",
	  "user namespaces are switched off (user.max_user_namespaces=0); "
	  "as root: sysctl -w user.max_user_namespaces=10000" },
	{ "/proc/sys/kernel/unprivileged_userns_clone",
	  "user namespaces are reserved to root "
	  "(kernel.unprivileged_userns_clone=0); as root: sysctl -w "
	  "kernel.unprivileged_userns_clone=1" },
	{ "/proc/sys/user/max_mnt_namespaces",
	  "mount namespaces are switched off (user.max_mnt_namespaces=0); "
	  "as root: sysctl -w user.max_mnt_namespaces=10000" },
	{ "/proc/sys/user/max_pid_namespaces",
	  "pid namespaces are switched off (user.max_pid_namespaces=0); "
	  "as root: sysctl -w user.max_pid_namespaces=10000" },
	{ "/proc/sys/user/max_net_namespaces",
	  "network namespaces are switched off (user.max_net_namespaces=0); "
	  "as root: sysctl -w user.max_net_namespaces=10000" },
	{ "/proc/sys/user/max_ipc_namespaces",
	  "IPC namespaces are switched off (user.max_ipc_namespaces=0); "
	  "as root: sysctl -w user.max_ipc_namespaces=10000" },
	{ "/proc/sys/user/max_uts_namespaces",
	  "UTS namespaces are switched off (user.max_uts_namespaces=0); "
	  "as root: sysctl -w user.max_uts_namespaces=10000" },
	{ "/proc/sys/user/max_cgroup_namespaces",
	  "cgroup namespaces are switched off "
	  "(user.max_cgroup_namespaces=0); as root: sysctl -w "
	  "user.max_cgroup_namespaces=10000" },
};

#define APPARMOR "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"

static int explain_apparmor(int num, struct err *err)
{
	return err_set(err, num, "cannot build the sandbox: AppArmor lets "
		       "unprivileged programs make user namespaces only "
		       "without rights in them "
		       "(kernel.apparmor_restrict_unprivileged_userns=1); "
		       "install the AppArmor profile of holdall, or as root: "
		       "sysctl -w "
		       "kernel.apparmor_restrict_unprivileged_userns=0");
}

static int explain_clone(int num, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(zero_settings); i++)
		if (setting(zero_settings[i].path) == 0)
			return err_set(err, num, "cannot build the sandbox: %s",
				       zero_settings[i].text);
	if (num == ENOSPC)
		return err_set(err, num, "cannot build the sandbox: no more "
			       "namespaces are allowed for this user; end some "
			       "programs, or as root raise "
			       "user.max_user_namespaces");
	if (num == EAGAIN || num == ENOMEM)
		return err_sys(err, num, "cannot start the sandbox: clone");
	if (num == EPERM && in_chroot())
		return err_set(err, num, "cannot build the sandbox: this is a "
			       "chroot, and the kernel allows no user "
			       "namespaces in a chroot; enter the folder with "
			       "pivot_root instead (bwrap, systemd-nspawn)");
	if (num == EPERM || num == EACCES)
		return err_set(err, num, "cannot build the sandbox: user "
			       "namespaces are forbidden here (a container's "
			       "seccomp filter or a security module); allow "
			       "clone and unshare with CLONE_NEWUSER there");
	return err_sys(err, num, "cannot build the sandbox: clone with new "
		       "namespaces");
}

static int explain_fuse(int num, struct err *err)
{
	struct stat st;

	if (stat("/dev/fuse", &st) < 0)
		return err_set(err, num, "cannot serve the image: /dev/fuse "
			       "is missing; as root: modprobe fuse");
	if (num == EACCES || num == EPERM)
		return err_set(err, num, "cannot serve the image: /dev/fuse "
			       "is not open to this user (mode %04o, owner "
			       "%u); as root: chmod 0666 /dev/fuse",
			       (unsigned)st.st_mode & 07777, st.st_uid);
	return err_sys(err, num, "cannot serve the image: /dev/fuse");
}

int probe_explain_refusal(enum refusal_step step, int num, struct err *err)
{
	bool denied = num == EPERM || num == EACCES;

	switch (step) {
	case REFUSED_CLONE:
		return explain_clone(num, err);
	case REFUSED_FUSE:
		return explain_fuse(num, err);
	case REFUSED_PROC:
		if (denied)
			return err_set(err, num, "cannot build the sandbox: a "
				       "fresh /proc is refused (parts of the "
				       "outer /proc are masked, as in a "
				       "container); start that container "
				       "with an unmasked /proc");
		return err_sys(err, num, "cannot mount /proc");
	case REFUSED_MAPS:
		if (denied && setting(APPARMOR) == 1)
			return explain_apparmor(num, err);
		return err_sys(err, num, "cannot build the sandbox: writing "
			       "the id maps of the user namespace was "
			       "refused (a security module, or a container "
			       "without it)");
	case REFUSED_MOUNT:
		if (denied && setting(APPARMOR) == 1)
			return explain_apparmor(num, err);
		if (num == ENODEV)
			return err_set(err, num, "cannot serve the image: the "
				       "kernel has no FUSE; as root: "
				       "modprobe fuse");
		return err_sys(err, num, "cannot build the sandbox: mount "
			       "was refused");
	}
	return err_sys(err, num, "cannot build the sandbox");
}
