/*
 * cmd_analyze.c - `wellspring analyze`: options, signals, progress; the work
 * is analyze_run() and the words are those of report/.
 *
 * The first INT or TERM ends the reading and the report is printed; the
 * second one kills, as the handler is taken off (SA_RESETHAND).  USR1 prints
 * a snapshot.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/analyze_routes.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/routes_load.h"
#include "cli/sandbox.h"
#include "pipeline/analyze.h"
#include "pipeline/hosts.h"
#include "report/report.h"

enum {
	OPT_ADDRESS,
	OPT_FROM,
	OPT_TO,
	OPT_FILTER,
	OPT_JSON,
	OPT_ALL,
	OPT_ALPHA,
	OPT_SAME_HOST,
	OPT_JOIN_BY_MAC,
	OPT_EXPECTED,
	OPT_SENSOR,
	OPT_MAX_CONNS,
	OPT_MAX_PAIRS,
	OPT_THREADS,
	OPT_SEED,
	OPT_COLOR,
	OPT_PROGRESS,
	OPT_QUIET,
	OPT_MRT,
	OPT_NO_FAR_END,
	OPT_CALIBRATION,
	OPT_SIGNATURES,
	OPT_NO_SANDBOX,
};

/* clang-format off */
static const struct option_def options[] = {
	{ OPT_ADDRESS, 'a', "address", ARG_REQUIRED, "A",
	  "Only connections with this address. Fixed before reading: the "
	  "number of hypotheses counts only what is selected." },
	{ OPT_FROM, 0, "from", ARG_REQUIRED, "TIME",
	  "Only packets from this time on: 2014-12-22T16:15Z, 2014-12-22 or "
	  "seconds since 1970, UTC unless an offset is given." },
	{ OPT_TO, 0, "to", ARG_REQUIRED, "TIME",
	  "Only packets before this time." },
	{ OPT_FILTER, 'f', "filter", ARG_REQUIRED, "BPF",
	  "Only packets that match this filter (pcap-filter(7)); the same "
	  "as words behind --." },
	{ OPT_JSON, 'j', "json", ARG_OPTIONAL, "FILE",
	  "Write the case as JSON to FILE; without FILE (or with -) to "
	  "standard output in place of the text.",
	  NULL, COMPLETE_FILES },
	{ OPT_ALL, 0, "all", ARG_NONE, NULL,
	  "Name every address, every connection, the best insufficient "
	  "relays, and far ends with too little data too." },
	{ OPT_ALPHA, 0, "alpha", ARG_REQUIRED, "P",
	  "Probability of one or more false relays in the whole run, if "
	  "none is there (default 0.01)." },
	{ OPT_SAME_HOST, 0, "same-host", ARG_REQUIRED, "A,B",
	  "These two addresses belong to one host (a dual-stack host, two "
	  "interfaces). May be repeated." },
	{ OPT_JOIN_BY_MAC, 0, "join-by-mac", ARG_NONE, NULL,
	  "Read the files once before, and take addresses that one network "
	  "card on the sensor's LAN used for one host, as --same-host would: "
	  "one IPv4 address and up to four of IPv6, hop counts as senders "
	  "set them." },
	{ OPT_EXPECTED, 0, "expected", ARG_REQUIRED, "FILE",
	  "Relays that are known and wanted (bastions, proxies): they are "
	  "found all the same, but shown as a note.",
	  NULL, COMPLETE_FILES },
	{ OPT_SENSOR, 0, "sensor", ARG_REQUIRED, "NAME=PATH",
	  "This file or directory comes from the sensor NAME. Files of "
	  "different sensors are never one timeline: each has a report and a "
	  "case (FILE.NAME.json) of its own and an equal share of alpha. May "
	  "be repeated.",
	  NULL, COMPLETE_FILES },
	{ OPT_MAX_CONNS, 0, "max-conns", ARG_REQUIRED, "N",
	  "Connections kept at once (default 1000000); evictions are "
	  "counted and make the addresses undetermined." },
	{ OPT_MAX_PAIRS, 0, "max-pairs", ARG_REQUIRED, "N",
	  "Candidate pairs kept at once (default 65536)." },
	{ OPT_THREADS, 0, "threads", ARG_REQUIRED, "N",
	  "Threads: 1 or 2; the result is the same (default 1)." },
	{ OPT_SEED, 0, "seed", ARG_REQUIRED, "N",
	  "Seed of the decoys (default 1); it stands in the case." },
	{ OPT_COLOR, 0, "color", ARG_REQUIRED, "WHEN",
	  "Colour the text: auto (on a terminal, unless NO_COLOR is set), "
	  "always or never.", "auto always never" },
	{ OPT_PROGRESS, 0, "progress", ARG_NONE, NULL,
	  "Show progress on standard error even if it is no terminal." },
	{ OPT_QUIET, 'q', "quiet", ARG_NONE, NULL,
	  "No progress and no notes on standard error, only errors." },
	{ OPT_MRT, 0, "mrt", ARG_REQUIRED, "PATH",
	  "BGP data in MRT files (RIBs, updates, directories of them): who "
	  "announced each address at the end of the capture, and whether the "
	  "networks outside were routed and answered, as context. May be "
	  "repeated.",
	  NULL, COMPLETE_FILES },
	{ OPT_NO_FAR_END, 0, "no-far-end", ARG_NONE, NULL,
	  "Only pairs of connections: do not ask whether an address ends TCP "
	  "for somebody further away." },
	{ OPT_CALIBRATION, 0, "calibration", ARG_REQUIRED, "FILE",
	  "Calibration of the far end as 'wellspring calibrate' writes it, "
	  "instead of the shipped one; every verdict names it.",
	  NULL, COMPLETE_FILES },
	{ OPT_SIGNATURES, 0, "signatures", ARG_REQUIRED, "FILE",
	  "Signatures of TCP stacks and links instead of the shipped ones "
	  "(data/farend-signatures.txt, with lines of your own).",
	  NULL, COMPLETE_FILES },
	{ OPT_NO_SANDBOX, 0, "no-sandbox", ARG_NONE, NULL,
	  "Do not confine the process (Landlock, seccomp) before reading." },
};
/* clang-format on */

