/*
 * infer.c - question A: does the address terminate TCP for somebody else?
 *
 * Hypotheses for the gaps x of an address (t = total delay behind the ACK):
 *   relay    t = far leg + program: one leg for all connections, or one per
 *            connection, perhaps beside as many connections of its own;
 *            legs log-uniform on a grid; some turns take two legs, with or
 *            without a delayed ACK (small copies, Nagle)
 *   fast     t = program, at the calibrated offset of each kind of turn; a
 *            share of whole connections meets a slow episode
 *   slow     a slow program: an unknown delay per program and kind of turn,
 *            or per connection and kind; or a host that stalls, each turn
 *            anywhere between nothing and an unknown longest time, or late
 *            by an unknown mean
 * Each but fast has a busy host beside it: some turns are answered at once,
 * the others after an unknown excess (noise), the same for all.  A leg is a
 * floor under all turns, whatever the noise above it; a busy direct host has
 * turns without delay.
 *   constant a program slow by the same time at every turn: the same density
 *            as relay, so its calibrated share bounds the LR for ever
 * LR = relay / ((1-slow-constant) fast + slow * slow + constant * relay).
 * Kinds of turns that agree on one delay is what a slow program does not do;
 * repeating one kind with one program adds nothing against it.
 * One connection counts at most 100 (LR_CONN_CAP).
 *
 * Density of a turn: Student's t with 3 degrees of freedom, wider to the
 * right (programs are late, never early), plus a heavy tail; its width holds
 * the path's own jitter.  Only + - * / and num_log/num_exp: same bits
 * everywhere.
 * Wrong when the relay answers in the client's place, delays its ACKs, or
 * when the path's jitter exceeds half the leg: those abstain.
 */
#include <string.h>

#include "farend/track.h"

#define GRID	    89 /* 0.5 ms to 1024 ms, eight steps per octave */
#define GRID_LOW_MS 0.5
#define LEG_FIRST   24 /* legs below 4 ms are not told from a busy client */
#define LEGS_GRID   (GRID - LEG_FIRST)
#define OWN_CLIENTS 0.05 /* of its connections: its own, or too near */
#define LEG_STEP    1.0905077326652577 /* 2^(1/8), one step of the grid */
#define TURNS	    (FE_TURNS + 1)     /* and the hello delay */
#define OWN_LEGS    0.1	  /* share of relays whose clients differ */
#define BESIDE	    0.001 /* of relays that open as many of their own */
#define MANY_OWN    0.4	  /* then */
/* What makes a host slow, shares: programs with delays of their own, the
 * same in each connection anew, a busy host, even stalls. */
#define SLOW_PROGRAMS	0.3
#define SLOW_OWN	0.2
#define SLOW_BUSY	0.3
#define SLOW_STALL	0.2
#define SLOW_PROGRAM	0.3  /* of the programs of such a host */
#define STALL_RARE_MS	16.0 /* longer stalls are rarer, as 1 / length */
#define NEVER		0.03 /* turns at once of a host that is always busy */
#define HELLO_FORWARD	0.6  /* hellos that leave a forwarder at once */
#define NOISE		5    /* levels of excess of a busy host */
#define LR_CONN_CAP	100.0
#define LR_CONN_LOW	1e-3	/* a connection without delay, against */
#define TAIL_LOG	7.6009	/* ln(2000): the tail spans 1 ms to 2 s */
#define T3_NORM		0.36755 /* 2 / (pi sqrt 3): density of t3 at 0 */
#define RELAY_WIDTH	0.04	/* of the leg: jitter of the far path */
#define DELAYED_ACK_MS	42.0	/* Linux, 40 ms from a timer; Nagle: RFC 896 */
#define SLOW_GAP_NS	INT64_C(8000000) /* median gap of a slow client */
#define YES_TURNS	3		 /* two that agree are too few */
#define SLOW_FOR_NO	1e3		 /* slow that much likelier: no "no" */
#define TOLD_NOT	0.05 /* hello delays that do not fit the kind */
#define SPREAD_MAX_MS	15.0 /* a kind that varies more is not used */
#define FAST_HELLO_TAIL 0.10 /* browsers open connections in advance */

struct turn {
	double x;	 /* ms */
	double centre;	 /* of a fast client, ms */
	double left;	 /* widths, ms */
	double sharp;	 /* to the right, of a turn answered at once */
	double right;	 /* and of one that waited for the processor */
	double with_ack; /* hello: density of one sent with the ACK */
	double tail;
	unsigned kind;
};

/* Levels of a busy host: the longer it keeps its programs waiting, the fewer
 * turns are answered at once. */
