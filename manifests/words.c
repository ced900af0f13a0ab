/*
 * words.c - the one table: manifest keys and permission words
 *
 * Whoever adds a key or a word adds a row here; checks, schema and reference
 * follow.  A permission word further needs its effect in the launcher, which
 * does not compile without.  Help is a sentence for a packager; a permission's
 * sentence completes "APP wants to ...".
 */
#include "manifests/table.h"

#include <string.h>

#include "runtime/text.h"

/* ---- choices ---------------------------------------------------------- */

static const struct choice kind_choices[] = {
	{ "full", 0, "brings its own /usr and C library, runs everywhere" },
	{ "thin", 0, "brings /app and uses the host's /usr, read-only" },
	{ NULL },
};

static const struct choice sandbox_choices[] = {
	{ "required", 0, "never run without the sandbox, whatever is answered" },
	{ NULL },
};

static const struct choice base_choices[] = {
	{ "none", 0, "add nothing that no source names" },
	{ NULL },
};

static const struct choice restart_choices[] = {
	{ "always", 0, "started again whenever it ends" },
	{ "on-failure", 0, "started again when it fails" },
	{ "never", 0, "left alone when it ends" },
	{ NULL },
};

static const struct choice access_choices[] = {
	{ "ro", 0, "read" },
	{ "rw", 0, "read and change" },
	{ "create", 0, "read and change; the folder is made if it is missing" },
	{ NULL },
};

static const struct choice io_choices[] = {
	{ "low", 0, "disk access only when nobody else waits" },
	{ "normal", 0, "disk access as for any program" },
	{ NULL },
};

static const struct choice display_choices[] = {
	{ "wayland", RISK_HARMLESS, "show windows" },
	{ "x11", RISK_HARMLESS,
	  "show windows through X11, where it can watch other X11 windows" },
	{ "x11-fallback", RISK_HARMLESS,
	  "show windows through X11 where there is no Wayland" },
	{ "x11-isolated", RISK_HARMLESS,
	  "show windows through X11, kept apart from other windows" },
	{ NULL },
};

static const struct choice sound_choices[] = {
	{ "playback", RISK_HARMLESS, "play sound" },
	{ "record", RISK_ASK, "play sound and listen to the microphone" },
	{ NULL },
};

static const struct choice network_choices[] = {
	{ "none", RISK_HARMLESS, "use no network" },
	{ "loopback", RISK_HARMLESS,
	  "use a network of its own that reaches nothing outside" },
	{ "host", RISK_ASK,
	  "use the network, and reach services on this computer" },
	{ "isolated", RISK_ASK,
	  "use the network, but not the services on this computer" },
	{ NULL },
};

static const struct choice gpu_choices[] = {
	{ "true", RISK_HARMLESS, "use the graphics card" },
	{ NULL },
};

static const struct choice devices_choices[] = {
	{ "gamepad", RISK_HARMLESS, "use game controllers" },
	{ "camera", RISK_ASK, "use the cameras" },
	{ "usb", RISK_ASK, "use every USB device directly" },
	{ NULL },
};

static const struct choice preset_choices[] = {
	{ "notifications", RISK_HARMLESS, "show notifications" },
	{ "tray", RISK_HARMLESS, "show an icon in the tray" },
	{ "mpris", RISK_HARMLESS,
	  "be controlled by media keys and show what it plays" },
	{ NULL },
};

static const struct choice portals_choices[] = {
	{ "true", RISK_HARMLESS,
	  "ask the desktop to let you pick files, open links and print" },
	{ NULL },
};

static const struct choice sockets_choices[] = {
	{ "ssh-agent", RISK_ASK,
	  "use your SSH keys to log in to other computers as you" },
	{ "gpg-agent", RISK_ASK,
	  "use your GnuPG keys to sign and decrypt as you" },
	{ "smartcard", RISK_ASK, "use your smart cards" },
	{ "printing", RISK_ASK, "use the print service of this computer" },
	{ NULL },
};

