/*
 * table.h - the rows of the one table (words.c)
 *
 * Two parts.  Manifest keys: a row says in which map a key stands, which shapes
 * it takes, what its texts must be, default and help.  Permission words: what
 * their values are, risk class and sentence.  Readers walk the rows; nothing
 * else in the tree lists keys or words.
 */
#ifndef HOLDALL_TABLE_H
#define HOLDALL_TABLE_H

#include "manifests/values.h"
#include "manifests/words.h"

/* The maps of a manifest. */
enum key_map {
	MAP_TOP,
	MAP_SERVICE,
	MAP_SOURCE,
	MAP_DEBIAN,
	MAP_DIR,
	MAP_PERMISSIONS,
	MAP_FILE,
	MAP_BUS,
	MAP_SESSION,
	MAP_SYSTEM,
	MAP_LIMITS,
	MAPS,
};

enum key {
	KEY_SCHEMA, KEY_ID, KEY_VERSION, KEY_NAME, KEY_COMMAND, KEY_COMMANDS,
	KEY_KIND, KEY_SANDBOX, KEY_BASE, KEY_SOURCES, KEY_EXCLUDE, KEY_KEEP,
	KEY_LOCALES, KEY_ENVIRONMENT, KEY_WORKDIR, KEY_HOME_SKELETON,
	KEY_DESKTOP, KEY_ICON, KEY_PERMISSIONS, KEY_LIMITS, KEY_SERVICES,
	KEY_SERVICE_COMMAND, KEY_SERVICE_RESTART,
	KEY_SOURCE_DEBIAN, KEY_SOURCE_DIR, KEY_SOURCE_FILES,
	KEY_DEBIAN_PACKAGES, KEY_DEBIAN_SUITE, KEY_DEBIAN_URIS,
	KEY_DEBIAN_KEYRING,
	KEY_DIR_PATH, KEY_DIR_TO,
	KEY_PERM,			/* its values are permissions */
	KEY_FILES, KEY_FILE_PATH, KEY_FILE_ACCESS,
	KEY_BUS, KEY_BUS_SESSION, KEY_BUS_SYSTEM,
	KEY_LIMIT,			/* a limit: [require] value */
	KEYS,
};

/* Shapes of a key's value; several may be allowed. */
enum key_shape {
	TAKES_TEXT = 1,			/* key: text */
	TAKES_TEXTS = 2,		/* key: [text, text] */
	TAKES_MAP = 4,			/* key: {rows of `map`} */
	TAKES_MAPS = 8,			/* key: [{rows of `map`}, ...] */
	TAKES_NAMES = 16,		/* key: {NAME: value}, the value being one
					 * of the three above */
};

struct key_row {
	enum key_map in;
	const char *name;
	enum key key;
	unsigned takes;
	enum value_kind value;
	const struct choice *choices;
	enum key_map map;
	enum value_kind names;		/* with TAKES_NAMES */
	enum perm_word perm;		/* with KEY_PERM, KEY_FILES */
	bool required;
	const char *fallback;		/* the default, in words; NULL: none */
	const char *help;
	const char *example;		/* a line; for required keys */
};

struct perm_row {
	const char *name;
	enum value_kind value;
	const struct choice *choices;
	bool many;			/* may hold several values */
	const char *sentence;		/* without choices: one %s, the value */
	const char *help;
};

const struct key_row *key_rows(size_t *ret_n);
/* The row of a key in a map, or NULL. */
const struct key_row *key_find(enum key_map map, const char *name);
const char *key_nearest(enum key_map map, const char *name);

const struct perm_row *perm_row(enum perm_word word);

#endif
