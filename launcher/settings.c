/*
 * settings.c - reading settings files (see settings.h)
 *
 * A key is [APPID.]ACTION.WORD; WORD holds no dot, so it is read from behind.
 * What grants and is unknown is ignored and said, for a newer holdall may have
 * been meant.  What takes away and is unknown is an error: a ban that is not
 * understood must not be passed over.
 */
#include "launcher/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "launcher/host.h"
#include "launcher/quoted.h"
#include "manifests/header.h"
#include "runtime/fd.h"
#include "runtime/path.h"

void settings_free(struct settings *s)
{
	for (size_t i = 0; i < s->n_rules; i++)
		pattern_free(&s->rules[i].pattern);
	free(s->rules);
	strlist_free(&s->notes);
	*s = (struct settings){ 0 };
}

/* One line on its way into a rule. */
struct reading {
	const char *file;
	bool site;
	const char *id;
	struct settings *out;
	unsigned line;
	char *app, *action, *word, *value;	/* app: NULL for all */
};

static int fault(const struct reading *rd, struct err *err, const char *what)
{
	return err_set(err, EINVAL, "%s line %u: %s", rd->file, rd->line,
		       what);
}

static int add_rule(struct reading *rd, enum rule_action action,
		    struct pattern *pattern, struct err *err)
{
	struct settings *s = rd->out;
	struct rule *rules;

	if (s->n_rules == SETTINGS_RULES_MAX)
		return fault(rd, err, "too many rules");
	rules = reallocarray(s->rules, s->n_rules + 1, sizeof(*rules));
	if (!rules)
		return err_nomem(err);
	s->rules = rules;
	rules[s->n_rules++] = (struct rule){
		.action = action, .for_app = rd->app != NULL,
		.pattern = *pattern,
	};
	*pattern = PATTERN_INIT;
	return 0;
}

static int ignore(struct reading *rd, const struct err *why, struct err *err)
{
	char note[ERR_TEXT_MAX + 256];

	(void)snprintf(note, sizeof(note), "%s line %u is ignored: %s",
		       rd->file, rd->line, why->text);
	return strlist_add(&rd->out->notes, note) < 0 ? err_nomem(err) : 0;
}

static int read_grant(struct reading *rd, struct err *err)
{
	struct permission p = { 0 };
	CLEANUP_PATTERN struct pattern pattern = PATTERN_INIT;
	struct err why = { 0 };

	if (perm_make(rd->word, rd->value, &p, &why) < 0)
		return ignore(rd, &why, err);
	pattern = (struct pattern){ .word = p.word, .value = p.value };
	return add_rule(rd, RULE_GRANT, &pattern, err);
}

static int read_ban(struct reading *rd, enum rule_action action,
		    struct err *err)
{
	CLEANUP_PATTERN struct pattern pattern = PATTERN_INIT;
	int r = pattern_make(rd->word, rd->value, &pattern, err);

	if (r < 0) {
		err_hint(err, "a line that takes away must be understood; "
			 "correct it, or use the version of holdall that knows "
			 "it");
		return err_prefix(err, "%s line %u", rd->file, rd->line);
	}
	return add_rule(rd, action, &pattern, err);
}

/* Limits are checked for sense; nothing enforces them in this version. */
static int read_limit(struct reading *rd, struct err *err)
{
	struct header_limit limit = { 0 };
	int r = limit_parse(rd->word, rd->value, &limit, err);
	char note[256];

	if (r < 0)
		return err_prefix(err, "%s line %u", rd->file, rd->line);
	limit_free(&limit);
	(void)snprintf(note, sizeof(note), "%s line %u: limits have no effect "
		       "in this version", rd->file, rd->line);
	return strlist_add(&rd->out->notes, note) < 0 ? err_nomem(err) : 0;
}

static int read_unsigned(struct reading *rd, struct err *err)
{
	if (strcmp(rd->value, "allow") != 0 && strcmp(rd->value, "refuse") != 0)
		return fault(rd, err, "unsigned is allow or refuse");
	rd->out->refuse_unsigned = !strcmp(rd->value, "refuse");
	return 0;
}