static const struct {
	double excess_ms, at_once, hello;
} noise[NOISE] = { { 0, 0.5, 0.25 },
		   { 4, 0.35, 0.2 },
		   { 10, 0.2, 0.1 },
		   { 25, 0.1, 0.05 },
		   { 60, 0.1, 0.05 } };

/* One connection at one level of noise. */
struct level {
	double f[TURNS][GRID]; /* density of each turn, per delay */
	double zero[TURNS];    /* and without delay */
	double relay[2][GRID]; /* forwarder, told: per leg: ratio to fast */
	double busy;	       /* log: no delay but noise */
	double never;	       /* the same, hardly a turn at once */
	double slow_own;       /* log: own delay per kind */
	double any_leg[2];     /* log: relay, averaged over legs */
};

struct conn_lik {
	struct turn turn[TURNS];
	int n;
	struct level level[NOISE];
	double stall[GRID]; /* anything up to that long: ratio to fast */
	double fast;	    /* log, floored by the cap */
	double best_leg_ms, best_log;
	const struct fe_summary *s;
};

struct model {
	const struct farend_calib *c;
	double grid[GRID];
	int nagle[GRID]; /* index of two legs and a delayed ACK */
	double jitter_ms;
	struct conn_lik conn[FAREND_CONNS];
	int n;
	int levels; /* of noise looked at: 1 when most turns are fast */
	uint32_t kinds, stacks, turns;
	double relay_one[GRID]; /* log, one leg for all */
	double one[NOISE], each[NOISE];
	double log_one, log_each; /* relay: one leg, or one each */
	double log_relay, log_fast, log_slow, log_null;
};

static double log_sum(const double *v, int n)
{
	double top = v[0], sum = 0;

	for (int i = 1; i < n; i++)
		if (v[i] > top)
			top = v[i];
	for (int i = 0; i < n; i++)
		if (v[i] - top > -700)
			sum += num_exp(v[i] - top);
	return top + num_log(sum);
}

/* Student's t with 3 degrees of freedom, one width to each side. */
static double half_t3(double d, double left, double right)
{
	double z = d / (d < 0 ? left : right), k = 1 + z * z / 3;

	return 2 * T3_NORM / ((left + right) * k * k);
}

/* Density of one turn at total shift t ms, of a host that answers a share
 * at_once of its turns at once and the rest after an excess of about noise
 * ms. */
static double density(const struct turn *u, double t, double at_once,
		      double noise_ms)
{
	double w = RELAY_WIDTH * t, left = u->left + w;
	double d = u->x - (u->centre + t), tail;
	double core = at_once * half_t3(d, left, u->sharp + w) +
		      (1 - at_once) * half_t3(d, left, u->right + w + noise_ms);

	if (u->x >= t)
		tail = (t > 0 ? 0.7 : 1.0) / (TAIL_LOG * (u->x - t + 1));
	else
		tail = 0.3 / t; /* a crossing flight that looked like a turn */
	return (1 - u->tail) * core + u->tail * tail;
}

/* A host that stalls: anywhere from nothing to longest ms. */
static double stalled(const struct turn *u, double longest)
{
	double x = u->x - u->centre;

	if (x <= longest)
		return (1 - u->tail) / (longest + u->left);
	return u->tail / (TAIL_LOG * (x - longest + 1));
}

static void add_turn(struct model *m, struct conn_lik *l, unsigned kind,
		     double x_ms, bool from_d)
{
	const struct fe_kind_calib *k = &m->c->kind[kind];
	struct turn *u = &l->turn[l->n];
	double spread = k->spread_us / 1000, j = m->jitter_ms;
	double offset = k->offset_us / 1000;

	if (spread > SPREAD_MAX_MS)
		return; /* costly key exchanges: their time hides any leg */
	l->n++;
	u->kind = kind;
	u->x = x_ms;
	u->centre = offset + (from_d ? 0.7 * j : 0);
	u->left = 0.15 + 0.3 * offset + (from_d ? 0.8 : 0.6) * j;
	u->sharp = 0.4 + 0.5 * offset + (from_d ? 1.0 : 0.6) * j;
	u->right = 0.15 + spread + (from_d ? 1.0 : 0.6) * j;
	u->with_ack = half_t3(x_ms, 0.1 + 0.6 * j, 0.2 + 0.6 * j);
	u->tail = k->tail > m->c->eps ? k->tail : m->c->eps;
	if (kind == FE_K_HELLO && u->tail < FAST_HELLO_TAIL)
		u->tail = FAST_HELLO_TAIL;
}

/* The relay's density: one leg; for some turns two, or two and the delayed
 * ACK of the client that the relay's Nagle algorithm waits for.  A forwarder
 * opens both legs at once: no hello delay.  A relay that is told where to
 * connect (SOCKS, CONNECT, ssh -D) shows the leg, ssh -W two. */