static int run(int argc, char **argv);

const struct command command_analyze = {
	.name = "analyze",
	.operands = "FILE... [-- BPF]",
	.summary = "find springboards in captures and say how sure it is",
	.description =
		"Reads captures (pcap, pcapng, also compressed; directories "
		"of rotated files; - for standard input) as one timeline of "
		"one sensor, and says for each address whether it is a "
		"springboard, a source, or undetermined, with the evidence "
		"for it.\n\n"
		"Undetermined is not innocent, and a springboard is itself "
		"a victim. Ctrl-C ends the reading and prints the report; "
		"SIGUSR1 prints a snapshot.",
	.examples = "wellspring analyze capture.pcapng\tone screen\n"
		    "wellspring analyze --json=case.json day/\tand the case\n"
		    "wellspring analyze a.pcap -- tcp port 22\tonly ssh\n"
		    "tcpdump -U -w - | wellspring analyze -\tfrom a live tap",
	OPTIONS_OF(options),
	.complete = COMPLETE_FILES,
	.run = run,
};

/* Set by handlers; one process runs one analysis. */
static volatile int stop_wanted, snapshot_wanted;

static void on_stop(int sig)
{
	(void)sig;
	stop_wanted = 1;
}

static void on_usr1(int sig)
{
	(void)sig;
	snapshot_wanted = 1;
}

static void catch_signals(void)
{
	/* no SA_RESTART: a read that waits for a quiet pipe must end */
	struct sigaction stop = { .sa_handler = on_stop,
				  .sa_flags = (int)SA_RESETHAND };
	struct sigaction usr1 = { .sa_handler = on_usr1 };

	sigemptyset(&stop.sa_mask);
	sigemptyset(&usr1.sa_mask);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGUSR1, &usr1, NULL);
}

