/* socket-alg.c - the kernel's crypto interface: attack surface */
#include <sys/socket.h>

#include "attack.h"

int main(void)
{
	return attack_result(syscall(SYS_socket, AF_ALG, SOCK_SEQPACKET, 0));
}
