/* bpf.c - loads something into the kernel's virtual machine */
#include <linux/bpf.h>

#include "attack.h"

int main(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
				.value_size = 4, .max_entries = 1 };

	return attack_result(syscall(SYS_bpf, BPF_MAP_CREATE, &attr,
				     sizeof(attr)));
}