#define SENSORS	   64
#define OVERLAP_NS INT64_C(1000000000) /* of files: a rotation has less */

struct sensor {
	char name[32];
	char json[4096]; /* file of its case */
	FILE *json_file;
};

struct job {
	struct analyze_options o;
	struct report_style style;
	char bpf[256];
	const char *json; /* "-" = stdout, NULL = none */
	FILE *json_file;
	const char *color;
	struct sensor sensor[SENSORS];
	size_t n_sensors;   /* 1 and no name: no --sensor was given */
	const char **paths; /* of --sensor, or the operands */
	uint8_t *sensor_of; /* each path: index in sensor[] */
	size_t n_paths;
	const char **mrt; /* of --mrt */
	size_t n_mrt;
	size_t n_given; /* of o.same_host, by --same-host */
	bool quiet, progress, sandbox, join_by_mac;
	bool progress_shown;
	struct timespec started, last_shown;
};

static bool add_same_host(struct job *j, const struct opts *o)
{
	struct addr *pair = j->o.same_host[j->o.n_same_host];
	char text[2 * ADDR_TEXT + 2], *comma;
	struct err e;

	snprintf(text, sizeof(text), "%s", o->value);
	comma = strchr(text, ',');
	if (comma == NULL) {
		opts_usage(o, "--same-host wants two addresses: A,B");
		return false;
	}
	*comma = '\0';
	if (!addr_parse(text, &pair[0], &e) ||
	    !addr_parse(comma + 1, &pair[1], &e)) {
		opts_usage(o, "--same-host: %s", e.text);
		return false;
	}
	j->o.n_same_host++;
	return true;
}

/* Index of the sensor of that name, a new one if need be; -1: no room. */
static int sensor_of(struct job *j, const char *name)
{
	for (size_t i = 0; i < j->n_sensors; i++)
		if (strcmp(j->sensor[i].name, name) == 0)
			return (int)i;
	if (j->n_sensors == SENSORS)
		return -1;
	snprintf(j->sensor[j->n_sensors].name, sizeof(j->sensor[0].name), "%s",
		 name);
	return (int)j->n_sensors++;
}

/* --sensor NAME=PATH adds PATH to the input.  One name is one timeline; two
 * sensors have two clocks.  NAME becomes part of a file's name. */
static bool add_sensor(struct job *j, const struct opts *o)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	size_t n = strspn(o->value, safe);
	char name[sizeof(j->sensor[0].name)];
	int index;

	if (n == 0 || o->value[n] != '=' || o->value[n + 1] == '\0' ||
	    n >= sizeof(name)) {
		opts_usage(o,
			   "--sensor wants NAME=PATH; NAME of letters, "
			   "digits, _ and -, at most %zu",
			   sizeof(name) - 1);
		return false;
	}
	memcpy(name, o->value, n);
	name[n] = '\0';
	index = sensor_of(j, name);
	if (index < 0) {
		opts_usage(o, "more than %d sensors", SENSORS);
		return false;
	}
	j->sensor_of[j->n_paths] = (uint8_t)index;
	j->paths[j->n_paths++] = o->value + n + 1;
	return true;
}

