/* A system call returned: what its shape names is taken, and nothing else. */
#ifndef TOCSIN_CALL_BPF_H
#define TOCSIN_CALL_BPF_H

#define X32_BIT 0x40000000      /* the x32 ABI's numbers */
#define AT_FDCWD -100
#define MAX_FAILED_ARGV 16
#define SOCKADDR_MAX 128

struct compat_msghdr { u32 name; s32 name_length; };
struct native_msghdr { u64 name; s32 name_length; };

static __always_inline void put_msghdr(struct scratch *s, u64 address, bool compat, s32 argument)
{
	struct native_msghdr native = {};
	struct compat_msghdr old = {};

	if (compat) {
		bpf_probe_read_user(&old, sizeof(old), (const void *)address);
		native.name = old.name;
		native.name_length = old.name_length;
	} else {
		bpf_probe_read_user(&native, sizeof(native), (const void *)address);
	}
	if (native.name && native.name_length > 0)
		put_user_bytes(s, BLOB_ADDRESS, native.name, native.name_length > SOCKADDR_MAX ? SOCKADDR_MAX : native.name_length, argument);
}

/* Only failed execs come here: argv as the caller had it. */
static __always_inline void put_argv(struct scratch *s, u64 address, bool compat)
{
	int i;

	for (i = 0; i < MAX_FAILED_ARGV; i++) {
		u64 text = 0;
		u64 size = compat ? 4 : 8;

		if (compat)
			bpf_probe_read_user(&text, 4, (const void *)(address + i * size));
		else
			bpf_probe_read_user(&text, 8, (const void *)(address + i * size));
		if (!text)
			break;
		put_user_text(s, BLOB_ARGUMENT, text, i);
	}
}

/* Global, so that the verifier looks at the body once for all six arguments. */
__noinline int take_argument(u32 what, u64 value, u64 next, u32 argument, u32 compat)
{
	struct scratch *s = scratch_of(SCRATCH_CALL);
	struct task_struct *task = bpf_get_current_task_btf();

	if (!s)
		return 0;
	switch (what) {
	case TAKE_PATH:
		put_user_text(s, BLOB_TEXT, value, argument);
		break;
	case TAKE_DIRFD:
		if ((int)value >= 0)
			put_fd_path(s, task, (int)value, BLOB_DIRFD, argument);
		break;
	case TAKE_SOCKADDR:
		if (value)
			put_user_bytes(s, BLOB_ADDRESS, value, (u32)next > SOCKADDR_MAX ? SOCKADDR_MAX : (u32)next, argument);
		break;
	case TAKE_MSGHDR:
		put_msghdr(s, value, compat, argument);
		break;
	case TAKE_BYTES24:
		put_user_bytes(s, BLOB_BYTES, value, 24, argument);
		break;
	case TAKE_BYTES8:
		put_user_bytes(s, BLOB_BYTES, value, 8, argument);
		break;
	case TAKE_ARGV:
		put_argv(s, value, compat);
		break;
	}
	return 0;
}

static __always_inline void record_call(struct task_struct *task, struct pt_regs *regs, u64 call, bool compat, long result)
{
	struct wire_shape *shape = compat ? &shapes_compat[call] : &shapes[call];
	struct scratch *s = scratch_of(SCRATCH_CALL);
	struct wire_header *header;
	u8 take;

	if (!s)
		return;
	header = begin_record(s, WIRE_CALL);
	header->call = call;
	header->result = compat ? (s64)(int)result : result;
	header->flags = compat ? WIRE_COMPAT : 0;
	header->uid = task->cred->euid.val;
	regs_args(regs, compat, header->args);

#define TAKE(n, following)                                                             \
	do {                                                                           \
		take = shape->arg[n];                                                  \
		if (take)                                                              \
			take_argument(take, header->args[n], following, n, compat);    \
	} while (0)
	TAKE(0, header->args[1]);
	TAKE(1, header->args[2]);
	TAKE(2, header->args[3]);
	TAKE(3, header->args[4]);
	TAKE(4, header->args[5]);
	TAKE(5, 0);
#undef TAKE

	take = shape->fd;
	if (take == FD_RESULT && result >= 0) {
		put_file(s, task, result);
		/* Who unmaps the string while the kernel opens what it says must not be left without a name. */
		if (s->unread)
			put_fd_path(s, task, result, BLOB_OPENED, 0);
	} else if (take >= FD_ARG && take < FD_ARG + WIRE_ARGS) {
		u64 argument = take - FD_ARG;

		asm volatile("%0 &= 7" : "+r"(argument));
		put_file(s, task, (int)header->args[argument]);
	}
	take = result < 0 ? 0 : shape->state;
	if (take & STATE_CREDENTIALS)
		put_credentials(s, task);
	if (take & STATE_CWD)
		put_path(SCRATCH_CALL, s, task, &BPF_CORE_READ(task, fs)->pwd, BLOB_CWD, 0);
	if (take & STATE_ROOT) {
		struct fs_struct *fs = BPF_CORE_READ(task, fs);

		s->walk.dentry = (u64)BPF_CORE_READ(fs, root.dentry);
		s->walk.mount = (u64)BPF_CORE_READ(fs, root.mnt) - bpf_core_field_offset(struct mount, mnt);
		s->walk.root_dentry = s->walk.root_mount = 0;   /* up to the root of everything */
		walk_path(SCRATCH_CALL, BLOB_ROOT, 0);
	}
	send_record(s);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_call, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool compat = regs_compat(task);
	u64 call = regs_call(regs);
	u8 wanted;

	if (!compat)
		call &= ~(u64)X32_BIT;
	if (call >= WIRE_CALLS) {
		if ((s32)call >= 0)    /* sigreturn and exec leave no number */
			count_drop(DROP_CALL_NUMBER);
		return 0;
	}
	asm volatile("%0 &= %1" : "+r"(call) : "i"(WIRE_CALLS - 1));
	wanted = compat ? interest_compat[call] : interest[call];
	if (!(wanted & ((u64)result >= -4095UL ? WANT_FAILURE : WANT_SUCCESS)))
		return 0;
	if (task->tgid == own_pid)
		return 0;
	record_call(task, regs, call, compat, result);
	return 0;
}

#endif
