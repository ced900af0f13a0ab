/* abstract-socket.c - connects to a server of the host that listens on an
 * abstract unix socket.  Usage: abstract-socket NAME (without the @) */
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "attack.h"

int main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t n;

	if (argc != 2 || s < 0)
		return attack_not_tried("no name given, or no socket");
	n = strlen(argv[1]);
	if (n >= sizeof(a.sun_path))
		return attack_not_tried("name too long");
	memcpy(a.sun_path + 1, argv[1], n);
	return attack_result(connect(s, (struct sockaddr *)&a, (socklen_t)
				     (offsetof(struct sockaddr_un, sun_path) +
				      1 + n)));
}
