/*
 * gpu.c - device nodes and what Mesa reads about them (see gpu.h)
 *
 * /dev/dri holds the cards (cardN, for modes: only the one that owns the screen may
 * set them) and the render nodes.  NVIDIA's driver has nodes of its own, and AMD's
 * computing one.  To learn which driver belongs to a node, libdrm follows
 * /sys/dev/char/MAJOR:MINOR to the device below /sys/devices and reads there; only
 * the folders of those devices are shown.
 *
 * Names are taken from a directory listing and kept to a fixed alphabet; at most 64.
 */
#include "launcher/gpu.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "launcher/plan.h"
#include "runtime/path.h"

#define NODES_MAX 64

/* Behind the prefix stand digits only, or nothing. */
static bool is_node(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);

	return !strncmp(name, prefix, n) &&
	       !name[n + strspn(name + n, "0123456789")];
}

static bool in_dri(const char *name)
{
	return is_node(name, "card") || is_node(name, "renderD");
}

static bool in_dev(const char *name)
{
	static const char *const prefixes[] = {
		"nvidia", "nvidiactl", "nvidia-modeset", "nvidia-uvm",
		"nvidia-uvm-tools", "kfd", "mali", "udmabuf", "dxg",
	};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (is_node(name, prefixes[i]))
			return true;
	return false;
}

static bool has_row(const struct plan *p, const char *target)
{
	for (size_t i = 0; i < p->n_rows; i++)
		if (!strcmp(p->rows[i].target, target))
			return true;
	return false;
}

/* The link in /sys/dev/char, as it is on the host, and the device's folder, which is
 * two above the one that the link leads to (.../0000:00:02.0/drm/card0). */
static int device_rows(struct plan *p, const char *node, const char *sys)
{
	CLEANUP_FREE char *link = NULL;
	CLEANUP_FREE char *real = NULL;
	CLEANUP_FREE char *inside = NULL;
	CLEANUP_FREE char *folder = NULL;
	CLEANUP_FREE char *devices = path_join(sys, "devices");
	char target[64];
	const char *rel;
	struct stat st;
	char *end;
	int failed;

	if (stat(node, &st) < 0 || !S_ISCHR(st.st_mode))
		return 0;
	(void)snprintf(target, sizeof(target), "/sys/dev/char/%u:%u",
		       major(st.st_rdev), minor(st.st_rdev));
	link = path_join(sys, target + strlen("/sys/"));
	if (!link || !devices)
		return -ENOMEM;
	real = realpath(link, NULL);
	rel = real ? path_below(real, devices) : NULL;
	if (!rel || !*rel)
		return 0;
	if (asprintf(&inside, "../../devices/%s", rel) < 0) {
		inside = NULL;
		return -ENOMEM;
	}
	failed = plan_link(p, target, inside);
	/* Cut behind the device itself, so that its other nodes are shown too. */
	end = strstr(real, "/drm/");
	if (end)
		*end = '\0';
	folder = path_join("/sys/devices", rel);
	if (!folder)
		return -ENOMEM;
	if (has_row(p, folder))
		return failed;
	return failed | plan_bind(p, folder, BASE_HOST, devices, rel,
				  ROW_RO | ROW_NOEXEC | ROW_MAKE_DIR | ROW_SKIP,
				  "about the graphics card");
}

static int node_rows(struct plan *p, const char *folder, const char *inside,
		     bool (*wanted)(const char *), const char *sys)
{
	CLEANUP_DIR DIR *dir = opendir(folder);
	const unsigned guard = p->uid == 0 ? ROW_RO : 0;
	struct dirent *de;
	int failed = 0, n = 0;

	while (dir && n < NODES_MAX && (de = readdir(dir))) {
		CLEANUP_FREE char *node = NULL;
		CLEANUP_FREE char *target = NULL;

		if (!wanted(de->d_name))
			continue;
		n++;
		node = path_join(folder, de->d_name);
		target = path_join(inside, de->d_name);
		if (!node || !target)
			return -ENOMEM;
		failed |= plan_bind(p, target, BASE_HOST, folder, de->d_name,
				    ROW_DEV | ROW_MAKE_FILE | ROW_SKIP | guard,
				    "the graphics card");
		failed |= device_rows(p, node, sys);
	}
	return failed;
}

int gpu_rows(struct plan *p, const char *dev, const char *sys)
{
	CLEANUP_FREE char *dri = path_join(dev, "dri");

	if (!p->gpu)
		return 0;
	if (!dri)
		return -ENOMEM;
	return node_rows(p, dri, "/dev/dri", in_dri, sys) |
	       node_rows(p, dev, "/dev", in_dev, sys);
}
