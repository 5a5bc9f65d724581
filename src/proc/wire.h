/*
 * wire -- what goes over a channel between the supervisor and a worker or a
 * role, which is sent nothing but EOF.  One packet is one message; its first
 * byte says what it is, the rest is its body.  Both ends are the same program
 * on one host.
 *
 * EOF from above means: start nothing more, finish within the board's grace,
 * BYE.  EOF from below without BYE or FATAL before it is a death.
 */
#ifndef PROC_WIRE_H
#define PROC_WIRE_H

enum wire_kind {
	/* Down. */
	WIRE_WORK = 1,		/* body: for job_ops.start() */
	WIRE_END,		/* that was all: drain, BYE */
	WIRE_QUARANTINE,	/* body: "how", NUL, path (no NUL) */
	/* Up. */
	WIRE_SAID,		/* body: for pool_cfg.said(), role_recv() */
	WIRE_FATAL,		/* body: u32 class, text: the run is lost */
	WIRE_BYE		/* body: u64 messages that EOF left unstarted;
				 * of a role: empty */
};

#endif