/* case.json of sensor a of several is case.a.json. */
static bool open_json(struct job *j, struct sensor *s)
{
	const char *slash = strrchr(j->json, '/');
	const char *dot = strrchr(slash != NULL ? slash : j->json, '.');
	int stem = dot != NULL ? (int)(dot - j->json) : (int)strlen(j->json);
	int fd;

	if (strcmp(j->json, "-") == 0) {
		s->json_file = stdout;
		return true;
	}
	if (j->n_sensors > 1)
		snprintf(s->json, sizeof(s->json), "%.*s.%s%s", stem, j->json,
			 s->name, j->json + stem);
	else
		snprintf(s->json, sizeof(s->json), "%s", j->json);
	/* an older case stays until the new one is written */
	fd = open(s->json, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	s->json_file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (s->json_file == NULL && fd >= 0)
		close(fd);
	if (s->json_file == NULL)
		fprintf(stderr, "wellspring: %s: %s\n", s->json,
			strerror(errno));
	return s->json_file != NULL;
}

static bool set_time(const struct opts *o, const char *name, struct tstamp *out)
{
	struct err e;

	if (tstamp_parse(o->value, out, &e))
		return true;
	opts_usage(o, "--%s: %s", name, e.text);
	return false;
}

static bool set_bpf(struct job *j, const struct opts *o)
{
	if (strlen(o->value) >= sizeof(j->bpf)) {
		opts_usage(o, "the filter is longer than %zu bytes",
			   sizeof(j->bpf) - 1);
		return false;
	}
	snprintf(j->bpf, sizeof(j->bpf), "%s", o->value);
	return true;
}

static bool set_color(struct job *j, const struct opts *o)
{
	if (strcmp(o->value, "auto") != 0 && strcmp(o->value, "always") != 0 &&
	    strcmp(o->value, "never") != 0) {
		opts_usage(o, "--color wants auto, always or never, not '%s'",
			   o->value);
		return false;
	}
	j->color = o->value;
	return true;
}

static bool set_address(struct job *j, const struct opts *o)
{
	struct err e;

	j->o.has_address = addr_parse(o->value, &j->o.address, &e);
	if (!j->o.has_address)
		opts_usage(o, "--address: %s", e.text);
	return j->o.has_address;
}

static bool set_number(struct job *j, const struct opts *o, int id)
{
	uint64_t v = 0;

	switch (id) {
	case OPT_ALPHA:
		return opts_double(o, "alpha", 1e-9, 0.5, &j->o.alpha);
	case OPT_MAX_CONNS:
		if (!opts_uint(o, "max-conns", 16, 1 << 28, &v))
			return false;
		j->o.max_conns = (uint32_t)v;
		return true;
	case OPT_MAX_PAIRS:
		if (!opts_uint(o, "max-pairs", 16, 1 << 24, &v))
			return false;
		j->o.max_pairs = (uint32_t)v;
		return true;
	case OPT_THREADS:
		if (!opts_uint(o, "threads", 1, 2, &v))
			return false;
		j->o.threads = (unsigned)v;
		return true;
	default:
		return opts_uint(o, "seed", 0, UINT64_MAX, &j->o.seed);
	}
}

static bool take_option(struct job *j, const struct opts *o, int id)
{
	switch (id) {
	case OPT_ADDRESS:
		return set_address(j, o);
	case OPT_FROM:
		return set_time(o, "from", &j->o.input.from);
	case OPT_TO:
		return set_time(o, "to", &j->o.input.to);
	case OPT_FILTER:
		return set_bpf(j, o);
	case OPT_JSON:
		j->json = o->value != NULL ? o->value : "-";
		/* a case names what it was made from */
		j->o.input.want_sha256 = true;
		j->o.input.hash_thread = true;
		j->o.frames = true;
		return true;
	case OPT_ALL:
		j->o.all = j->style.all = true;
		return true;
	case OPT_SAME_HOST:
		return add_same_host(j, o);
	case OPT_JOIN_BY_MAC:
		j->join_by_mac = true;
		return true;
	case OPT_EXPECTED:
		j->o.expected = o->value;
		return true;
	case OPT_SENSOR:
		return add_sensor(j, o);
	case OPT_COLOR:
		return set_color(j, o);
	case OPT_PROGRESS:
		j->progress = true;
		return true;
	case OPT_QUIET:
		j->quiet = true;
		return true;
	case OPT_MRT:
		j->mrt[j->n_mrt++] = o->value;
		j->o.passive = true;
		return true;
	case OPT_NO_FAR_END:
		j->o.no_far_end = true;
		return true;
	case OPT_CALIBRATION:
		j->o.calibration = o->value;
		return true;
	case OPT_SIGNATURES:
		j->o.signatures = o->value;
		return true;
	case OPT_NO_SANDBOX:
		j->sandbox = false;
		return true;
	default:
		return set_number(j, o, id);
	}
}

/* Words behind "--" are the filter, joined as tcpdump does. */
static bool join_bpf(struct job *j, const struct opts *o)
{
	size_t used = 0;

	if (!o->has_rest || o->n_rest == 0)
		return true;
	if (j->bpf[0] != '\0') {
		opts_usage(o, "a filter behind -- and --filter: which one?");
		return false;
	}
	for (size_t i = 0; i < o->n_rest; i++) {
		int n = snprintf(j->bpf + used, sizeof(j->bpf) - used, "%s%s",
				 i > 0 ? " " : "", o->rest[i]);

		used += (size_t)n;
		if (used >= sizeof(j->bpf)) {
			opts_usage(o, "the filter is longer than %zu bytes",
				   sizeof(j->bpf) - 1);
			return false;
		}
	}
	return true;
}

static void set_style(struct job *j)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	bool tty = isatty(STDOUT_FILENO) == 1;
	struct winsize w;

	if (strcmp(j->color, "auto") == 0)
		j->style.color = tty &&
				 (no_color == NULL || no_color[0] == '\0') &&
				 (term == NULL || strcmp(term, "dumb") != 0);
	else
		j->style.color = strcmp(j->color, "always") == 0;
	if (tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0)
		j->style.width = w.ws_col;
}

