/*
 * replay.c - runs one fuzz target over the files of folders, each on a heap
 * buffer of its exact size.  Fails when there is no file: an empty folder
 * tests nothing.
 *   replay FOLDER...   (a folder that does not exist is an empty one)
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path, size_t size)
{
	uint8_t *buf = malloc(size > 0 ? size : 1);
	FILE *f = fopen(path, "rb");

	if (buf == NULL || f == NULL || fread(buf, 1, size, f) != size) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(1);
	}
	fclose(f);
	LLVMFuzzerTestOneInput(buf, size);
	free(buf);
	return 1;
}

static int run_folder(const char *folder)
{
	struct dirent *entry;
	char path[4096];
	struct stat st;
	int n = 0;
	DIR *d;

	d = opendir(folder);
	if (d == NULL)
		return 0;
	while ((entry = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			n += run_file(path, (size_t)st.st_size);
	}
	closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	int n = 0;

	for (int i = 1; i < argc; i++)
		n += run_folder(argv[i]);
	printf("%d files\n", n);
	return n > 0 ? 0 : 1;
}