static int read_rule(struct reading *rd, struct err *err)
{
	if (!strcmp(rd->action, "grant"))
		return read_grant(rd, err);
	if (!strcmp(rd->action, "deny"))
		return read_ban(rd, RULE_DENY, err);
	if (!strcmp(rd->action, "limit"))
		return read_limit(rd, err);
	if (strcmp(rd->action, "forbid") != 0)
		return fault(rd, err, "unknown key; keys are grant.WORD, "
			     "deny.WORD, forbid.WORD, limit.WORD, each with or "
			     "without an app id and a dot in front, and "
			     "unsigned");
	if (!rd->site)
		return fault(rd, err, "forbid is for the site's settings; "
			     "write deny");
	return read_ban(rd, RULE_FORBID, err);
}

/* Cuts `key` into APPID, ACTION and WORD, in place. */
static int split_key(struct reading *rd, char *key, struct err *err)
{
	char *dot = strrchr(key, '.');

	if (!dot)
		return fault(rd, err, "unknown key; write for example "
			     "grant.network=host");
	*dot = '\0';
	rd->word = dot + 1;
	dot = strrchr(key, '.');
	rd->action = dot ? dot + 1 : key;
	rd->app = dot ? key : NULL;
	if (dot)
		*dot = '\0';
	if (rd->app && !text_is_app_id(rd->app))
		return fault(rd, err, "what stands before the action is no app "
			     "id");
	return 0;
}

static int read_line(struct reading *rd, const struct text_line *line,
		     struct err *err)
{
	CLEANUP_FREE char *key = strndup(line->key, line->key_len);
	CLEANUP_FREE char *value = NULL;
	int r;

	rd->line = line->number;
	if (!key)
		return err_nomem(err);
	if (text_unescape(line->value, line->value_len, &value) < 0)
		return fault(rd, err, "bad value; a space is written %20 and a "
			     "per cent sign %25");
	rd->value = value;
	if (!strcmp(key, "unsigned"))
		return read_unsigned(rd, err);
	r = split_key(rd, key, err);
	if (r < 0)
		return r;
	/* Of another app: not ours to judge. */
	if (rd->app && strcmp(rd->app, rd->id) != 0)
		return 0;
	return read_rule(rd, err);
}

int settings_parse(const char *text, size_t len, const char *file, bool site,
		   const char *id, struct settings *ret, struct err *err)
{
	CLEANUP_SETTINGS struct settings s = { 0 };
	struct reading rd = { .file = file, .site = site, .id = id,
			      .out = &s };
	struct text_lines it = TEXT_LINES(text, len, false);
	struct text_line line;
	int r;

	while ((r = text_next_line(&it, &line, err)) > 0) {
		r = read_line(&rd, &line, err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return err_prefix(err, "%s", file);
	*ret = s;
	s = (struct settings){ 0 };
	return 0;
}

/* Only a file that is certainly not there has no rules: one that cannot be read
 * might forbid. */
static int read_file(const char *path, bool site, const char *id,
		     struct settings *ret, struct err *err)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	CLEANUP_FREE char *text = NULL;
	struct quoted q;
	struct stat st;
	size_t len;
	int r;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		*ret = (struct settings){ 0 };
		return 0;
	}
	if (fd < 0)
		return err_sys(err, errno, "cannot open the settings %s",
			       quote(&q, path));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "the settings %s are not a regular "
			       "file", quote(&q, path));
	r = fd_slurp(fd, SETTINGS_MAX, &text, &len);
	if (r < 0)
		return err_sys(err, -r, "cannot read the settings %s",
			       quote(&q, path));
	return settings_parse(text, len, quote(&q, path), site, id, ret, err);
}

int settings_read_site(const char *id, struct settings *ret, struct err *err)
{
	return read_file(SETTINGS_SITE, true, id, ret, err);
}

int settings_read_user(const char *id, struct settings *ret, struct err *err)
{
	CLEANUP_FREE char *config = NULL;
	CLEANUP_FREE char *path = NULL;
	int r = host_config_home(&config, err);

	if (r < 0)
		return r;
	path = path_join(config, "holdall/settings");
	return path ? read_file(path, false, id, ret, err) : err_nomem(err);
}