static double relay_at(const struct model *m, const struct conn_lik *l, int k,
		       int i, int j, int told)
{
	const struct level *v = &l->level[k];
	const double *f = v->f[i];
	double two = f[j + 8 < GRID ? j + 8 : GRID - 1];
	double multi = m->c->multi, p;

	if (l->turn[i].kind <= FE_K_TLS13)
		multi = 2.5 * multi < 0.5 ? 2.5 * multi : 0.5;
	p = (1 - multi) * f[j] + multi / 2 * (two + f[m->nagle[j]]);
	if (l->turn[i].kind != FE_K_HELLO)
		return p;
	if (told)
		return TOLD_NOT * v->zero[i] + 0.6 * p + (0.4 - TOLD_NOT) * two;
	return (1 - TOLD_NOT) * f[0] + TOLD_NOT * p;
}

static double average(const double *v, int n)
{
	double sum = 0;

	for (int j = 0; j < n; j++)
		sum += v[j];
	return sum / n;
}

/* log: each kind of turn has a delay of its own; row[i] is the density of
 * turn i per delay.  24 turns of a kind say what there is to say. */
static double own_per_kind(const double *const *row, const unsigned *kind,
			   int n)
{
	double sum = 0;

	for (unsigned k = 0; k < FE_KINDS; k++) {
		double p[GRID];
		int used = 0;

		for (int i = 0; i < n && used < 24; i++) {
			if (kind[i] != k)
				continue;
			for (int j = 0; j < GRID; j++)
				p[j] = used == 0 ? row[i][j] : p[j] * row[i][j];
			used++;
		}
		if (used > 0) {
			double mean = average(p, GRID);

			sum += num_log(mean > 1e-280 ? mean : 1e-280);
		}
	}
	return sum;
}

static double log_of(double x)
{
	return num_log(x > 1e-280 ? x : 1e-280);
}

/* The densities of the turns of one connection at one level of noise.  For a
 * hello the first place on the grid is "with the ACK": of a forwarder, or of a
 * program that has it ready. */
static void fill_densities(const struct model *m, struct conn_lik *l, int k)
{
	struct level *v = &l->level[k];
	double busy = 1, never = 1;

	for (int i = 0; i < l->n; i++) {
		const struct turn *u = &l->turn[i];

		for (int j = 0; j < GRID; j++)
			v->f[i][j] = density(u, m->grid[j], noise[k].at_once,
					     noise[k].excess_ms);
		v->zero[i] =
			density(u, 0, noise[k].at_once, noise[k].excess_ms);
		if (u->kind == FE_K_HELLO) {
			v->zero[i] = noise[k].hello * u->with_ack +
				     (1 - noise[k].hello) * v->zero[i];
			v->f[i][0] = HELLO_FORWARD * u->with_ack +
				     (1 - HELLO_FORWARD) * v->zero[i];
		}
		busy *= v->zero[i];
		never *= density(u, 0, NEVER, noise[k].excess_ms);
	}
	v->busy = log_of(busy);
	v->never = log_of(never);
}

/* One level of noise: what each hypothesis says of this connection, not yet
 * put in relation to fast.  Returns relay, averaged over legs. */
static double fill_level(const struct model *m, struct conn_lik *l, int k)
{
	struct level *v = &l->level[k];
	const double *row[TURNS];
	unsigned kind[TURNS];
	double any = 0;

	fill_densities(m, l, k);
	for (int j = 0; j < GRID; j++)
		v->relay[0][j] = v->relay[1][j] = 1;
	for (int i = 0; i < l->n; i++) {
		for (int j = 0; j < GRID; j++)
			for (int t = 0; t < 2; t++)
				v->relay[t][j] *= relay_at(m, l, k, i, j, t);
		row[i] = v->f[i];
		kind[i] = l->turn[i].kind;
	}
	for (int t = 0; t < 2; t++) {
		double a = average(v->relay[t] + LEG_FIRST, LEGS_GRID);

		any += a / 2;
		v->any_leg[t] = log_of(a);
	}
	v->slow_own = own_per_kind(row, kind, l->n);
	return any;
}

/* Ratios to fast, so that products over connections need no logarithm: the
 * cap bounds them on both sides. */
