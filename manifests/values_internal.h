/*
 * values_internal.h - between values.c and the value_*.c
 */
#ifndef HOLDALL_VALUES_INTERNAL_H
#define HOLDALL_VALUES_INTERNAL_H

#include "manifests/values.h"

/* "\"text\" what; remedy" */
int value_bad(struct err *err, const char *text, const char *what,
	      const char *remedy);
bool value_is_alnum(char c);
bool value_is_made_of(const char *text, const char *more);

bool value_has_control(const char *text);

/* value_paths.c */
int value_check_inside(const char *text, struct err *err);
int value_check_beside(const char *text, struct err *err);
int value_check_glob(const char *text, struct err *err);
int value_check_icon(const char *text, struct err *err);
int value_check_desktop(const char *text, struct err *err);

/* value_names.c */
#define FILES_PATH_RE \
	"^(cwd|drives|xdg-(documents|download|music|pictures|videos|desktop|" \
	"templates|publicshare)|~(/.+)?|/.*)"
#define FILES_PATH_WORDS \
	"cwd, drives, xdg-documents, xdg-download, xdg-music, xdg-pictures, " \
	"xdg-videos, xdg-desktop, xdg-templates, xdg-publicshare, ~, ~/PATH or " \
	"/PATH"
#define BUS_NAME_RE \
	"[A-Za-z_-][A-Za-z0-9_-]*(\\.[A-Za-z_-][A-Za-z0-9_-]*)+(\\.\\*)?"
int value_check_files_path(const char *text, struct err *err);
int value_check_files(const char *text, struct err *err);
int value_check_bus_name(const char *text, struct err *err);
int value_check_bus_rule(const char *text, struct err *err);

/* value_units.c */
int value_convert_memory(const char *text, char **ret, struct err *err);
int value_convert_cpu(const char *text, char **ret, struct err *err);
int value_convert_tasks(const char *text, char **ret, struct err *err);
int value_convert_time(const char *text, char **ret, struct err *err);
/* A plain number within the kind's bounds. */
bool value_is_number(enum value_kind kind, const char *text);

#endif
