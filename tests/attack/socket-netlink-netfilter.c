/* socket-netlink-netfilter.c - the firewall's interface: attack surface */
#include <sys/socket.h>

#include "attack.h"

int main(void)
{
	return attack_result(syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 12));
}
