/*
 * debian_root.c - the files of apt's private root (see debian_apt.h)
 *
 * The configuration is read after the host's own: it redirects every place that
 * apt writes to, clears all hooks, and refuses any index that no key verifies.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "bundler/debian_root.h"
#include "runtime/fd.h"
#include "runtime/path.h"

const char *const debian_base[] = {
	"base-files", "base-passwd", "ca-certificates", "coreutils", "dash",
	"debianutils", "findutils", "grep", "gzip", "hostname", "libc-bin",
	"mawk", "media-types", "ncurses-base", "netbase", "sed", "tzdata",
	NULL,
};

/* What the sandbox supplies, or what has no meaning in it. */
static const struct { const char *name, *provides; } supplied[] = {
	{ "adduser", NULL },
	{ "dbus-user-session", "default-dbus-session-bus, "
	  "dbus-session-bus" },
	{ "debconf", "debconf-2.0" },
	{ "dictionaries-common", NULL },
	{ "dmsetup", NULL },
	{ "dpkg", NULL },
	{ "emacsen-common", NULL },
	{ "init-system-helpers", NULL },
	{ "libpam-modules", NULL },
	{ "libpam-modules-bin", NULL },
	{ "libpam-runtime", NULL },
	{ "libpam-systemd", "default-logind, logind" },
	{ "mount", NULL },
	{ "passwd", NULL },
	{ "procps", NULL },
	{ "systemd", "systemd-sysusers, systemd-tmpfiles, "
	  "default-systemd-sysusers, default-systemd-tmpfiles" },
	{ "systemd-sysv", NULL },
	{ "systemd-timesyncd", "time-daemon" },
	{ "ucf", NULL },
	{ "udev", NULL },
	{ "usr-is-merged", NULL },
	{ "usrmerge", NULL },
};

static const char config[] =
	"#clear APT::Update::Pre-Invoke;\n"
	"#clear APT::Update::Post-Invoke;\n"
	"#clear APT::Update::Post-Invoke-Success;\n"
	"#clear DPkg::Pre-Invoke;\n"
	"#clear DPkg::Post-Invoke;\n"
	"#clear DPkg::Pre-Install-Pkgs;\n"
	"#clear Acquire::IndexTargets::deb;\n"
	"Acquire::IndexTargets::deb::Packages {\n"
	" MetaKey \"$(COMPONENT)/binary-$(ARCHITECTURE)/Packages\";\n"
	" flatMetaKey \"Packages\"; ShortDescription \"Packages\";\n"
	" Description \"$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Packages\";\n"
	" flatDescription \"$(RELEASE) Packages\"; Optional \"0\"; };\n"
	"Acquire::Languages \"none\";\n"
	"Acquire::ForceHash \"SHA256\";\n"
	"Acquire::AllowInsecureRepositories \"0\";\n"
	"Acquire::AllowWeakRepositories \"0\";\n"
	"Acquire::AllowDowngradeToInsecureRepositories \"0\";\n"
	"Acquire::Retries \"2\";\n"
	/* With it, apt 2.6 waits without end when its disk is full. */
	"Acquire::Retries::Delay \"0\";\n"
	"APT::Get::AllowUnauthenticated \"0\";\n"
	"APT::Get::Assume-Yes \"1\";\n"
	"APT::Install-Recommends \"0\";\n"
	"APT::Install-Suggests \"0\";\n"
	"APT::Update::Error-Mode \"any\";\n"
	/* Without another user to change to, apt stays who we are. */
	"APT::Sandbox::User \"root\";\n"
	"Dir::Cache::pkgcache \"\";\n"
	"Dir::State::extended_states \"extended_states\";\n";

int root_write(const struct debian_apt *a, const char *name, const void *data,
	       size_t len, struct err *err)
{
	CLEANUP_FD int fd = openat(a->dir_fd, name, O_WRONLY | O_CREAT |
				   O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, data, len);

	return r < 0 ? err_sys(err, -r, "cannot write %s/%s", a->dir, name) :
		       0;
}

