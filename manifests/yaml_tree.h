/*
 * yaml_tree.h - the strict subset of YAML as a tree of nodes with marks
 *
 * Refused: duplicate keys, aliases, anchors, tags, merge keys, directives, keys
 * that are not text, a second document, bytes that are not UTF-8, control
 * characters, more than YAML_SIZE_MAX bytes, YAML_LEVELS_MAX levels,
 * YAML_NODES_MAX nodes or YAML_KEYS_MAX keys in one map.  Every scalar is text: 1.10
 * and yes and ~ stay as they are written.
 */
#ifndef HOLDALL_YAML_TREE_H
#define HOLDALL_YAML_TREE_H

#include "manifests/report.h"

#define YAML_SIZE_MAX (1u << 20)
#define YAML_LEVELS_MAX 64
#define YAML_NODES_MAX 65536
#define YAML_KEYS_MAX 4096

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	bool plain;			/* TEXT without quotes */
	bool broken;			/* reported already: say no more */
	struct mark mark;
	char *text;			/* TEXT */
	char *key;			/* in a MAP: this child's key */
	struct mark key_mark;
	size_t n;			/* LIST, MAP: children */
	struct yaml_node *first, *last;	/* children */
	struct yaml_node *next;		/* the next child of the same parent */
	struct yaml_node *made_before;	/* chain of all nodes */
};

struct yaml_tree {
	struct yaml_node *root;		/* NULL: empty, or not readable at all */
	struct yaml_node *all;
	size_t n;
};

void yaml_tree_free(struct yaml_tree *tree);
#define CLEANUP_YAML_TREE CLEANUP(yaml_tree_free)

/* Reads report->text.  Faults of the text go to the report and give 0 with what
 * could be read; only the end of memory is an error. */
int yaml_tree_read(struct report *report, struct yaml_tree *ret,
		   struct err *err);

#endif