static void ratios(const struct model *m, struct conn_lik *l, double fast,
		   double floor)
{
	double best = 0;

	l->fast = num_log(fast);
	for (int j = 0; j < GRID; j++) {
		double sum = 0, s = l->stall[j] / fast;

		for (int k = 0; k < 2 * m->levels; k++) {
			double *p = &l->level[k / 2].relay[k % 2][j];
			double r = *p / fast;

			sum += r / 2;
			*p = r > LR_CONN_LOW ? r : LR_CONN_LOW;
		}
		if (j >= LEG_FIRST && sum > best) {
			best = sum;
			l->best_leg_ms = m->grid[j];
		}
		l->stall[j] = s < 1e-8 ? 1e-8 : s > 1e6 ? 1e6 : s;
	}
	l->best_log = l->fast + log_of(best / m->levels);
	for (int k = 0; k < m->levels; k++) {
		struct level *v = &l->level[k];

		if (v->slow_own < num_log(floor))
			v->slow_own = num_log(floor);
		if (v->busy < num_log(floor * 1e-4))
			v->busy = num_log(floor * 1e-4);
		if (v->never < num_log(floor * 1e-4))
			v->never = num_log(floor * 1e-4);
	}
}

static void conn_likelihood(const struct model *m, struct conn_lik *l)
{
	double fast, own = 0, any = 0;

	for (int k = 0; k < m->levels; k++) {
		double a = fill_level(m, l, k);

		any = a > any ? a : any;
		own += num_exp(l->level[k].slow_own) / m->levels;
	}
	for (int j = 0; j < GRID; j++) {
		l->stall[j] = 1;
		for (int i = 0; i < l->n; i++)
			l->stall[j] *= stalled(&l->turn[i], m->grid[j]);
	}
	fast = (1 - m->c->eps_conn) * num_exp(l->level[0].busy) +
	       m->c->eps_conn * own;
	if (fast < any / LR_CONN_CAP)
		fast = any / LR_CONN_CAP;
	if (fast < 1e-270)
		fast = 1e-270;
	ratios(m, l, fast,
	       any / LR_CONN_CAP > 1e-270 ? any / LR_CONN_CAP : 1e-270);
}

/* Some programs of a slow host keep a delay per kind of turn over
 * connections; the others share what keeps the host busy. */
static double slow_by_program(const struct model *m, int k)
{
	const double *row[FAREND_CONNS * TURNS];
	unsigned kind[FAREND_CONNS * TURNS];
	double sum = 0;

	for (int i = 0; i < m->n; i++) {
		uint32_t stack = m->conn[i].s->stack;
		double v[2] = { num_log(SLOW_PROGRAM),
				num_log(1 - SLOW_PROGRAM) };
		bool before = false;
		int n = 0;

		for (int j = 0; j < i; j++)
			before |= m->conn[j].s->stack == stack;
		if (before)
			continue;
		for (int j = i; j < m->n; j++) {
			const struct conn_lik *l = &m->conn[j];

			if (l->s->stack != stack)
				continue;
			v[1] += l->level[k].busy;
			for (int t = 0; t < l->n; t++) {
				row[n] = l->level[k].f[t];
				kind[n++] = l->turn[t].kind;
			}
		}
		v[0] += own_per_kind(row, kind, n);
		sum += log_sum(v, 2);
	}
	return sum;
}

/* One level of noise: log of a slow host. */
static double slow_at(const struct model *m, int k)
{
	double v[4] = { slow_by_program(m, k) + num_log(SLOW_PROGRAMS),
			num_log(SLOW_OWN), num_log(SLOW_BUSY / 2),
			num_log(SLOW_BUSY / 2) };

	for (int i = 0; i < m->n; i++) {
		v[1] += m->conn[i].level[k].slow_own;
		v[2] += m->conn[i].level[k].busy;
		v[3] += m->conn[i].level[k].never;
	}
	return log_sum(v, 4);
}

/* A relay, told where to connect or not, at one level of noise: one leg or own
 * legs, and each of them beside many connections of the relay's own. */
struct kinds {
	double one[GRID], beside[GRID]; /* ratio to fast, per leg */
	double each, each_beside;	/* log */
};

static void add_conn(struct kinds *x, const struct conn_lik *l, int k, int told)
{
	const double *relay = l->level[k].relay[told];
	double v[2];

	for (int j = 0; j < GRID; j++) {
		x->one[j] *= relay[j];
		x->beside[j] *= (1 - MANY_OWN) * relay[j] + MANY_OWN;
	}
	v[0] = l->level[k].any_leg[told] + num_log(1 - OWN_CLIENTS);
	v[1] = l->fast + num_log(OWN_CLIENTS);
	x->each += log_sum(v, 2);
	v[0] = l->level[k].any_leg[told] + num_log(1 - MANY_OWN);
	v[1] = l->fast + num_log(MANY_OWN);
	x->each_beside += log_sum(v, 2);
}

/* One level of noise over all connections: log of relay.  Whether it is told
 * where to connect is the relay's own, whatever its clients. */
