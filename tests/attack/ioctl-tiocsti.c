/* ioctl-tiocsti.c - types a character into the terminal it runs on, as if the
 * person had: the shell outside would execute it.  Tried on a terminal of its
 * own, so that nothing happens to the real one. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "attack.h"

/* In a child, which leads no group and so can make a session. */
static int attack(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	int slave;

	if (setsid() < 0 || master < 0 || grantpt(master) || unlockpt(master))
		return ENOTTY;
	slave = open(ptsname(master), O_RDWR);
	if (slave < 0)
		return ENOTTY;
	return syscall(SYS_ioctl, slave, TIOCSTI, "x") ? errno : 0;
}

int main(void)
{
	return attack_in_child(attack);
}
