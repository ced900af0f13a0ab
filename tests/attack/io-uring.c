/* io-uring.c - a queue through which calls pass no filter */
#include <linux/io_uring.h>

#include "attack.h"

int main(void)
{
	struct io_uring_params params = { 0 };

	return attack_result(syscall(SYS_io_uring_setup, 1, &params));
}
