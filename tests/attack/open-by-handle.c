/* open-by-handle.c - names a file by number, around the mount table.  Getting the
 * handle is the half that an ordinary user can do; with capabilities the other
 * half follows. */
#include <fcntl.h>

#include "attack.h"

int main(void)
{
	union {
		struct file_handle h;
		char space[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} handle = { .h.handle_bytes = MAX_HANDLE_SZ };
	int mount_id;

	return attack_result(name_to_handle_at(AT_FDCWD, ".", &handle.h,
					       &mount_id, 0));
}
