/*
 * caps.c - gives up every capability, for good
 *
 * Works for a process with all capabilities of its own user namespace and for
 * one that has none.  What can only be done with a capability (bounding set,
 * securebits) is done first and may be refused when there is none: then
 * no_new_privs alone keeps exec from giving any back.  The end result is read
 * back from the kernel rather than believed.
 *
 * The system calls are made directly: libcap would bring its broadcast to all
 * threads, and here is one thread that is about to exec.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launcher/filters.h"

#define CAPS_NUMBERS_MAX 64	/* two words in the kernel's structure */

#define SECUREBITS_LOCKED						\
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |				\
	 SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |	\
	 SECBIT_KEEP_CAPS_LOCKED |					\
	 SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

struct cap_words {
	struct __user_cap_data_struct word[_LINUX_CAPABILITY_U32S_3];
};

static int caps_get(struct cap_words *ret)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};

	return syscall(SYS_capget, &head, ret->word) ? -errno : 0;
}

static int caps_set(const struct cap_words *caps)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};

	return syscall(SYS_capset, &head, caps->word) ? -errno : 0;
}

static int empty_bounding_set(struct err *err)
{
	for (unsigned long cap = 0; cap < CAPS_NUMBERS_MAX; cap++) {
		if (!prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			continue;
		if (errno == EINVAL)	/* past this kernel's last */
			return 0;
		if (errno == EPERM)	/* no CAP_SETPCAP: nothing to bound */
			return 0;
		return err_sys(err, errno, "cannot drop capability %lu from "
			       "the bounding set", cap);
	}
	return 0;
}

static int lock_securebits(struct err *err)
{
	if (!prctl(PR_SET_SECUREBITS, SECUREBITS_LOCKED, 0, 0, 0) ||
	    errno == EPERM)
		return 0;
	return err_sys(err, errno, "cannot lock securebits");
}

static int empty_sets(struct err *err)
{
	static const struct cap_words none;
	int r;

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return err_sys(err, errno,
			       "cannot clear the ambient capabilities");
	r = caps_set(&none);
	if (r < 0)
		return err_sys(err, -r, "cannot give up the capabilities");
	return 0;
}

static int check(struct err *err)
{
	struct cap_words now;
	int r = caps_get(&now);

	if (r < 0)
		return err_sys(err, -r, "cannot read the capabilities back");
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if (now.word[i].effective | now.word[i].permitted |
		    now.word[i].inheritable)
			return err_set(err, EPERM, "capabilities remain after "
				       "they were given up");
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return err_set(err, EPERM, "no_new_privs is not in force");
	return 0;
}

int caps_drop_all(struct err *err)
{
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_sys(err, errno, "cannot set no_new_privs");
	r = empty_bounding_set(err);
	if (r < 0)
		return r;
	r = lock_securebits(err);
	if (r < 0)
		return r;
	r = empty_sets(err);
	if (r < 0)
		return r;
	return check(err);
}
