/* socket-vsock.c - a socket to the hypervisor, past every namespace */
#include <sys/socket.h>

#include "attack.h"

int main(void)
{
	return attack_result(syscall(SYS_socket, AF_VSOCK, SOCK_STREAM, 0));
}
