/*
 * walk.c - see walk.h
 */
#include "bundler/walk.h"

#include <stddef.h>
#include <string.h>

bool walk_start(struct walk *w, const char *path)
{
	size_t len = strlen(path);

	if (len >= sizeof(w->rest))
		return false;
	w->at[0] = '\0';
	w->links = 0;
	memcpy(w->rest, path, len + 1);
	return true;
}

static void go_up(struct walk *w)
{
	char *slash = strrchr(w->at, '/');

	w->at[slash ? slash - w->at : 0] = '\0';
}

static bool go_down(struct walk *w, const char *name, size_t len)
{
	size_t at = strlen(w->at);

	if (len > WALK_NAME_MAX || at + 1 + len >= sizeof(w->at))
		return false;
	if (at)
		w->at[at++] = '/';
	memcpy(w->at + at, name, len);
	w->at[at + len] = '\0';
	return true;
}

int walk_step(struct walk *w)
{
	for (;;) {
		char *p = w->rest + strspn(w->rest, "/");
		size_t len = strcspn(p, "/");
		int r = 0;

		if (!len)
			return 0;
		if (len == 2 && p[0] == '.' && p[1] == '.')
			go_up(w);
		else if (len != 1 || p[0] != '.')
			r = go_down(w, p, len) ? 1 : -1;
		memmove(w->rest, p + len, strlen(p + len) + 1);
		if (r)
			return r;
	}
}

bool walk_link(struct walk *w, const char *target)
{
	size_t rest = strlen(w->rest), len = strlen(target);

	if (++w->links > WALK_LINKS_MAX || len + 1 + rest >= sizeof(w->rest))
		return false;
	memmove(w->rest + len + 1, w->rest, rest + 1);
	memcpy(w->rest, target, len);
	w->rest[len] = '/';
	if (target[0] == '/')
		w->at[0] = '\0';
	else
		go_up(w);
	return true;
}

bool walk_is_last(const struct walk *w)
{
	return !w->rest[strspn(w->rest, "/")];
}
