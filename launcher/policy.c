/*
 * policy.c - see policy.h
 *
 * Either file can refuse, neither can allow what the other refuses.  A bundle that
 * has signatures is trust.h's: there a bad one is refused.
 */
#include "launcher/policy.h"

#include <errno.h>

#include "launcher/host.h"
#include "launcher/quoted.h"
#include "launcher/settings.h"

typedef int read_fn(const char *id, struct settings *ret, struct err *err);

static int refuses(read_fn *read, const char *id, bool *ret, struct err *err)
{
	CLEANUP_SETTINGS struct settings s = { 0 };
	int r = read(id, &s, err);

	if (r == 0)
		*ret = s.refuse_unsigned;
	return r;
}

int policy_check(const struct bundle *b, const char *id, struct err *err)
{
	CLEANUP_FREE char *config = NULL;
	bool site = false, user = false;
	struct err ignored;
	struct quoted q;
	int r;

	if (b->signatures_size)
		return 0;
	r = refuses(settings_read_site, id, &site, err);
	/* Who has no home has no settings; looking works for them too. */
	if (r == 0 && host_config_home(&config, &ignored) == 0)
		r = refuses(settings_read_user, id, &user, err);
	if (r < 0 || (!site && !user))
		return r;
	return err_set(err, EACCES, "%s is not signed, and %s (unsigned="
		       "refuse); get a signed one, or ask who set this",
		       quote(&q, b->name), site ?
		       SETTINGS_SITE " refuses such bundles" :
		       "your settings refuse such bundles");
}
