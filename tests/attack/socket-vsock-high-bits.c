/* socket-vsock-high-bits.c - as socket-vsock; the kernel ignores the upper half */
#include <sys/socket.h>

#include "attack.h"

int main(void)
{
	return attack_result(syscall(SYS_socket, 1UL << 32 | AF_VSOCK, SOCK_STREAM, 0));
}