static double seconds_since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - t->tv_sec) +
	       (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

/* One line, at most five times a second, after the first second. */
static void show_progress(void *arg, uint64_t done, uint64_t all,
			  uint64_t packets)
{
	struct job *j = arg;
	double s = seconds_since(&j->started);

	if (s < 1.0 || seconds_since(&j->last_shown) < 0.2)
		return;
	clock_gettime(CLOCK_MONOTONIC, &j->last_shown);
	fprintf(stderr, "\r%" PRIu64 " packets, %.2f million/s", packets,
		(double)packets / s / 1e6);
	if (all > 0 && done <= all)
		fprintf(stderr, ", %3.0f %%",
			100.0 * (double)done / (double)all);
	fputs("   ", stderr);
	j->progress_shown = true;
}

static void show_snapshot(void *arg, const struct case_record *c)
{
	struct job *j = arg;

	if (j->json != NULL && j->json_file == stdout)
		report_text(stderr, c, &j->style);
	else
		report_text(stdout, c, &j->style);
}

/* What is no regular file has nothing to be emptied of. */
static bool empty_file(FILE *f)
{
	return ftruncate(fileno(f), 0) == 0 || errno == EINVAL;
}

static int print_case(struct job *j, const struct case_record *c)
{
	if (j->json_file != NULL) {
		bool good = empty_file(j->json_file) &&
			    report_json(j->json_file, c, j->o.all);

		if (j->json_file != stdout && fclose(j->json_file) != 0)
			good = false;
		if (!good) {
			fprintf(stderr, "wellspring: writing %s: %s\n",
				j->style.stored != NULL ? j->style.stored
							: "the case",
				strerror(errno));
			return EXIT_CANNOT;
		}
	}
	if (j->json_file != stdout && !report_text(stdout, c, &j->style)) {
		fprintf(stderr, "wellspring: writing the report: %s\n",
			strerror(errno));
		return EXIT_CANNOT;
	}
	if (c->damaged)
		return EXIT_DAMAGED;
	return case_has_sufficient(c) ? EXIT_DONE : EXIT_INSUFFICIENT;
}

static bool confine(struct job *j)
{
	size_t n = j->o.input.n_paths;
	const char **paths;
	char note[128];

	if (!j->sandbox)
		return true;
	paths = calloc(n + 2 * j->n_mrt + 3, sizeof(*paths));
	if (paths == NULL) {
		opts_no_memory();
		return false;
	}
	memcpy(paths, j->o.input.paths, n * sizeof(*paths));
	if (j->o.expected != NULL)
		paths[n++] = j->o.expected;
	if (j->o.calibration != NULL)
		paths[n++] = j->o.calibration;
	if (j->o.signatures != NULL)
		paths[n++] = j->o.signatures;
	n += routes_readable(j->mrt, j->n_mrt, paths + n);
	sandbox_enter(paths, n, note, sizeof(note));
	if (note[0] != '\0' && !j->quiet)
		fprintf(stderr, "wellspring: note: %s\n", note);
	free(paths);
	return true;
}

/* Behind the pairs that were given come those of this sensor's LAN. */
static bool join_by_mac(struct job *j, struct err *e)
{
	struct addr(*found)[2], (*all)[2];
	size_t n;

	if (!j->join_by_mac)
		return true;
	if (!hosts_by_mac(&j->o.input, &found, &n, e))
		return false;
	all = reallocarray(j->o.same_host, j->n_given + n + 1, sizeof(*all));
	if (all != NULL) {
		j->o.same_host = all;
		memcpy(all + j->n_given, found, n * sizeof(*all));
		j->o.n_same_host = j->n_given + n;
	}
	free(found);
	return all != NULL || err_set(e, ERR_MEMORY, "no memory");
}

/* Files of one sensor follow each other: those that do not were probably taken
 * at several places, and are better judged one by one. */
static void warn_of_overlap(const struct case_record *c)
{
	const struct case_capture *before = NULL, *f;

	for (size_t i = 0; i < c->n_captures; i++) {
		f = &c->captures[i];
		if (!tstamp_known(f->first) || !tstamp_known(f->last))
			continue;
		if (before != NULL && f->first.ns < before->last.ns &&
		    before->last.ns - f->first.ns > OVERLAP_NS) {
			fprintf(stderr,
				"wellspring: %s and %s overlap by %.1f s: "
				"files of one sensor follow each other, for "
				"several sensors see --sensor\n",
				before->file, f->file,
				(double)(before->last.ns - f->first.ns) / 1e9);
			return;
		}
		if (before == NULL || f->last.ns > before->last.ns)
			before = f;
	}
}

/* One sensor: its paths, its report, its case. */
static int analyze(struct job *j, struct sensor *s, const char **paths)
{
	struct case_record *c;
	struct err e;
	int status = EXIT_CANNOT;

	err_clear(&e);
	j->o.input.paths = paths;
	j->o.input.n_paths = 0;
	for (size_t i = 0; i < j->n_paths; i++)
		if (&j->sensor[j->sensor_of[i]] == s)
			paths[j->o.input.n_paths++] = j->paths[i];
	j->json_file = s->json_file;
	j->style.stored = s->json[0] != '\0' ? s->json : NULL;
	c = join_by_mac(j, &e) ? analyze_run(&j->o, &e) : NULL;
	if (j->progress_shown)
		fputs("\r\033[K", stderr);
	j->progress_shown = false;
	if (c == NULL ||
	    (j->n_mrt > 0 && !analyze_routes(c, j->mrt, j->n_mrt, &e))) {
		fprintf(stderr, "wellspring: %s\n", e.text);
		if (c == NULL && e.code == ERR_USAGE)
			status = EXIT_USAGE;
		if (j->json_file != NULL && j->json_file != stdout)
			fclose(j->json_file);
	} else {
		if (j->n_sensors > 1 && j->json_file != stdout)
			printf("%ssensor %s\n", s > j->sensor ? "\n" : "",
			       s->name);
		warn_of_overlap(c);
		status = print_case(j, c);
	}
	case_free(c);
	return status;
}

/* Of two sensors: cannot, then damage, then something sufficient. */
static int worse(int a, int b)
{
	static const int order[] = { EXIT_USAGE, EXIT_CANNOT, EXIT_DAMAGED,
				     EXIT_DONE };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return a;
}

static int analyze_all(struct job *j)
{
	const char **paths = calloc(j->n_paths, sizeof(*paths));
	int status = EXIT_INSUFFICIENT;

	if (paths == NULL)
		return opts_no_memory();
	for (size_t i = 0; j->json != NULL && i < j->n_sensors; i++)
		if (!open_json(j, &j->sensor[i]))
			goto cannot;
	if (!j->quiet && (j->progress || isatty(STDERR_FILENO) == 1)) {
		clock_gettime(CLOCK_MONOTONIC, &j->started);
		j->o.progress = show_progress;
		j->o.progress_arg = j;
	}
	j->o.alpha /= (double)j->n_sensors; /* the whole run's */
	j->n_given = j->o.n_same_host;
	j->o.want_stop = &stop_wanted;
	j->o.want_snapshot = &snapshot_wanted;
	j->o.on_snapshot = show_snapshot;
	j->o.snapshot_arg = j;
	catch_signals();
	if (!confine(j))
		goto cannot;
	for (size_t i = 0; i < j->n_sensors; i++) {
		if (i > 0 && stop_wanted) {
			fprintf(stderr, "wellspring: sensor %s: not read\n",
				j->sensor[i].name);
			goto cannot;
		}
		status = worse(status, analyze(j, &j->sensor[i], paths));
	}
	free(paths);
	return status;
cannot:
	free(paths);
	return EXIT_CANNOT;
}

static const char *given_twice(const struct job *j)
{
	for (size_t i = 1; i < j->n_paths; i++) {
		const char *a = j->paths[i];

		assert(a != NULL);
		for (size_t k = 0; k < i; k++)
			if (strcmp(a, j->paths[k]) == 0)
				return a;
	}
	return NULL;
}

/* The options were read; what they say together. */
static int check_and_analyze(struct job *j, const struct opts *o)
{
	const char *twice;

	if (!join_bpf(j, o))
		return EXIT_USAGE;
	if (o->n_args + j->n_paths == 0)
		return opts_usage(o, "no capture given");
	if (o->n_args > 0 && j->n_paths > 0)
		return opts_usage(o, "'%s' belongs to no --sensor", o->args[0]);
	if (j->n_sensors > 1 && j->json != NULL && strcmp(j->json, "-") == 0)
		return opts_usage(o, "several sensors have several cases: "
				     "--json=FILE");
	if (tstamp_known(j->o.input.from) && tstamp_known(j->o.input.to) &&
	    j->o.input.from.ns > j->o.input.to.ns)
		return opts_usage(o, "--from is later than --to");
	if (j->n_sensors == 0)
		j->n_sensors = 1;
	for (size_t i = 0; i < o->n_args; i++)
		j->paths[j->n_paths++] = o->args[i];
	twice = given_twice(j);
	if (twice != NULL)
		return opts_usage(o, "'%s' is given twice", twice);
	j->o.input.paths = j->paths;
	j->o.input.n_paths = j->n_paths;
	j->o.input.bpf = j->bpf[0] != '\0' ? j->bpf : NULL;
	set_style(j);
	return analyze_all(j);
}

static int run(int argc, char **argv)
{
	size_t room = (size_t)argc + 1; /* of what options may name */
	struct job *j = calloc(1, sizeof(*j));
	int id = OPTS_ERROR, status = EXIT_CANNOT;
	struct opts o;

	if (j == NULL)
		return opts_no_memory();
	j->color = "auto";
	j->sandbox = true;
	analyze_defaults(&j->o);
	j->paths = calloc(room, sizeof(*j->paths));
	j->sensor_of = calloc(room, sizeof(*j->sensor_of));
	j->mrt = calloc(room, sizeof(*j->mrt));
	j->o.same_host = calloc(room, sizeof(*j->o.same_host));
	if (j->paths == NULL || j->sensor_of == NULL || j->mrt == NULL ||
	    j->o.same_host == NULL) {
		status = opts_no_memory();
		goto out;
	}
	opts_begin(&o, &command_analyze, argc, argv);
	while ((id = opts_next(&o)) >= 0) {
		if (!take_option(j, &o, id)) {
			id = OPTS_ERROR;
			break;
		}
	}
	status = id == OPTS_DONE ? check_and_analyze(j, &o) : opts_status(id);
out:
	free(j->o.same_host);
	free(j->paths);
	free(j->sensor_of);
	free(j->mrt);
	free(j);
	return status;
}
