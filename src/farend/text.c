/* text.c - see text.h. */
#include "farend/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 400
#define FILE_MAX_BYTES (1 << 20)

static size_t split(char *line, char **word)
{
	size_t n = 0;
	char *save = NULL;

	for (char *w = strtok_r(line, " \t\r", &save);
	     w != NULL && n < FE_WORDS_MAX; w = strtok_r(NULL, " \t\r", &save))
		word[n++] = w;
	return n;
}

bool fe_text_lines(const char *text, size_t len,
		   bool (*line)(void *arg, char *const *word, size_t n),
		   void *arg, struct err *e)
{
	char buf[LINE_MAX_BYTES + 1], *word[FE_WORDS_MAX];
	size_t pos = 0, number = 0;

	while (pos < len) {
		const char *nl = memchr(text + pos, '\n', len - pos);
		size_t end = nl ? (size_t)(nl - text) : len;
		size_t n = end - pos;

		number++;
		if (n > LINE_MAX_BYTES)
			return err_set(e, ERR_FORMAT, "line %zu is too long",
				       number);
		memcpy(buf, text + pos, n);
		buf[n] = '\0';
		pos = end + 1;
		if (memchr(buf, '\0', n) != NULL)
			return err_set(e, ERR_FORMAT, "line %zu is not text",
				       number);
		n = split(buf, word);
		if (n == 0 || word[0][0] == '#')
			continue;
		if (!line(arg, word, n))
			return err_set(e, ERR_FORMAT,
				       "line %zu: \"%.40s\" is not understood",
				       number, word[0]);
	}
	return true;
}

char *fe_text_read(const char *path, size_t *len, struct err *e)
{
	FILE *f = fopen(path, "rb");
	char *text = NULL;

	if (f == NULL) {
		err_sys(e, errno, "opening %s", path);
		return NULL;
	}
	text = malloc(FILE_MAX_BYTES + 1);
	if (text == NULL) {
		err_set(e, ERR_MEMORY, "no memory for %s", path);
		goto out;
	}
	*len = fread(text, 1, FILE_MAX_BYTES + 1, f);
	if (ferror(f)) {
		err_sys(e, errno, "reading %s", path);
		free(text);
		text = NULL;
	} else if (*len > FILE_MAX_BYTES) {
		err_set(e, ERR_LIMIT, "%s is larger than 1 MiB", path);
		free(text);
		text = NULL;
	}
out:
	fclose(f);
	return text;
}