static int write_buf(const struct debian_apt *a, const char *name,
		     const struct buf *b, struct err *err)
{
	int r = buf_check(b, err);

	return r < 0 ? r : root_write(a, name, buf_text(b), b->len, err);
}

/* ---- configuration ---- */

static int write_config(const struct debian_apt *a, bool own_sources,
			bool own_keys, struct err *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_adds(&b, config);
	buf_addf(&b, "Dir::State \"%s/\";\nDir::State::lists \"lists/\";\n"
		 "Dir::State::status \"%s/status\";\nDir::Cache \"%s/\";\n"
		 "Dir::Cache::archives \"archives/\";\nDir::Log \"%s/\";\n",
		 a->dir, a->dir, a->dir, a->dir);
	buf_addf(&b, "Dir::Etc::preferences \"%s/preferences\";\n", a->dir);
	if (own_sources)
		buf_addf(&b, "Dir::Etc::sourcelist \"%s/sources.sources\";\n"
			 "Dir::Etc::sourceparts \"/dev/null\";\n", a->dir);
	if (own_keys)
		buf_addf(&b, "Dir::Etc::trusted \"/dev/null\";\n"
			 "Dir::Etc::trustedparts \"%s/keys/\";\n", a->dir);
	if (a->suite)
		buf_addf(&b, "APT::Default-Release \"%s\";\n", a->suite);
	return write_buf(a, "apt.conf", &b, err);
}

static int write_sources(const struct debian_apt *a,
			 const struct lock_source *s, struct err *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	size_t len = s->suite ? strlen(s->suite) : 0;

	buf_adds(&b, "Types: deb\nURIs:");
	for (size_t i = 0; i < s->uris.n; i++)
		buf_addf(&b, " %s", s->uris.v[i]);
	buf_addf(&b, "\nSuites: %s\n", s->suite);
	/* A suite that ends in a slash is a flat archive. */
	if (s->suite[len - 1] != '/')
		buf_adds(&b, "Components: main\n");
	return write_buf(a, "sources.sources", &b, err);
}

static int write_key(const struct debian_apt *a, const char *key, size_t len,
		     struct err *err)
{
	static const char armour[] = "-----BEGIN";
	bool text = len > sizeof(armour) &&
		    !memcmp(key, armour, sizeof(armour) - 1);

	return root_write(a, text ? "keys/key.asc" : "keys/key.gpg", key, len,
			  err);
}

static bool asked_for(const struct strlist *request, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < request->n; i++)
		if (!strncmp(request->v[i], name, len) &&
		    strchr(":=/", request->v[i][len]))
			return true;
	return false;
}

static int write_status(const struct debian_apt *a,
			const struct strlist *request, struct err *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(supplied); i++) {
		if (asked_for(request, supplied[i].name))
			continue;
		buf_addf(&b, "Package: %s\nStatus: install ok installed\n"
			 "Priority: optional\nSection: misc\n"
			 "Installed-Size: 0\nMaintainer: holdall\n"
			 "Architecture: %s\nMulti-Arch: foreign\n"
			 "Version: 9999\n", supplied[i].name,
			 lock_architecture());
		if (supplied[i].provides)
			buf_addf(&b, "Provides: %s\n", supplied[i].provides);
		buf_adds(&b, "Description: supplied by the sandbox\n\n");
	}
	return write_buf(a, "status", &b, err);
}

int root_write_pins(const struct debian_apt *a, const struct debian_list *pins,
		    struct err *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; pins && i < pins->n; i++)
		buf_addf(&b, "Package: %s\nPin: version %s\n"
			 "Pin-Priority: 1001\n\n", pins->v[i].name,
			 pins->v[i].version);
	return write_buf(a, "preferences", &b, err);
}

/* ---- the folder ---- */

/* One root per set of sources. */
static int set_key(const struct lock_source *s, char ret[SHA256_TEXT + 1],
		   struct err *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	int r;

	buf_addf(&b, "%s\n", s->keyring ? s->keyring : "");
	buf_addf(&b, "%s\n", s->uris.n && s->suite ? s->suite : "");
	text_write_list(&b, &s->uris);
	r = buf_check(&b, err);
	if (r < 0)
		return r;
	sha256_text(b.data, b.len, ret);
	ret[16] = '\0';
	return 0;
}