static double relay_at_level(struct model *m, int k)
{
	double one = 0, beside = 0, each[2], each_beside[2], v[3];

	for (int told = 0; told < 2; told++) {
		struct kinds x = { .each = 0 };

		for (int j = 0; j < GRID; j++)
			x.one[j] = x.beside[j] = 1;
		for (int i = 0; i < m->n; i++)
			add_conn(&x, &m->conn[i], k, told);
		for (int j = 0; j < GRID; j++)
			m->relay_one[j] += x.one[j] / (2 * m->levels);
		one += average(x.one + LEG_FIRST, LEGS_GRID) / 2;
		beside += average(x.beside + LEG_FIRST, LEGS_GRID) / 2;
		each[told] = x.each - num_log(2);
		each_beside[told] = x.each_beside - num_log(2);
	}
	m->one[k] = m->log_fast + log_of(one) + num_log(1 - OWN_LEGS);
	v[0] = log_sum(each, 2) + num_log(OWN_LEGS);
	v[1] = log_sum(each_beside, 2) + num_log(OWN_LEGS * BESIDE);
	v[2] = m->log_fast + log_of(beside) + num_log((1 - OWN_LEGS) * BESIDE);
	m->each[k] = log_sum(v, 3);
	v[0] = m->one[k];
	v[1] = m->each[k];
	return log_sum(v, 2);
}

/* A host that stalls, over all connections, as a ratio to fast. */
static double stalling(const struct model *m)
{
	double sum = 0, all = 0;

	for (int j = 0; j < GRID; j++) {
		double w = m->grid[j] < STALL_RARE_MS
				   ? 1
				   : STALL_RARE_MS / m->grid[j];
		double p = 1;

		for (int i = 0; i < m->n; i++)
			p *= m->conn[i].stall[j];
		sum += w * p;
		all += w;
	}
	return sum / all;
}

static void combine(struct model *m)
{
	double relay[NOISE], slow[NOISE], w[3];
	int n = m->levels;

	m->log_fast = 0;
	for (int j = 0; j < GRID; j++)
		m->relay_one[j] = 0;
	for (int i = 0; i < m->n; i++)
		m->log_fast += m->conn[i].fast;
	for (int k = 0; k < n; k++) {
		relay[k] = relay_at_level(m, k);
		slow[k] = slow_at(m, k);
	}
	for (int j = 0; j < GRID; j++)
		m->relay_one[j] = m->log_fast + log_of(m->relay_one[j]);
	m->log_one = log_sum(m->one, n) - num_log(n);
	m->log_each = log_sum(m->each, n) - num_log(n);
	m->log_relay = log_sum(relay, n) - num_log(n);
	w[0] = log_sum(slow, n) - num_log(n);
	w[1] = m->log_fast + log_of(SLOW_STALL * stalling(m));
	m->log_slow = log_sum(w, 2);
	w[0] = num_log(1 - m->c->slow - m->c->constant) + m->log_fast;
	w[1] = num_log(m->c->slow) + m->log_slow;
	w[2] = num_log(m->c->constant) + m->log_relay;
	m->log_null = log_sum(w, 3);
}

static microbans to_bans(double natural)
{
	double b = natural / 2.302585092994046 * 1e6;

	if (b > 99e6)
		b = 99e6;
	if (b < -99e6)
		b = -99e6;
	return b < 0 ? -(microbans)(-b + 1) : (microbans)b;
}

/* Connections in the order in which they shall be used: spread over the
 * client programs, those with turns only. */
static int choose(const struct fe_view *v, const struct fe_summary **out)
{
	bool taken[FAREND_CONNS * 4] = { false };
	int n = 0;

	for (int round = 0; round < FAREND_CONNS && n < FAREND_CONNS; round++)
		for (size_t i = 0; i < v->n && n < FAREND_CONNS; i++) {
			int same = 0;

			if (taken[i] || v->u[i]->r0_us == 0 ||
			    (v->u[i]->n_turns == 0 &&
			     !(v->u[i]->flags & FE_HELLO)))
				continue;
			for (int k = 0; k < n; k++)
				same += out[k]->stack == v->u[i]->stack;
			if (same > round)
				continue;
			taken[i] = true;
			out[n++] = v->u[i];
		}
	return n;
}

