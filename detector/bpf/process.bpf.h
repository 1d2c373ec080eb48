/* The life of processes: three scheduler tracepoints (typed since 5.5), which see what no system call's arguments tell. */
#ifndef TOCSIN_PROCESS_BPF_H
#define TOCSIN_PROCESS_BPF_H

/* The only place where a successful exec is seen: by sys_exit its registers are gone. The new memory is there, and readable. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_tid, struct linux_binprm *program)
{
	struct scratch *s = scratch_of(SCRATCH_EXEC);
	struct wire_header *header;
	struct mm_struct *mm;
	struct file *exe;
	u64 start, end;
	u8 *room;
	long got;

	if (!s)
		return 0;
	header = begin_record(s, WIRE_EXEC);
	header->uid = BPF_CORE_READ(task, cred, euid.val);
	put_task(s, task, old_tid);
	put_credentials(s, task);
	put_cgroup(s, task);
	room = blob_room(s);
	if (room) {
		got = bpf_probe_read_kernel_str(room, WIRE_TEXT_MAX, BPF_CORE_READ(program, filename));
		end_blob(s, BLOB_FILENAME, got > 0 ? got & (2 * WIRE_TEXT_MAX - 1) : 0, 0);
	}
	mm = BPF_CORE_READ(task, mm);
	exe = BPF_CORE_READ(mm, exe_file);
	put_exe_file(s, exe);
	put_path(SCRATCH_EXEC, s, task, __builtin_preserve_access_index(&exe->f_path), BLOB_EXE, 0);
	put_path(SCRATCH_EXEC, s, task, &BPF_CORE_READ(task, fs)->pwd, BLOB_CWD, 0);
	start = BPF_CORE_READ(mm, arg_start);
	end = BPF_CORE_READ(mm, arg_end);
	put_user_bytes(s, BLOB_ARGV, start, end - start, 0);
	start = BPF_CORE_READ(mm, env_start);
	end = BPF_CORE_READ(mm, env_end);
	put_user_bytes(s, BLOB_ENV, start, end - start, 0);
	send_record(s);
	return 0;
}

/* Runs in the parent, before the child does anything: its record comes before all of the child's. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct scratch *s = scratch_of(SCRATCH_FORK);
	struct wire_header *header;
	struct wire_fork *out;
	struct upid own;

	if (!s)
		return 0;
	header = begin_record(s, WIRE_FORK);
	header->uid = BPF_CORE_READ(parent, cred, euid.val);
	out = (struct wire_fork *)blob_room(s);
	if (!out)
		return 0;
	__builtin_memset(out, 0, sizeof(*out));
	out->child_tid = BPF_CORE_READ(child, pid);
	out->child_pid = BPF_CORE_READ(child, tgid);
	own = own_upid(BPF_CORE_READ(child, thread_pid));
	out->child_vtid = own.nr;
	own = own_upid(BPF_CORE_READ(child, group_leader, thread_pid));
	out->child_vpid = own.nr;
	out->parent_pid = BPF_CORE_READ(child, real_parent, tgid);
	out->started = BPF_CORE_READ(child, start_boottime);
	if (BPF_CORE_READ(child, files) == BPF_CORE_READ(parent, files))
		out->flags |= FORK_SHARES_FILES;
	if (BPF_CORE_READ(child, fs) == BPF_CORE_READ(parent, fs))
		out->flags |= FORK_SHARES_FS;
	end_blob(s, BLOB_FORK, sizeof(*out), 0);
	put_cgroup(s, child);           /* CLONE_INTO_CGROUP may put it elsewhere than its parent */
	send_record(s);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct scratch *s = scratch_of(SCRATCH_EXIT);
	struct wire_header *header;
	struct wire_exit *out;

	if (!s)
		return 0;
	header = begin_record(s, WIRE_EXIT);
	header->uid = BPF_CORE_READ(task, cred, euid.val);
	out = (struct wire_exit *)blob_room(s);
	if (!out)
		return 0;
	out->code = BPF_CORE_READ(task, exit_code);
	out->whole_process = BPF_CORE_READ(task, signal, live.counter) == 0;
	out->reaper_tid = out->whole_process ? reaper_of(task) : 0;
	out->padding = 0;
	end_blob(s, BLOB_EXIT, sizeof(*out), 0);
	send_record(s);
	return 0;
}

#endif
