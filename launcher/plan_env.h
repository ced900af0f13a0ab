/*
 * plan_env.h - the app's environment: an allow-list
 */
#ifndef HOLDALL_PLAN_ENV_H
#define HOLDALL_PLAN_ENV_H

#include "launcher/plan.h"

/* Fills envp and path of the plan: what is passed from the caller by name, what
 * the sandbox sets, the manifest's, and --env last. */
int plan_env(const struct plan_input *in, struct plan *p,
	     const char *runtime_dir, struct err *err);

/* Replaces or adds one variable: 0 or -ENOMEM. */
int plan_setenv(struct plan *p, const char *name, const char *value);

#endif
