/* seccomp-status.c - no attack: prints what the kernel says confines this
 * process, for the harness to compare */
#include "attack.h"

int main(void)
{
	static const char *const wanted[] = { "Cap", "NoNewPrivs", "Seccomp" };
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];

	if (!f)
		return attack_not_tried("no /proc");
	while (fgets(line, sizeof(line), f))
		for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
			if (!strncmp(line, wanted[i], strlen(wanted[i])))
				fputs(line, stdout);
	fclose(f);
	return 0;
}
