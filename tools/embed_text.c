/*
 * embed_text.c - build helper: text files become functions that give them.
 *   embed_text OUT.c HEADER FUNCTION FILE [FUNCTION FILE]...
 */
#include <stdio.h>

static int array(FILE *out, const char *name, const char *path)
{
	FILE *f = fopen(path, "rb");
	int c, n = 0;

	if (f == NULL) {
		perror(path);
		return 1;
	}
	fprintf(out, "static const unsigned char %s_bytes[] = {", name);
	while ((c = getc(f)) != EOF)
		fprintf(out, "%s%d,", n++ % 16 ? " " : "\n\t", c);
	fprintf(out,
		"\n};\n\nconst char *%s(size_t *len)\n{\n"
		"\t*len = sizeof(%s_bytes);\n"
		"\treturn (const char *)%s_bytes;\n}\n\n",
		name, name, name);
	return fclose(f);
}

int main(int argc, char **argv)
{
	FILE *out;
	int bad = 0;

	if (argc < 5 || argc % 2 == 0)
		return 2;
	out = fopen(argv[1], "wb");
	if (out == NULL) {
		perror(argv[1]);
		return 1;
	}
	fprintf(out, "/* made by embed_text.c */\n#include \"%s\"\n\n",
		argv[2]);
	for (int i = 3; i < argc; i += 2)
		bad |= array(out, argv[i], argv[i + 1]);
	return fclose(out) != 0 || bad;
}