static void build(struct model *m, const struct fe_view *v)
{
	const struct fe_summary *u[FAREND_CONNS];
	uint32_t kinds = 0, stacks = 0;

	m->c = v->f->calib;
	m->turns = 0;
	m->log_fast = m->log_relay = m->log_slow = 0;
	m->jitter_ms = v->jitter_ns < 0 ? 1.0 : (double)v->jitter_ns / 1e6;
	m->n = choose(v, u);
	for (int i = 0; i < m->n; i++) {
		struct conn_lik *l = &m->conn[i];
		bool seen = false;

		l->s = u[i];
		l->n = 0;
		for (int t = 0; t < u[i]->n_turns; t++) {
			uint32_t turn = u[i]->turns[t];

			add_turn(m, l, fe_turn_kind(turn),
				 fe_turn_us(turn) / 1000.0,
				 fe_turn_from_d(turn));
		}
		for (int t = 0; t < l->n; t++)
			kinds |= 1u << l->turn[t].kind;
		m->turns += (uint32_t)l->n;
		if (u[i]->flags & FE_HELLO)
			add_turn(m, l, FE_K_HELLO, u[i]->eta_us / 1000.0,
				 false);
		for (int k = 0; k < i; k++)
			seen |= u[k]->stack == u[i]->stack;
		stacks += !seen;
	}
	m->stacks = stacks;
	m->kinds = (uint32_t)__builtin_popcount(kinds);
}

/* Noise needs a look only where at least half of the turns are late. */
static int levels(const struct model *m)
{
	int late = 0, all = 0;

	for (int i = 0; i < m->n; i++)
		for (int t = 0; t < m->conn[i].n; t++) {
			const struct turn *u = &m->conn[i].turn[t];

			if (u->kind == FE_K_HELLO)
				continue;
			all++;
			late += u->x - u->centre > m->grid[LEG_FIRST];
		}
	return 2 * late >= all ? NOISE : 1;
}

/* The costly part, for addresses that have something to say. */
static void weigh(struct model *m)
{
	m->grid[0] = GRID_LOW_MS;
	for (int j = 1; j < GRID; j++)
		m->grid[j] = m->grid[j - 1] * LEG_STEP;
	for (int j = 0, k = 0; j < GRID; j++) {
		while (k < GRID - 1 &&
		       m->grid[k] < 2 * m->grid[j] + DELAYED_ACK_MS)
			k++;
		m->nagle[j] = k;
	}
	m->levels = levels(m);
	for (int i = 0; i < m->n; i++)
		conn_likelihood(m, &m->conn[i]);
	combine(m);
}

static void add_leg(struct farend_entry *e, double low, double high,
		    double best, int conns)
{
	struct farend_leg *g =
		&e->legs[e->n_legs < FAREND_LEGS ? e->n_legs++
						 : FAREND_LEGS - 1];

	g->low_ns = (int64_t)((low < 0 ? 0 : low) * 1e6);
	g->high_ns = (int64_t)((high < 0.5 ? 0.5 : high) * 1e6);
	g->best_ns = (int64_t)(best * 1e6);
	g->conns = (uint32_t)conns;
	if (e->n_legs == 1)
		e->leg = *g;
	if (g->high_ns > e->leg.high_ns)
		e->leg.high_ns = g->high_ns;
	if (g->low_ns < e->leg.low_ns)
		e->leg.low_ns = g->low_ns;
}

/* One leg for all: the middle 95 % of its posterior on the grid, widened by
 * a step, the jitter and the time that programs take (hull). */
static void one_leg(const struct model *m, struct farend_entry *e)
{
	double total = log_sum(m->relay_one, GRID), sum = 0, low = -1;
	double high = m->grid[GRID - 1], best = 0, top = -1e300;

	for (int j = 0; j < GRID; j++) {
		double d = m->relay_one[j] - total;

		if (m->relay_one[j] > top) {
			top = m->relay_one[j];
			best = m->grid[j];
		}
		sum += d > -700 ? num_exp(d) : 0;
		if (low < 0 && sum > 0.025)
			low = m->grid[j];
		if (sum > 0.975) {
			high = m->grid[j];
			break;
		}
	}
	add_leg(e, low / LEG_STEP - m->c->hull_ms - m->jitter_ms,
		high * LEG_STEP + 0.5 + m->jitter_ms, best, m->n);
}

/* Groups of real clients: connections whose best legs lie together. */
static void legs(const struct model *m, struct farend_entry *e)
{
	double v[FAREND_CONNS], j = m->jitter_ms;
	int n = 0, from = 0;

	e->n_legs = 0;
	e->leg = (struct farend_leg){ -1, -1, -1, 0 };
	if (m->log_one >= m->log_each) {
		one_leg(m, e);
		return;
	}
	for (int i = 0; i < m->n; i++) {
		double x = m->conn[i].best_leg_ms;
		int k;

		if (m->conn[i].s->n_turns == 0)
			continue;
		for (k = n++; k > 0 && v[k - 1] > x; k--)
			v[k] = v[k - 1];
		v[k] = x;
	}
	for (int i = 1; i <= n; i++) {
		if (i < n && v[i] < v[i - 1] * 1.3 + 2 + j)
			continue;
		add_leg(e, v[from] / LEG_STEP - m->c->hull_ms - j,
			v[i - 1] * LEG_STEP + 0.5 + j,
			v[from + (i - from - 1) / 2], i - from);
		from = i;
	}
}

