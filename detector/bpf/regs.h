/*
 * The one place that knows the register names of an architecture: at sys_exit the registers still hold the call's number and arguments
 * (only a successful exec clears them, and that has its own hook).
 */
#ifndef TOCSIN_REGS_H
#define TOCSIN_REGS_H

#if defined(__TARGET_ARCH_x86)

struct pt_regs {
	unsigned long bp, bx, r10, r9, r8, cx, dx, si, di, orig_ax;
} __attribute__((preserve_access_index));

#define TS_COMPAT 2             /* thread_info.status, while a call made by int 0x80 or a 32-bit program runs */

static __always_inline u32 regs_call(const struct pt_regs *regs) { return (u32)regs->orig_ax; }

static __always_inline bool regs_compat(const struct task_struct *task) { return task->thread_info.status & TS_COMPAT; }

static __always_inline void regs_args(const struct pt_regs *regs, bool compat, u64 *args)
{
	if (compat) {
		args[0] = (u32)regs->bx;
		args[1] = (u32)regs->cx;
		args[2] = (u32)regs->dx;
		args[3] = (u32)regs->si;
		args[4] = (u32)regs->di;
		args[5] = (u32)regs->bp;
		return;
	}
	args[0] = regs->di;
	args[1] = regs->si;
	args[2] = regs->dx;
	args[3] = regs->r10;
	args[4] = regs->r8;
	args[5] = regs->r9;
}

#elif defined(__TARGET_ARCH_arm64)

/* Written from the kernel's headers, not yet run. 32-bit programs are not told apart here. */
struct pt_regs {
	u64 regs[31];
	u64 orig_x0;
	int syscallno;
} __attribute__((preserve_access_index));

static __always_inline u32 regs_call(const struct pt_regs *regs) { return (u32)regs->syscallno; }

static __always_inline bool regs_compat(const struct task_struct *task) { return false; }

static __always_inline void regs_args(const struct pt_regs *regs, bool compat, u64 *args)
{
	args[0] = regs->orig_x0;
	args[1] = regs->regs[1];
	args[2] = regs->regs[2];
	args[3] = regs->regs[3];
	args[4] = regs->regs[4];
	args[5] = regs->regs[5];
}

#else
#error "regs.h does not know this architecture"
#endif
#endif
