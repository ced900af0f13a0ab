/*
 * gpu.h - the permission gpu: the graphics card's device nodes
 */
#ifndef HOLDALL_GPU_H
#define HOLDALL_GPU_H

struct plan;

/* Adds the rows for the nodes that this host has; `dev` and `sys` are the host's
 * folders of those names (other ones in tests). */
int gpu_rows(struct plan *p, const char *dev, const char *sys);

#endif
