/* socket-packet.c - raw packets of the interfaces */
#include <sys/socket.h>

#include "attack.h"

int main(void)
{
	return attack_result(syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0));
}