/* Smallest leg from which on every longer one is ten times less likely than
 * "fast"; grows until the calibration has power there.  < 0: none. */
static double resolution(const struct model *m, double *log_lr)
{
	double ten = num_log(10.0), sum[GRID], low = -1;
	int j = GRID;

	while (j > 0 && m->log_fast - m->relay_one[j - 1] >= ten)
		j--;
	if (j >= GRID - 16)
		return -1;
	for (int i = 0; i < m->c->n_power; i++) {
		const uint32_t kept = m->c->power[i].kept;

		if (kept * 10.0 >= m->c->power[i].runs * 9.0 &&
		    (low < 0 || m->c->power[i].leg_ms < low))
			low = m->c->power[i].leg_ms;
	}
	if (low < 0)
		return -1;
	while (j < GRID - 16 &&
	       (m->grid[j] < low || m->grid[j] < 2 * m->jitter_ms))
		j++;
	for (int i = j; i < GRID; i++)
		sum[i - j] = m->relay_one[i];
	*log_lr = m->log_fast - (log_sum(sum, GRID - j) - num_log(GRID - j));
	return m->grid[j];
}

static void add_rival(struct farend_entry *e, enum farend_rival r, microbans lr,
		      bool by_timing)
{
	if (e->n_rivals == FAREND_RIVALS)
		return;
	e->rivals[e->n_rivals].name = r;
	e->rivals[e->n_rivals].log10_lr = lr;
	e->rivals[e->n_rivals++].by_timing = by_timing;
}

static void rivals_of_yes(const struct fe_view *v, const struct model *m,
			  struct farend_entry *e)
{
	double late = v->ack_delta_ns > 0 ? (double)v->ack_delta_ns / 1e6 : 0;

	add_rival(e, FAREND_R_SLOW, to_bans(m->log_relay - m->log_slow), true);
	if (e->leg.high_ns >= INT64_C(400000000))
		add_rival(e, FAREND_R_SATELLITE, 0, false);
	add_rival(e, FAREND_R_CARRIER, 0, false);
	/* data ACKs as fast as the handshake: a tunnel over TCP is late in
	 * 19 of 20 (doc/METHODS-farend.md) */
	add_rival(e, FAREND_R_TCPINTCP, late < 5 ? num_microbans(20.0) : 0,
		  true);
	if (e->n_rivals < FAREND_RIVALS)
		add_rival(e,
			  v->rtt_ns < 1000000 ? FAREND_R_BALANCER
					      : FAREND_R_CONGESTION,
			  v->rtt_ns < 1000000
				  ? 0
				  : to_bans(m->log_relay - m->log_fast),
			  v->rtt_ns >= 1000000);
}

/* SOCKS, CONNECT and ssh -D speak only after "connected": the hello delay
 * then shows the leg; a port forward's hello follows at once. */
static void name_kind(const struct model *m, struct farend_entry *e)
{
	int with = 0, without = 0;

	for (int i = 0; i < m->n; i++) {
		double leg = m->conn[i].best_leg_ms, eta;

		if (!(m->conn[i].s->flags & FE_HELLO) || leg < 4 ||
		    leg < 4 * m->jitter_ms ||
		    m->conn[i].best_log < m->conn[i].fast)
			continue;
		eta = m->conn[i].s->eta_us / 1000.0;
		if (eta > leg * 0.3)
			with++;
		else
			without++;
	}
	if (with >= 2 && with > 3 * without)
		strcpy(e->kind, "socks-or-connect");
	else if (without >= 2 && without > 3 * with)
		strcpy(e->kind, "port-forward");
}

/* Evidence that rests on one kind of application alone cannot exclude a
 * relay of that application. */
static enum farend_reason only_application(const struct model *m)
{
	bool ssh = false, tls = false, clear = false, proxy = false;
	uint32_t stack = 0;
	bool many = false;

	for (int i = 0; i < m->n; i++) {
		const struct fe_summary *s = m->conn[i].s;

		ssh |= s->proto == FE_P_SSH;
		clear |= s->proto == FE_P_HTTP || s->proto == FE_P_SMTP;
		proxy |= (s->flags & FE_PROXY) != 0;
		if (s->proto == FE_P_TLS) {
			many |= tls && s->stack != stack;
			tls = true;
			stack = s->stack;
		}
	}
	if (proxy)
		return FAREND_APP_RELAY;
	if (ssh && !tls && !clear)
		return FAREND_LOGIN_HOP;
	if (!ssh && !(tls && many))
		return FAREND_APP_RELAY;
	return FAREND_OK;
}

static void decide_no(const struct fe_view *v, const struct model *m,
		      struct farend_entry *e)
{
	double lr = 0, r = resolution(m, &lr);
	enum farend_reason app = only_application(m);
	int against = 0;

