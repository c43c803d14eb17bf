/*
 * delayline.c - the network of the far-end laboratory, in user space.
 *
 * One TUN device per host, made inside the host's network namespace.  A
 * packet read from one is held for the one-way delay of (source host,
 * destination host) plus exponential jitter, may be lost, never overtakes
 * another of its pair, and leaves with its TTL lowered.
 *
 *   delayline CONFIG
 *	host NAME NAMESPACE DEVICE
 *	net  NAME ADDRESS/BITS          (IPv4; longest prefix wins)
 *	path NAME NAME DELAY_US JITTER_US LOSS HOPS [KBIT_PER_S]
 *
 * An IPv6 packet goes where the last four bytes of its destination, taken as
 * an IPv4 address, would go.
 *
 * SIGTERM prints how late packets left, then ends.  A rate makes a queue of at
 * most 150 ms per direction of the pair; the machine's own lateness adds to
 * delay.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { HOSTS = 64, NETS = 256, MTU = 1600, SLOTS = 1 << 15 };

struct host {
	char name[32];
	int fd;
};

struct net {
	uint32_t addr, mask;
	int host;
};

struct path {
	uint32_t delay_us, jitter_us;
	double loss;
	int hops;
	uint32_t kbit; /* 0: no limit */
	int64_t free;  /* when the link has sent what it holds */
	int64_t last;  /* departure of the newest packet */
};

struct packet {
	int64_t due;
	uint64_t order;
	uint16_t len;
	uint16_t out;
	unsigned char data[MTU];
};