static const struct choice extra_choices[] = {
	{ "nested-sandbox", RISK_ASK,
	  "make sandboxes of its own, which opens more of the kernel to it" },
	{ "debug", RISK_ASK, "trace and debug its own processes" },
	{ "multiarch", RISK_ASK,
	  "run 32-bit programs, which opens more of the kernel to it" },
	{ NULL },
};

/* ---- permission words --------------------------------------------------- */

#define BUS_NAMES(name_, sentence_, help_) \
	{ .name = name_, .value = VALUE_BUS_NAME, .many = true, \
	  .sentence = sentence_, .help = help_ }
#define BUS_RULES(name_, sentence_, help_) \
	{ .name = name_, .value = VALUE_BUS_RULE, .many = true, \
	  .sentence = sentence_, .help = help_ }
#define WORD(name_, many_, choices_, help_) \
	{ .name = name_, .value = VALUE_CHOICE, .many = many_, \
	  .choices = choices_, .help = help_ }

static const struct perm_row perms[PERM_WORDS] = {
	[PERM_DISPLAY] = WORD("display", true, display_choices,
		"Windows."),
	[PERM_SOUND] = WORD("sound", false, sound_choices,
		"Sound; playback never gives the microphone."),
	[PERM_NETWORK] = WORD("network", false, network_choices,
		"The network the app is in."),
	[PERM_GPU] = WORD("gpu", false, gpu_choices,
		"The graphics card for drawing and computing."),
	[PERM_DEVICES] = WORD("devices", true, devices_choices,
		"Devices."),
	[PERM_FILES] = {
		.name = "files", .value = VALUE_FILES, .many = true,
		.help = "Folders and files at their own path.  Named files and the "
			"files a person picks need no entry.",
	},
	[PERM_BUS_PRESET] = WORD("bus-preset", true, preset_choices,
		"Ready-made sets of rules for the session bus."),
	[PERM_BUS_SESSION_SEE] = BUS_NAMES("bus-session-see",
		"see whether %s runs on the session bus",
		"Names whose owner the app may see."),
	[PERM_BUS_SESSION_TALK] = BUS_NAMES("bus-session-talk",
		"use everything that %s offers on the session bus",
		"Names the app may call and hear."),
	[PERM_BUS_SESSION_OWN] = BUS_NAMES("bus-session-own",
		"offer the service %s on the session bus",
		"Names the app may own."),
	[PERM_BUS_SESSION_CALL] = BUS_RULES("bus-session-call",
		"make calls %s on the session bus",
		"Single calls, as NAME=INTERFACE.MEMBER@/path/*."),
	[PERM_BUS_SESSION_BROADCAST] = BUS_RULES("bus-session-broadcast",
		"hear broadcasts %s on the session bus",
		"Single signals, as NAME=INTERFACE.MEMBER@/path/*."),
	[PERM_BUS_SYSTEM_SEE] = BUS_NAMES("bus-system-see",
		"see whether %s runs on the system bus",
		"Names whose owner the app may see."),
	[PERM_BUS_SYSTEM_TALK] = BUS_NAMES("bus-system-talk",
		"use everything that %s offers on the system bus",
		"Names the app may call and hear."),
	[PERM_BUS_SYSTEM_OWN] = BUS_NAMES("bus-system-own",
		"offer the service %s on the system bus",
		"Names the app may own."),
	[PERM_BUS_SYSTEM_CALL] = BUS_RULES("bus-system-call",
		"make calls %s on the system bus",
		"Single calls, as NAME=INTERFACE.MEMBER@/path/*."),
	[PERM_BUS_SYSTEM_BROADCAST] = BUS_RULES("bus-system-broadcast",
		"hear broadcasts %s on the system bus",
		"Single signals, as NAME=INTERFACE.MEMBER@/path/*."),
	[PERM_PORTALS] = WORD("portals", false, portals_choices,
		"The desktop's portals: file chooser, open link, print."),
	[PERM_SOCKETS] = WORD("sockets", true, sockets_choices,
		"Sockets of the user's agents and services."),
	[PERM_EXTRA] = WORD("extra", true, extra_choices,
		"Loosens the sandbox itself; for programs that need it."),
};