	if (r < 0) {
		e->reason =
			m->jitter_ms > 10 ? FAREND_PATH_JITTER : FAREND_BELOW;
		return;
	}
	for (int i = 0; i < m->n; i++)
		against +=
			m->conn[i].best_leg_ms > r &&
			m->conn[i].best_log - m->conn[i].fast > num_log(30.0);
	if (against * 4 > m->n) {
		e->reason = FAREND_CONFLICT;
		return;
	}
	e->resolution_ns = (int64_t)(r * 1e6);
	e->log10_lr = to_bans(lr);
	e->log10_e = e->log10_lr;
	e->reason = app;
	if (app != FAREND_OK || v->a->dropped)
		return;
	if (e->gap_ns > SLOW_GAP_NS / 2 &&
	    m->log_fast < m->log_slow - num_log(SLOW_FOR_NO)) {
		e->reason = FAREND_SLOW_CLIENT;
		return;
	}
	e->answer = FAREND_NO;
	e->allows_source = e->log10_lr >= MICROBANS_PER_BAN;
}

/* No more may be printed than the validation runs bear. */
static void cap(const struct farend_calib *c, struct farend_entry *e)
{
	microbans top = (microbans)(c->cap_log10 * 1e6);

	e->lr_capped = e->log10_lr > top || e->log10_lr < -top;
	if (e->log10_lr > top)
		e->log10_lr = top;
	else if (e->log10_lr < -top)
		e->log10_lr = -top;
}

static void decide(const struct fe_view *v, const struct model *m,
		   struct farend_entry *e)
{
	double lr =
		m->log_relay - m->log_null - m->c->shift_log10 * num_log(10.0);
	double late;
	microbans yes = (microbans)(m->c->yes_log10 * 1e6);

	e->log10_lr = e->log10_e = e->log10_yes = to_bans(lr);
	if (m->log_relay > m->log_fast) {
		legs(m, e);
		rivals_of_yes(v, m, e);
	}
	late = v->ack_delta_ns > 0 ? (double)v->ack_delta_ns / 1e6 : 0;
	/* what is late counts in the jitter, too: no more than once that */
	if (late > 8 + m->jitter_ms && v->ack_delta_ns > v->rtt_ns / 8) {
		e->reason = FAREND_ACK_DELAY;
		add_rival(e, FAREND_R_TCPINTCP, 0, false);
		return;
	}
	if (lr < num_log(2.0)) {
		if (e->gap_ns > SLOW_GAP_NS &&
		    m->log_fast < m->log_slow - num_log(100.0)) {
			e->reason = FAREND_SLOW_CLIENT;
			return;
		}
		decide_no(v, m, e);
		return;
	}
	if ((double)e->leg.high_ns / 1e6 < 2 * m->jitter_ms) {
		e->reason = FAREND_PATH_JITTER;
		return;
	}
	if (e->log10_lr < yes) {
		e->reason = m->log_relay - m->log_fast > num_log(1000.0)
				    ? FAREND_SLOW_CLIENT
				    : FAREND_BELOW;
		return;
	}
	if (m->n < 2 || m->turns < YES_TURNS ||
	    (m->kinds < 2 && m->stacks < 2)) {
		e->reason = FAREND_TOO_FEW;
		return;
	}
	e->answer = FAREND_YES;
	e->reason = FAREND_OK;
	name_kind(m, e);
}

void fe_judge_terminating(const struct fe_view *v, struct farend_entry *e)
{
	static _Thread_local struct model m; /* large; build() sets it */
	uint32_t v_excluded = 0;

	build(&m, v);
	for (size_t i = 0; i < v->n; i++)
		v_excluded += v->u[i]->r0_us == 0;
	e->excluded_handshake = v_excluded;
	e->turns = m.turns;
	e->kinds = m.kinds;
	e->stacks = m.stacks;
	e->conns = (uint32_t)m.n;
	for (int i = 0; i < m.n; i++)
		e->conn_ids[e->n_conn_ids++] = m.conn[i].s->id;
	if (m.n == 0 || m.turns == 0) {
		e->reason = v->a->dropped		    ? FAREND_OVERFLOW
			    : v->a->loss > v->a->handshakes ? FAREND_LOSS
			    : v->a->handshakes == 0	    ? FAREND_ONE_SIDED
							    : FAREND_NO_TURNS;
		return;
	}
	if (v->a->loss > 2 * m.turns) {
		e->reason = FAREND_LOSS;
		return;
	}
	if (m.turns < 2 || m.n < 2) {
		e->reason = FAREND_TOO_FEW;
		return;
	}
	weigh(&m);
	decide(v, &m, e);
	cap(m.c, e);
}
