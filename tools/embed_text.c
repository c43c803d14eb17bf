/*
 * embed_text.c - build helper: two text files become C arrays.
 *   embed_text OUT.c SIGNATURES CALIBRATION
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
	fprintf(out, "static const unsigned char %s[] = {", name);
	while ((c = getc(f)) != EOF)
		fprintf(out, "%s%d,", n++ % 16 ? " " : "\n\t", c);
	fprintf(out,
		"\n};\n\nconst char *fe_text_%s(size_t *len)\n{\n"
		"\t*len = sizeof(%s);\n\treturn (const char *)%s;\n}\n\n",
		name, name, name);
	return fclose(f);
}

int main(int argc, char **argv)
{
	FILE *out;
	int bad;

	if (argc != 4)
		return 2;
	out = fopen(argv[1], "wb");
	if (out == NULL) {
		perror(argv[1]);
		return 1;
	}
	fprintf(out,
		"/* made by embed_text.c */\n#include \"farend/text.h\"\n\n");
	bad = array(out, "signatures", argv[2]) |
	      array(out, "calibration", argv[3]);
	return fclose(out) != 0 || bad;
}