/* ---- manifest keys ------------------------------------------------------- */

/* Columns that most rows share are left out of the text by these. */
#define ROW(map_, name_, key_, takes_, value_, ...) \
	{ .in = map_, .name = name_, .key = key_, .takes = takes_, \
	  .value = value_, __VA_ARGS__ }
#define PERM_ROW(map_, name_, takes_, word_, choices_, fallback_, help_) \
	{ .in = map_, .name = name_, .key = KEY_PERM, .takes = takes_, \
	  .value = VALUE_CHOICE, .choices = choices_, .perm = word_, \
	  .fallback = fallback_, .help = help_ }
#define RULE_ROW(map_, name_, value_, word_, help_) \
	{ .in = map_, .name = name_, .key = KEY_PERM, \
	  .takes = TAKES_TEXT | TAKES_TEXTS, .value = value_, .perm = word_, \
	  .help = help_ }
#define TEXT_OR_LIST (TAKES_TEXT | TAKES_TEXTS)

static const struct key_row rows[] = {
	ROW(MAP_TOP, "schema", KEY_SCHEMA, TAKES_TEXT, VALUE_SCHEMA,
	    .required = true, .example = "schema: 1",
	    .help = "The version of this grammar: 1."),
	ROW(MAP_TOP, "id", KEY_ID, TAKES_TEXT, VALUE_APP_ID,
	    .required = true, .example = "id: org.example.Editor",
	    .help = "The app id: a domain name of yours backwards, then the app."),
	ROW(MAP_TOP, "version", KEY_VERSION, TAKES_TEXT, VALUE_VERSION,
	    .fallback = "that of the package which brings the program",
	    .help = "The app's version, as text: 1.10 stays 1.10."),
	ROW(MAP_TOP, "name", KEY_NAME, TAKES_TEXT, VALUE_TEXT,
	    .fallback = "the id's last part",
	    .help = "The name that people see."),
	ROW(MAP_TOP, "command", KEY_COMMAND, TEXT_OR_LIST, VALUE_ANY,
	    .fallback = "found in the sources; an error where several fit",
	    .help = "The program: a name looked up in the image's PATH, an "
		    "absolute path in the image, or a list with arguments."),
	ROW(MAP_TOP, "commands", KEY_COMMANDS, TAKES_NAMES | TEXT_OR_LIST,
	    VALUE_ANY, .names = VALUE_COMMAND_NAME,
	    .help = "Further programs by name, chosen with --command NAME or by "
		    "the name the bundle is started under."),
	ROW(MAP_TOP, "kind", KEY_KIND, TAKES_TEXT, VALUE_CHOICE,
	    .choices = kind_choices, .fallback = "full",
	    .help = "What the bundle brings along."),
	ROW(MAP_TOP, "sandbox", KEY_SANDBOX, TAKES_TEXT, VALUE_CHOICE,
	    .choices = sandbox_choices,
	    .fallback = "a person may agree to run without it where the kernel "
			"forbids it",
	    .help = "Whether the app may ever run without the sandbox."),
	ROW(MAP_TOP, "base", KEY_BASE, TAKES_TEXT, VALUE_CHOICE,
	    .choices = base_choices,
	    .fallback = "what every image needs is added",
	    .help = "What is added to the sources."),
	ROW(MAP_TOP, "sources", KEY_SOURCES, TAKES_MAPS, VALUE_ANY,
	    .map = MAP_SOURCE, .required = true, .example = "sources: [{debian: [jq]}]",
	    .help = "Where the image's files come from, in any mix; later ones "
		    "win over earlier ones."),
	ROW(MAP_TOP, "exclude", KEY_EXCLUDE, TEXT_OR_LIST, VALUE_GLOB,
	    .help = "Patterns of paths in the image that are left out; one "
		    "without / in front is compared with the last parts."),
	ROW(MAP_TOP, "keep", KEY_KEEP, TEXT_OR_LIST, VALUE_GLOB,
	    .help = "Patterns that stay although exclude or a default rule "
		    "matches them."),
	ROW(MAP_TOP, "locales", KEY_LOCALES, TEXT_OR_LIST, VALUE_LOCALE,
	    .fallback = "of `debian` sources none, of others all that they "
			"bring",
	    .help = "Languages whose translations are kept."),
	ROW(MAP_TOP, "environment", KEY_ENVIRONMENT, TAKES_NAMES | TAKES_TEXT,
	    VALUE_ANY, .names = VALUE_ENV_NAME,
	    .help = "Variables set inside."),
	ROW(MAP_TOP, "workdir", KEY_WORKDIR, TAKES_TEXT, VALUE_INSIDE,
	    .fallback = "the caller's working directory",
	    .help = "The directory in the sandbox in which the app starts."),
	ROW(MAP_TOP, "home-skeleton", KEY_HOME_SKELETON, TAKES_TEXT,
	    VALUE_INSIDE,
	    .fallback = "none; for an app with windows /etc/skel of the image",
	    .help = "A directory of the image that a new home starts with."),
	ROW(MAP_TOP, "desktop", KEY_DESKTOP, TAKES_TEXT, VALUE_DESKTOP,
	    .fallback = "found in the image",
	    .help = "The desktop file: a path in the image, a file beside the "
		    "manifest, or none for a program without windows."),
	ROW(MAP_TOP, "icon", KEY_ICON, TAKES_TEXT, VALUE_ICON,
	    .fallback = "the desktop file's",
	    .help = "The icon: a path in the image or a file beside the "
		    "manifest, PNG or SVG."),
	ROW(MAP_TOP, "permissions", KEY_PERMISSIONS, TAKES_MAP, VALUE_ANY,
	    .map = MAP_PERMISSIONS,
	    .fallback = "for an app with windows: windows and portals; for any "
			"other: nothing",
	    .help = "What the app asks for.  Harmless things are given, others "
		    "need one yes from a person."),
	ROW(MAP_TOP, "limits", KEY_LIMITS, TAKES_MAP, VALUE_ANY,
	    .map = MAP_LIMITS,
	    .help = "Limits of one run.  \"require\" in front of a value makes it "
		    "an error where it cannot hold."),
	ROW(MAP_TOP, "services", KEY_SERVICES, TAKES_NAMES | TAKES_MAP,
	    VALUE_ANY, .map = MAP_SERVICE, .names = VALUE_COMMAND_NAME,
	    .help = "Programs that run beside the main one (read and checked; "
		    "this version does not start them)."),

	ROW(MAP_SERVICE, "command", KEY_SERVICE_COMMAND, TEXT_OR_LIST,
	    VALUE_ANY, .required = true, .example = "command: [daemon, --foreground]",
	    .help = "As the command of the app."),
	ROW(MAP_SERVICE, "restart", KEY_SERVICE_RESTART, TAKES_TEXT,
	    VALUE_CHOICE, .choices = restart_choices, .fallback = "on-failure",
	    .help = "When it is started again."),

	ROW(MAP_SOURCE, "debian", KEY_SOURCE_DEBIAN, TEXT_OR_LIST | TAKES_MAP,
	    VALUE_PACKAGE, .map = MAP_DEBIAN,
	    .help = "Debian packages with all that they depend on."),
	ROW(MAP_SOURCE, "dir", KEY_SOURCE_DIR, TAKES_TEXT | TAKES_MAP,
	    VALUE_BESIDE, .map = MAP_DIR,
	    .help = "A directory tree, from the manifest's folder."),
	ROW(MAP_SOURCE, "files", KEY_SOURCE_FILES, TEXT_OR_LIST, VALUE_INSIDE,
	    .help = "Files of this computer at their own path, with the "
		    "libraries and interpreters they need."),

	ROW(MAP_DEBIAN, "packages", KEY_DEBIAN_PACKAGES, TEXT_OR_LIST,
	    VALUE_PACKAGE, .required = true, .example = "packages: [jq]",
	    .help = "Names, as apt-get install takes them."),
	ROW(MAP_DEBIAN, "suite", KEY_DEBIAN_SUITE, TAKES_TEXT, VALUE_SUITE,
	    .fallback = "this computer's",
	    .help = "The release."),
	ROW(MAP_DEBIAN, "uris", KEY_DEBIAN_URIS, TEXT_OR_LIST, VALUE_URI,
	    .fallback = "this computer's",
	    .help = "Addresses of package archives."),
	ROW(MAP_DEBIAN, "keyring", KEY_DEBIAN_KEYRING, TAKES_TEXT,
	    VALUE_BESIDE, .fallback = "this computer's",
	    .help = "The file with the keys that archives are signed with."),

	ROW(MAP_DIR, "path", KEY_DIR_PATH, TAKES_TEXT, VALUE_BESIDE,
	    .required = true, .example = "path: ./tree",
	    .help = "The directory, from the manifest's folder."),
	ROW(MAP_DIR, "to", KEY_DIR_TO, TAKES_TEXT, VALUE_INSIDE,
	    .fallback = "/",
	    .help = "Where in the image the tree is laid."),

	PERM_ROW(MAP_PERMISSIONS, "display", TEXT_OR_LIST, PERM_DISPLAY,
		 display_choices, "[wayland, x11-fallback] for an app with windows",
		 "Windows; at most one of the x11 words."),
	PERM_ROW(MAP_PERMISSIONS, "sound", TAKES_TEXT, PERM_SOUND,
		 sound_choices, NULL, "Sound."),
	PERM_ROW(MAP_PERMISSIONS, "network", TAKES_TEXT, PERM_NETWORK,
		 network_choices, "none", "The network the app is in."),
	ROW(MAP_PERMISSIONS, "gpu", KEY_PERM, TAKES_TEXT, VALUE_BOOL,
	    .perm = PERM_GPU, .fallback = "false",
	    .help = "The graphics card."),
	PERM_ROW(MAP_PERMISSIONS, "devices", TEXT_OR_LIST, PERM_DEVICES,
		 devices_choices, NULL, "Devices."),
	ROW(MAP_PERMISSIONS, "files", KEY_FILES,
	    TEXT_OR_LIST | TAKES_MAP | TAKES_MAPS, VALUE_FILES, .map = MAP_FILE, .perm = PERM_FILES,
	    .help = "Folders and files at their own path: entries with path and "
		    "access, or the short form PATH:ACCESS."),
	ROW(MAP_PERMISSIONS, "bus", KEY_BUS, TAKES_MAP, VALUE_ANY,
	    .map = MAP_BUS, .help = "D-Bus."),
	ROW(MAP_PERMISSIONS, "portals", KEY_PERM, TAKES_TEXT, VALUE_BOOL,
	    .perm = PERM_PORTALS, .fallback = "true for an app with windows",
	    .help = "The desktop's portals: file chooser, open link, print."),
	PERM_ROW(MAP_PERMISSIONS, "sockets", TEXT_OR_LIST, PERM_SOCKETS,
		 sockets_choices, NULL,
		 "Sockets of the user's agents and services."),
	PERM_ROW(MAP_PERMISSIONS, "extra", TEXT_OR_LIST, PERM_EXTRA,
		 extra_choices, NULL,
		 "Loosens the sandbox itself; for programs that need it."),

	ROW(MAP_FILE, "path", KEY_FILE_PATH, TAKES_TEXT, VALUE_FILES_PATH,
	    .required = true, .example = "path: cwd", .help = "A place or a path: see the words below."),
	ROW(MAP_FILE, "access", KEY_FILE_ACCESS, TAKES_TEXT, VALUE_CHOICE,
	    .choices = access_choices, .fallback = "ro", .help = "What the app may do there."),

	PERM_ROW(MAP_BUS, "presets", TEXT_OR_LIST, PERM_BUS_PRESET,
		 preset_choices, NULL, "Ready-made sets of rules."),
	ROW(MAP_BUS, "session", KEY_BUS_SESSION, TAKES_MAP, VALUE_ANY,
	    .map = MAP_SESSION, .help = "Rules for the session bus."),
	ROW(MAP_BUS, "system", KEY_BUS_SYSTEM, TAKES_MAP, VALUE_ANY,
	    .map = MAP_SYSTEM, .help = "Rules for the system bus."),

	RULE_ROW(MAP_SESSION, "see", VALUE_BUS_NAME, PERM_BUS_SESSION_SEE,
		 "Names whose owner the app may see."),
	RULE_ROW(MAP_SESSION, "talk", VALUE_BUS_NAME, PERM_BUS_SESSION_TALK,
		 "Names the app may call and hear."),
	RULE_ROW(MAP_SESSION, "own", VALUE_BUS_NAME, PERM_BUS_SESSION_OWN,
		 "Names the app may own."),
	RULE_ROW(MAP_SESSION, "call", VALUE_BUS_RULE, PERM_BUS_SESSION_CALL,
		 "Single calls."),
	RULE_ROW(MAP_SESSION, "broadcast", VALUE_BUS_RULE,
		 PERM_BUS_SESSION_BROADCAST, "Single signals."),

	RULE_ROW(MAP_SYSTEM, "see", VALUE_BUS_NAME, PERM_BUS_SYSTEM_SEE,
		 "Names whose owner the app may see."),
	RULE_ROW(MAP_SYSTEM, "talk", VALUE_BUS_NAME, PERM_BUS_SYSTEM_TALK,
		 "Names the app may call and hear."),
	RULE_ROW(MAP_SYSTEM, "own", VALUE_BUS_NAME, PERM_BUS_SYSTEM_OWN,
		 "Names the app may own."),
	RULE_ROW(MAP_SYSTEM, "call", VALUE_BUS_RULE, PERM_BUS_SYSTEM_CALL,
		 "Single calls."),
	RULE_ROW(MAP_SYSTEM, "broadcast", VALUE_BUS_RULE,
		 PERM_BUS_SYSTEM_BROADCAST, "Single signals."),

	ROW(MAP_LIMITS, "memory", KEY_LIMIT, TAKES_TEXT, VALUE_MEMORY,
	    .help = "Memory of all processes together."),
	ROW(MAP_LIMITS, "cpu", KEY_LIMIT, TAKES_TEXT, VALUE_CPU,
	    .help = "Processor time; 100% is one processor."),
	ROW(MAP_LIMITS, "tasks", KEY_LIMIT, TAKES_TEXT, VALUE_TASKS,
	    .help = "Processes and threads together."),
	ROW(MAP_LIMITS, "time", KEY_LIMIT, TAKES_TEXT, VALUE_TIME,
	    .help = "How long one run may last."),
	ROW(MAP_LIMITS, "io", KEY_LIMIT, TAKES_TEXT, VALUE_CHOICE,
	    .choices = io_choices, .fallback = "normal",
	    .help = "How eagerly the disk is used."),
};

/* ---- looking up ----------------------------------------------------------- */

const struct key_row *key_rows(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(rows);
	return rows;
}

const struct key_row *key_find(enum key_map map, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].in == map && strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

const char *key_nearest(enum key_map map, const char *name)
{
	const char *names[ARRAY_SIZE(rows)];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].in == map)
			names[n++] = rows[i].name;
	return text_nearest(name, names, n);
}

const struct perm_row *perm_row(enum perm_word word)
{
	return &perms[word];
}

const char *perm_word_name(enum perm_word word)
{
	return word < PERM_WORDS ? perms[word].name : "unknown";
}
