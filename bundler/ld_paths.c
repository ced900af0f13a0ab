/*
 * ld_paths.c - see ld_paths.h
 */
#include "bundler/ld_paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bundler/elf_file.h"
#include "bundler/host.h"

#define CONF_MAX (1u << 20)
#define CONF_FILES_MAX 256u
#define CONF_FOLDERS_MAX 1024u

#if defined(__x86_64__)
#define MULTIARCH "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#elif defined(__riscv)
#define MULTIARCH "riscv64-linux-gnu"
#else
#define MULTIARCH "i386-linux-gnu"
#endif

void ld_paths_free(struct ld_paths *p)
{
	strlist_free(&p->conf);
	strlist_free(&p->defaults);
	ld_cache_free(&p->cache);
}

/* ---- ld.so.conf ---- */

struct conf_reader {
	int root_fd;
	struct strlist files;		/* still to be read: a queue */
	size_t done;
	struct strlist *folders;
};

static char *word_copy(const char *line, size_t len)
{
	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len && strchr(" \t\r/", line[len - 1]) && len > 1)
		len--;
	return strndup(line, len);
}

static int conf_line(struct conf_reader *c, const char *line, size_t len)
{
	const char *hash = memchr(line, '#', len);
	CLEANUP_FREE char *word = NULL;

	word = word_copy(line, hash ? (size_t)(hash - line) : len);
	if (!word)
		return -ENOMEM;
	if (!strncmp(word, "include", 7) && strchr(" \t", word[7])) {
		const char *p = word + 7 + strspn(word + 7, " \t");
		CLEANUP_FREE char *path = NULL;
		int r;

		/* Relative to /etc, where the first file lies. */
		path = *p == '/' ? strdup(p) : NULL;
		if (!path && asprintf(&path, "/etc/%s", p) < 0)
			return -ENOMEM;
		r = host_glob(c->root_fd, path, &c->files);
		return r == -ENOMEM ? r : 0;
	}
	if (word[0] != '/' || strlist_has(c->folders, word) ||
	    c->folders->n >= CONF_FOLDERS_MAX)
		return 0;
	return strlist_add(c->folders, word);
}

static int conf_file(struct conf_reader *c, const char *path)
{
	CLEANUP_FREE char *text = NULL;
	size_t len, at = 0;
	int r = host_slurp(c->root_fd, path, CONF_MAX, &text, &len);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	while (at < len) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;

		r = conf_line(c, text + at, n);
		if (r < 0)
			return r;
		at += n + 1;
	}
	return 0;
}

static int read_conf(int root_fd, struct strlist *folders)
{
	struct conf_reader c = { .root_fd = root_fd, .folders = folders };
	int r = strlist_add(&c.files, "/etc/ld.so.conf");

	/* A file that includes itself ends at the limit. */
	while (r == 0 && c.done < c.files.n && c.done < CONF_FILES_MAX)
		r = conf_file(&c, c.files.v[c.done++]);
	strlist_free(&c.files);
	return r;
}

/* ---- cache and defaults ---- */

static int read_cache(int root_fd, struct ld_paths *p, struct err *err)
{
	CLEANUP_FREE char *data = NULL;
	size_t len;
	int r = host_slurp(root_fd, "/etc/ld.so.cache", LD_CACHE_MAX, &data,
			   &len);

	if (r < 0)
		return 0;
	r = ld_cache_read(data, len, &p->cache, err);
	if (r < 0)
		return r;
	p->has_cache = true;
	return 0;
}

static bool has_folder(int root_fd, const char *path)
{
	char place[WALK_PATH_MAX];
	struct stat st;

	return host_resolve(root_fd, path, place, &st, NULL) == 0 &&
	       S_ISDIR(st.st_mode);
}

static int set_defaults(int root_fd, struct ld_paths *p)
{
	static const char *const folders[] = {
		"/lib/" MULTIARCH, "/usr/lib/" MULTIARCH,
		"/lib64", "/usr/lib64", "/lib", "/usr/lib",
	};

	if (has_folder(root_fd, "/usr/lib/" MULTIARCH))
		p->lib = "lib/" MULTIARCH;
	else
		p->lib = has_folder(root_fd, "/usr/lib64") ? "lib64" : "lib";
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (has_folder(root_fd, folders[i]) &&
		    strlist_add(&p->defaults, folders[i]) < 0)
			return -ENOMEM;
	return 0;
}

int ld_paths_load(int root_fd, struct ld_paths *ret, struct err *err)
{
	CLEANUP_LD_PATHS struct ld_paths p = { 0 };
	int r;

	if (read_conf(root_fd, &p.conf) < 0 || set_defaults(root_fd, &p) < 0)
		return err_nomem(err);
	r = read_cache(root_fd, &p, err);
	if (r < 0)
		return r;
	*ret = p;
	p = (struct ld_paths){ 0 };
	return 0;
}

/* ---- tokens ---- */

/* The token at p, with or without braces; its length, or 0. */
static size_t token_length(const char *p, size_t left, const char *name)
{
	size_t len = strlen(name);
	bool brace = left > 1 && p[1] == '{';
	size_t all = 1 + len + (brace ? 2 : 0);

	if (left < all || memcmp(p + 1 + brace, name, len))
		return 0;
	if (brace)
		return p[2 + len] == '}' ? all : 0;
	/* $LIBRARY is not $LIB. */
	if (left > all && (p[all] == '_' || (p[all] >= 'A' && p[all] <= 'Z')))
		return 0;
	return all;
}

char *ld_paths_expand(const struct ld_paths *p, const char *text, size_t len,
		      const char *origin)
{
	const struct { const char *name, *value; } tokens[] = {
		{ "ORIGIN", origin }, { "LIB", p->lib },
		{ "PLATFORM", elf_machine_name(elf_machine_here(),
					       elf_class_here()) },
	};
	CLEANUP_BUF struct buf out = BUF_INIT;
	size_t i = 0;

	while (i < len) {
		size_t n = 0;

		for (size_t k = 0; text[i] == '$' && !n &&
		     k < ARRAY_SIZE(tokens); k++) {
			n = token_length(text + i, len - i, tokens[k].name);
			if (n)
				buf_adds(&out, tokens[k].value);
		}
		if (!n)
			buf_addc(&out, text[i]);
		i += n ? n : 1;
	}
	return buf_text(&out)[0] == '/' ? buf_steal(&out) : NULL;
}
