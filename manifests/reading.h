/*
 * reading.h - between the files that read a manifest
 *
 * manifest.c walks the maps; what a key's value means is stored by
 * manifest_keys.c, manifest_sources.c and manifest_perms.c.  Faults go to the
 * report and reading goes on; the end of memory sets report->nomem, which ends
 * it.  Commands, environment, permissions and limits are collected in a header,
 * whose adders hold the checks that the launcher makes again.
 */
#ifndef HOLDALL_READING_H
#define HOLDALL_READING_H

#include "manifests/manifest.h"
#include "manifests/table.h"
#include "manifests/yaml_tree.h"

struct reading {
	struct report report;
	struct manifest m;
	struct header h;
	bool for_image;			/* sources are not asked for */
};

/* Called for each key of a map that is known and has a shape it may have. */
typedef void (*read_key_fn)(struct reading *rd, const struct key_row *row,
			    const struct yaml_node *node, void *arg);

/* Walks a map: unknown keys, wrong shapes and missing keys are reported. */
void read_map(struct reading *rd, enum key_map map, const struct yaml_node *node,
	      read_key_fn fn, void *arg);

/* True when the node has one of the shapes; else it is reported. */
bool read_shape(struct reading *rd, const char *key, unsigned takes,
		const struct yaml_node *node);

/* A text by the row's kind, fresh in *ret; false: reported. */
bool read_value(struct reading *rd, const struct key_row *row,
		const struct yaml_node *node, char **ret);

/* One text or a list of them; NULL ends `for (n = first_text(x); n; ...)`. */
const struct yaml_node *first_text(const struct yaml_node *node);
const struct yaml_node *next_text(const struct yaml_node *list,
				  const struct yaml_node *node);
void read_values(struct reading *rd, const struct key_row *row,
		 const struct yaml_node *node, struct strlist *ret);

/* Reports an adder's refusal; -ENOMEM goes to nomem. */
void read_result(struct reading *rd, struct mark mark, int r,
		 const struct err *err);

/* The keys of one map each. */
void read_top_key(struct reading *rd, const struct key_row *row,
		  const struct yaml_node *node, void *arg);
void read_sources(struct reading *rd, const struct key_row *row,
		  const struct yaml_node *node);
void read_permissions(struct reading *rd, const struct yaml_node *node);
void read_limit_key(struct reading *rd, const struct key_row *row,
		    const struct yaml_node *node, void *arg);

#endif
