/*
 * mem.h - large arrays that cost nothing until they are touched.
 *
 * Zeroed pages straight from the kernel, huge ones where it has them: tables
 * are sized once from options, a small capture touches little of them.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* Owns: mem_unmap() with the same size.  NULL when refused. */
void *mem_map(size_t bytes);
void mem_unmap(void *p, size_t bytes); /* NULL is fine */

#endif
