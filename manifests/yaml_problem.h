/*
 * yaml_problem.h - libyaml's syntax errors in plain words
 */
#ifndef HOLDALL_YAML_PROBLEM_H
#define HOLDALL_YAML_PROBLEM_H

#include <yaml.h>

#include "manifests/report.h"

/* Adds the parser's error; its memory errors set report->nomem. */
void yaml_problem_report(const yaml_parser_t *parser, struct report *report);

#endif
