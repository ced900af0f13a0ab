/*
 * value_paths.c - paths in the image, paths beside the manifest, patterns
 *
 * What begins with / is in the image; anything else is a file of the packager's,
 * from the manifest's folder.  Whether it exists is the bundler's question.
 */
#include "manifests/values_internal.h"

#include <string.h>

#include "runtime/path.h"

int value_check_inside(const char *text, struct err *err)
{
	if (*text == '/' && path_is_clean(text, true) && !value_has_control(text))
		return 0;
	if (*text == '/')
		return value_bad(err, text, "is not a clean path",
				 "write it without \"//\", \".\", \"..\" and a /"
				 " at the end");
	return value_bad(err, text, "is not an absolute path",
			 "begin with /, the root of the image");
}

int value_check_beside(const char *text, struct err *err)
{
	if (!*text)
		return err_set(err, EINVAL, "the path is empty; write . for the "
			       "manifest's own folder");
	if (value_has_control(text))
		return value_bad(err, text, "holds a control character", NULL);
	if (*text == '~')
		return value_bad(err, text, "begins with ~, which is not expanded"
				 " here", "write a path from the manifest's"
				 " folder, or an absolute one");
	return 0;
}

/* The matcher is the bundler's; longer patterns match nothing there. */
#define GLOB_LENGTH_MAX 1023

/* An open bracket matches nothing: better said than silent. */
static bool brackets_close(const char *text)
{
	bool open = false;

	for (const char *p = text; *p; p++) {
		if (*p == '\\' && !*++p)
			return false;
		if (open && *p == '/')
			return false;
		if (*p == '[' && !open)
			open = true;
		else if (*p == ']')
			open = false;
	}
	return !open;
}

int value_check_glob(const char *text, struct err *err)
{
	if (value_has_control(text) || !path_is_clean(text, *text == '/') ||
	    strcmp(text, "/") == 0)
		return value_bad(err, text, "is not a clean pattern",
				 "write it without \"//\", \".\", \"..\" and a /"
				 " at the end");
	if (strlen(text) > GLOB_LENGTH_MAX)
		return value_bad(err, text, "is longer than 1023 bytes", NULL);
	if (!brackets_close(text))
		return value_bad(err, text, "has an open [ or a \\ at the end",
				 "close the bracket, or write \\[ for the sign"
				 " itself");
	return 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && strcmp(text + len - end_len, end) == 0;
}

/* A path in the image when it begins with /, else beside the manifest. */
static int check_either(const char *text, struct err *err)
{
	return *text == '/' ? value_check_inside(text, err) : value_check_beside(text, err);
}

int value_check_icon(const char *text, struct err *err)
{
	if (ends_with(text, ".png") || ends_with(text, ".svg"))
		return check_either(text, err);
	return value_bad(err, text, "is not an icon's file",
			 "write a path that ends in .png or .svg");
}

int value_check_desktop(const char *text, struct err *err)
{
	if (strcmp(text, "none") == 0)
		return 0;
	if (ends_with(text, ".desktop"))
		return check_either(text, err);
	return value_bad(err, text, "is not a desktop file",
			 "write a path that ends in .desktop, or none");
}
