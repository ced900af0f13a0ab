/* keyctl.c - reads the session keyring, which no namespace separates */
#include "attack.h"

#define KEYCTL_GET_KEYRING_ID 0
#define KEY_SPEC_USER_KEYRING (-4)

int main(void)
{
	return attack_result(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID,
				     KEY_SPEC_USER_KEYRING, 1));
}
