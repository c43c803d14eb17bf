/* mem.c - see mem.h. */
#include "base/mem.h"

#include <sys/mman.h>

#define HUGE_FROM ((size_t)1 << 22) /* below, 2 MiB pages only waste */

void *mem_map(size_t bytes)
{
	void *p = mmap(NULL, bytes > 0 ? bytes : 1, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (bytes >= HUGE_FROM)
		(void)madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

void mem_unmap(void *p, size_t bytes)
{
	if (p != NULL)
		(void)munmap(p, bytes > 0 ? bytes : 1);
}