static struct host hosts[HOSTS];
static struct net nets[NETS];
static struct path paths[HOSTS][HOSTS];
static int n_hosts, n_nets;
static struct packet *slots;
static uint32_t *heap, *spare, n_heap, n_spare;
static uint64_t order, sent, late, lost;
static int64_t late_max, late_sum;
static volatile sig_atomic_t stop;
static uint64_t seed = 88172645463325252u;

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double unit(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return ((double)(seed >> 11) + 0.5) / 9007199254740992.0;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int find(const char *name)
{
	for (int i = 0; i < n_hosts; i++)
		if (strcmp(hosts[i].name, name) == 0)
			return i;
	fprintf(stderr, "delayline: no host %s\n", name);
	exit(1);
}

static int open_tun(const char *ns, const char *dev)
{
	static int home = -1;
	char file[128];
	struct ifreq r = { 0 };
	int fd, in;

	if (home < 0)
		home = open("/proc/self/ns/net", O_RDONLY);
	snprintf(file, sizeof(file), "/var/run/netns/%s", ns);
	in = open(file, O_RDONLY);
	if (in < 0 || setns(in, CLONE_NEWNET) < 0)
		fail(file);
	close(in);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	if (fd < 0)
		fail("/dev/net/tun");
	r.ifr_flags = IFF_TUN | IFF_NO_PI;
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%.15s", dev);
	if (ioctl(fd, TUNSETIFF, &r) < 0)
		fail("TUNSETIFF");
	if (setns(home, CLONE_NEWNET) < 0)
		fail("setns");
	return fd;
}

static void configure(const char *file)
{
	char line[256], a[64], b[64], c[64];
	FILE *f = fopen(file, "r");

	if (f == NULL)
		fail(file);
	while (fgets(line, sizeof(line), f) != NULL) {
		struct path p = { 0 };

		if (sscanf(line, "host %31s %63s %63s", a, b, c) == 3) {
			snprintf(hosts[n_hosts].name, 32, "%.31s", a);
			hosts[n_hosts++].fd = open_tun(b, c);
		} else if (sscanf(line, "net %31s %63[^/]/%63s", a, b, c) ==
			   3) {
			int bits = atoi(c);
			uint32_t m = bits ? ~UINT32_C(0) << (32 - bits) : 0;

			nets[n_nets].mask = m;
			nets[n_nets].addr = ntohl(inet_addr(b)) & m;
			nets[n_nets++].host = find(a);
		} else if (sscanf(line, "path %31s %31s %u %u %lf %d %u", a, b,
				  &p.delay_us, &p.jitter_us, &p.loss, &p.hops,
				  &p.kbit) >= 6) {
			paths[find(a)][find(b)] = p;
			paths[find(b)][find(a)] = p;
		}
	}
	fclose(f);
}

static int before(uint32_t a, uint32_t b)
{
	return slots[a].due < slots[b].due || (slots[a].due == slots[b].due &&
					       slots[a].order < slots[b].order);
}

static void push(uint32_t s)
{
	uint32_t i = n_heap++;

	for (; i > 0 && before(s, heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = s;
}

static uint32_t pop(void)
{
	uint32_t top = heap[0], s = heap[--n_heap], i = 0, k;

	while ((k = 2 * i + 1) < n_heap) {
		if (k + 1 < n_heap && before(heap[k + 1], heap[k]))
			k++;
		if (!before(heap[k], s))
			break;
		heap[i] = heap[k];
		i = k;
	}
	heap[i] = s;
	return top;
}

static int route(uint32_t dst)
{
	int best = -1;
	uint32_t mask = 0;

	for (int i = 0; i < n_nets; i++)
		if ((dst & nets[i].mask) == nets[i].addr &&
		    (best < 0 || nets[i].mask > mask)) {
			best = nets[i].host;
			mask = nets[i].mask;
		}
	return best;
}

/* RFC 1624: the checksum after the TTL went down by n. */
static void lower_ttl(unsigned char *p, int n)
{
	uint32_t sum = (uint32_t)(p[10] << 8 | p[11]) + ((uint32_t)n << 8);

	p[8] = (unsigned char)(p[8] - n);
	sum = (sum & 0xffff) + (sum >> 16);
	p[10] = (unsigned char)(sum >> 8);
	p[11] = (unsigned char)sum;
}

/* When the link has room for n bytes more, or -1: the queue is full. */
static int64_t queued(struct path *p, ssize_t n)
{
	int64_t t = now();

	if (p->kbit == 0)
		return t;
	if (p->free < t)
		p->free = t;
	if (p->free - t > 150000000)
		return -1;
	p->free += (int64_t)n * 8 * 1000000 / p->kbit;
	return p->free;
}

static void take(int in)
{
	for (int k = 0; k < 32 && n_spare > 0; k++) {
		uint32_t s = spare[n_spare - 1];
		struct packet *q = &slots[s];
		ssize_t n = read(hosts[in].fd, q->data, MTU);
		struct path *p;
		int out, v6 = 0;
		int64_t leaves;

		if (n < 20)
			return;
		if (q->data[0] >> 4 == 6 && n >= 40)
			v6 = 1;
		else if (q->data[0] >> 4 != 4)
			continue;
		out = route(
			ntohl(*(uint32_t *)(void *)(q->data + (v6 ? 36 : 16))));
		if (out < 0 || out == in)
			continue;
		p = &paths[in][out];
		if (q->data[v6 ? 7 : 8] <= p->hops || unit() < p->loss) {
			lost++;
			continue;
		}
		leaves = queued(p, n);
		if (leaves < 0) {
			lost++;
			continue;
		}
		if (v6)
			q->data[7] = (unsigned char)(q->data[7] - p->hops);
		else
			lower_ttl(q->data, p->hops);
		q->due = leaves + (int64_t)p->delay_us * 1000;
		if (p->jitter_us > 0)
			q->due -= (int64_t)(log(unit()) * p->jitter_us * 1000);
		if (q->due < p->last)
			q->due = p->last;
		p->last = q->due;
		q->len = (uint16_t)n;
		q->out = (uint16_t)out;
		q->order = order++;
		n_spare--;
		push(s);
	}
}

static void release(void)
{
	while (n_heap > 0 && slots[heap[0]].due <= now()) {
		uint32_t s = pop();
		int64_t d = now() - slots[s].due;

		if (write(hosts[slots[s].out].fd, slots[s].data, slots[s].len) <
		    0)
			lost++;
		sent++;
		late_sum += d;
		late += d > 1000000;
		late_max = d > late_max ? d : late_max;
		spare[n_spare++] = s;
	}
}

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

int main(int argc, char **argv)
{
	struct pollfd pfd[HOSTS];
	struct sched_param prio = { .sched_priority = 10 };

	if (argc != 2)
		return 2;
	slots = calloc(SLOTS, sizeof(*slots));
	heap = calloc(SLOTS, sizeof(*heap));
	spare = calloc(SLOTS, sizeof(*spare));
	if (slots == NULL || heap == NULL || spare == NULL)
		fail("memory");
	for (uint32_t i = 0; i < SLOTS; i++)
		spare[n_spare++] = i;
	configure(argv[1]);
	signal(SIGTERM, on_term);
	(void)sched_setscheduler(0, SCHED_FIFO, &prio);
	(void)mlockall(MCL_CURRENT);
	for (int i = 0; i < n_hosts; i++)
		pfd[i] = (struct pollfd){ .fd = hosts[i].fd, .events = POLLIN };
	puts("ready");
	fflush(stdout);
	while (!stop) {
		int64_t wait = n_heap ? slots[heap[0]].due - now() : 100000000;
		struct timespec t = { 0, 0 };

		if (wait > 0)
			t.tv_nsec = wait > 100000000 ? 100000000 : wait;
		if (ppoll(pfd, (nfds_t)n_hosts, &t, NULL) > 0)
			for (int i = 0; i < n_hosts; i++)
				if (pfd[i].revents & POLLIN)
					take(i);
		release();
	}
	printf("{\"packets\": %llu, \"lost\": %llu, \"mean_late_us\": %.1f, "
	       "\"max_late_us\": %.1f, \"over_1ms\": %llu}\n",
	       (unsigned long long)sent, (unsigned long long)lost,
	       sent ? (double)late_sum / (double)sent / 1e3 : 0,
	       (double)late_max / 1e3, (unsigned long long)late);
	return 0;
}