static int lock_root(struct debian_apt *a, struct err *err)
{
	static const struct timespec tick = { .tv_nsec = 100000000 };
	bool said = false;

	a->lock_fd = openat(a->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC |
			    O_NOFOLLOW, 0600);
	if (a->lock_fd < 0)
		return err_sys(err, errno, "cannot open %s/lock", a->dir);
	while (flock(a->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, errno, "cannot lock %s", a->dir);
		if (!said)
			notes_step(a->notes, "waiting for another run that "
				   "uses the same package index");
		said = true;
		if (notes_check(a->notes, err) < 0)
			return -err->num;
		(void)nanosleep(&tick, NULL);
	}
	return 0;
}

static int make_folders(struct debian_apt *a, struct err *err)
{
	static const char *const folders[] = {
		"lists/partial", "archives/partial", "keys", "fetch",
	};
	int r = 0;

	/* What a killed run was fetching, and an earlier key. */
	debian_cache_remove(a->dir_fd, "fetch");
	debian_cache_remove(a->dir_fd, "keys");
	for (size_t i = 0; i < ARRAY_SIZE(folders) && r == 0; i++)
		r = path_mkdir_beneath(a->dir_fd, folders[i], 0700, NULL, err);
	return r;
}

static int write_all(struct debian_apt *a, const struct lock_source *s,
		     const char *key, size_t key_len, struct err *err)
{
	int r = write_config(a, s->uris.n > 0, key != NULL, err);

	if (r == 0 && s->uris.n)
		r = write_sources(a, s, err);
	if (r == 0 && key)
		r = write_key(a, key, key_len, err);
	if (r == 0)
		r = write_status(a, &s->request, err);
	return r < 0 ? r : root_write_pins(a, NULL, err);
}

static int check_source(const struct lock_source *s, const char *key,
			struct err *err)
{
	if (s->uris.n && !s->suite)
		return err_set(err, EINVAL, "uris: without `suite` it is not "
			       "known which release is meant; add `suite: "
			       "NAME`");
	if (key && !s->uris.n)
		return err_set(err, EINVAL, "keyring: this computer's archives "
			       "name their own keys; add `uris` and `suite`");
	return 0;
}

int debian_apt_open(const struct debian_cache *cache,
		    const struct lock_source *s, const char *key,
		    size_t key_len, const struct notes *notes,
		    struct debian_apt *ret, struct err *err)
{
	CLEANUP_DEBIAN_APT struct debian_apt a = DEBIAN_APT_INIT;
	char id[SHA256_TEXT + 1], rel[SHA256_TEXT + 8];
	int r = check_source(s, key, err);

	if (r == 0)
		r = set_key(s, id, err);
	if (r < 0)
		return r;
	(void)snprintf(rel, sizeof(rel), "apt/%s", id);
	a.cache = cache;
	a.notes = notes;
	a.suite = s->uris.n ? NULL : s->suite;
	r = path_mkdir_beneath(cache->fd, rel, 0700, &a.dir_fd, err);
	if (r < 0)
		return r;
	a.dir = path_join(cache->path, rel);
	a.config = a.dir ? path_join(a.dir, "apt.conf") : NULL;
	if (!a.config)
		return err_nomem(err);
	r = lock_root(&a, err);
	if (r == 0)
		r = make_folders(&a, err);
	if (r == 0)
		r = write_all(&a, s, key, key_len, err);
	if (r < 0)
		return r;
	*ret = a;
	a = DEBIAN_APT_INIT;
	return 0;
}

void debian_apt_free(struct debian_apt *a)
{
	if (a->lock_fd >= 0)
		debian_cache_remove(a->dir_fd, "fetch");
	free(a->dir);
	free(a->config);
	cleanup_fd_(&a->dir_fd);
	cleanup_fd_(&a->lock_fd);
	*a = DEBIAN_APT_INIT;
}
