/*
 * full_root.c - see full_root.h
 */
#include "bundler/full_root.h"

#include <string.h>

static const struct { const char *path, *target; } links[] = {
	{ "bin", "usr/bin" }, { "sbin", "usr/sbin" }, { "lib", "usr/lib" },
	{ "lib64", "usr/lib64" },
};

static const char *const folders[] = {
	"proc", "dev", "sys", "tmp", "run", "home", "mnt", "media", "srv",
	"etc", "var", "usr",
};

/* Nothing that asks a daemon of the host; passwd and group are the launcher's
 * to make at each start. */
static const char nsswitch[] =
	"passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"
	"networks: files\nprotocols: files\nservices: files\n";

static const char ld_so_conf[] = "include /etc/ld.so.conf.d/*.conf\n";

int full_root_start(struct tree *t, struct err *err)
{
	const struct origin *o = tree_origin(t, ORIGIN_HOLDALL, 0, "holdall",
					     HOLDALL_VERSION);
	int r = o ? tree_add_dir(t, "usr", o, err) : err_nomem(err);

	for (size_t i = 0; i < ARRAY_SIZE(links) && r == 0; i++)
		r = tree_add_link(t, links[i].path, links[i].target, o, err);
	return r;
}

/* A link of ours whose folder no source brought gets it. */
static int add_targets(struct tree *t, const struct origin *o,
		       struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		const struct entry *e = tree_find(t, links[i].path);
		int r = 0;

		if (e && e->type == ENTRY_LINK &&
		    !strcmp(e->target, links[i].target) &&
		    !tree_find(t, links[i].target))
			r = tree_add_dir(t, links[i].target, o, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_text(struct tree *t, const char *path, const char *text,
		    const struct origin *o, struct err *err)
{
	if (tree_find(t, path))
		return 0;
	return tree_add_text(t, path, text, strlen(text), o, err);
}

int full_root_finish(struct tree *t, struct err *err)
{
	const struct origin *o = tree_origin(t, ORIGIN_HOLDALL, 0, "holdall",
					     HOLDALL_VERSION);
	int r = o ? add_targets(t, o, err) : err_nomem(err);

	for (size_t i = 0; i < ARRAY_SIZE(folders) && r == 0; i++)
		if (!tree_find(t, folders[i]))
			r = tree_add_dir(t, folders[i], o, err);
	if (r == 0)
		r = add_text(t, "etc/nsswitch.conf", nsswitch, o, err);
	if (r == 0)
		r = add_text(t, "etc/ld.so.conf", ld_so_conf, o, err);
	return r < 0 ? r : image_ld_cache(t, o, err);
}
