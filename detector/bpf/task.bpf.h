/* What a task is: ids in the first and in its own pid namespace, credentials, cgroup, executable. Only taken on fork, exec and changes. */
#ifndef TOCSIN_TASK_BPF_H
#define TOCSIN_TASK_BPF_H

#define PIDTYPE_PGID 2
#define PIDTYPE_SID 3
#define MAX_PID_LEVELS 32
#define SUBREAPER_TURNS 16
#define CGROUP_NAMES 4

static __always_inline u32 first_id(struct pid *pid) { return BPF_CORE_READ(pid, numbers[0].nr); }

static __always_inline struct upid own_upid(struct pid *pid)
{
	struct upid upid = {};
	u32 level = BPF_CORE_READ(pid, level);
	u8 *numbers = (u8 *)pid + bpf_core_field_offset(struct pid, numbers);

	numbers += (u64)(level & (MAX_PID_LEVELS - 1)) * bpf_core_type_size(struct upid);
	bpf_core_read(&upid.nr, sizeof(upid.nr), &((struct upid *)numbers)->nr);
	bpf_core_read(&upid.ns, sizeof(upid.ns), &((struct upid *)numbers)->ns);
	return upid;
}

static __always_inline void put_credentials(struct scratch *s, struct task_struct *task)
{
	struct wire_credentials *out = (struct wire_credentials *)blob_room(s);
	const struct cred *cred = BPF_CORE_READ(task, cred);

	if (!out)
		return;
	out->uid = BPF_CORE_READ(cred, uid.val);
	out->gid = BPF_CORE_READ(cred, gid.val);
	out->euid = BPF_CORE_READ(cred, euid.val);
	out->egid = BPF_CORE_READ(cred, egid.val);
	bpf_core_read(&out->inheritable, 8, &cred->cap_inheritable);
	bpf_core_read(&out->permitted, 8, &cred->cap_permitted);
	bpf_core_read(&out->effective, 8, &cred->cap_effective);
	end_blob(s, BLOB_CREDENTIALS, sizeof(*out), 0);
}

static __always_inline u32 tty_of(struct task_struct *task)
{
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);
	u32 major, minor;

	if (!tty)
		return 0;
	major = BPF_CORE_READ(tty, driver, major);
	minor = BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index);
	return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);    /* as new_encode_dev and /proc/PID/stat */
}

static __always_inline void put_task(struct scratch *s, struct task_struct *task, u32 old_tid)
{
	struct wire_task *out = (struct wire_task *)blob_room(s);
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct upid own;

	if (!out)
		return;
	__builtin_memset(out, 0, sizeof(*out));
	out->parent_tid = BPF_CORE_READ(parent, pid);
	out->parent_pid = BPF_CORE_READ(parent, tgid);
	out->parent_started = BPF_CORE_READ(parent, start_boottime);
	own = own_upid(BPF_CORE_READ(task, thread_pid));
	out->vtid = own.nr;
	out->pidns_init_started = BPF_CORE_READ(own.ns, child_reaper, start_boottime);
	own = own_upid(BPF_CORE_READ(leader, thread_pid));
	out->vpid = own.nr;
	out->sid = first_id(BPF_CORE_READ(task, signal, pids[PIDTYPE_SID]));
	out->pgid = first_id(BPF_CORE_READ(task, signal, pids[PIDTYPE_PGID]));
	own = own_upid(BPF_CORE_READ(task, signal, pids[PIDTYPE_PGID]));
	out->vpgid = own.nr;
	out->tty = tty_of(task);
	out->loginuid = bpf_core_field_exists(task->loginuid) ? BPF_CORE_READ(task, loginuid.val) : ~0u;
	out->old_tid = old_tid;
	out->started = BPF_CORE_READ(leader, start_boottime);
	BPF_CORE_READ_STR_INTO(&out->comm, task, comm);
	end_blob(s, BLOB_TASK, sizeof(*out), 0);
}

/*
 * The cgroup's last names, from the leaf up. The v2 hierarchy has the truth wherever it is used; where engines only use v1 (its leaf is the
 * root then), the memory controller's.
 */
static __always_inline void put_cgroup(struct scratch *s, struct task_struct *task)
{
	struct cgroup *cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	u8 *room = blob_room(s);
	u64 length = 0;
	int i;

	if (!room)
		return;
	if (!BPF_CORE_READ(cgroup, self.parent) && bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id)) {
		struct css_set *set = BPF_CORE_READ(task, cgroups);
		struct cgroup_subsys_state *memory = NULL;
		u32 id = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
		u8 *subsys = (u8 *)set + bpf_core_field_offset(struct css_set, subsys);

		bpf_probe_read_kernel(&memory, sizeof(memory), subsys + (id & 15) * sizeof(void *));
		if (memory)
			cgroup = BPF_CORE_READ(memory, cgroup);
	}
#pragma unroll
	for (i = 0; i < CGROUP_NAMES; i++) {
		struct cgroup_subsys_state *above = BPF_CORE_READ(cgroup, self.parent);
		long got;

		if (!above)
			break;
		asm volatile("%0 &= %1" : "+r"(length) : "i"(2047));
		got = bpf_probe_read_kernel_str(room + length, WIRE_NAME_MAX, BPF_CORE_READ(cgroup, kn, name));
		if (got <= 0)
			break;
		length += got & (2 * WIRE_NAME_MAX - 1);
		cgroup = BPF_CORE_READ(above, cgroup);
	}
	end_blob(s, BLOB_CGROUP, length, 0);
}

static __always_inline void read_times(struct inode *inode, struct wire_exe *out)
{
	struct inode___before_6_6 *oldest = (void *)inode;
	struct inode___before_6_7 *older = (void *)inode;
	struct inode___before_6_11 *old = (void *)inode;

	if (bpf_core_field_exists(inode->i_ctime_sec)) {
		out->ctime_sec = BPF_CORE_READ(inode, i_ctime_sec);
		out->ctime_nsec = BPF_CORE_READ(inode, i_ctime_nsec);
		out->mtime_sec = BPF_CORE_READ(inode, i_mtime_sec);
		out->mtime_nsec = BPF_CORE_READ(inode, i_mtime_nsec);
		return;
	}
	if (bpf_core_field_exists(old->__i_ctime)) {
		out->ctime_sec = BPF_CORE_READ(old, __i_ctime.tv_sec);
		out->ctime_nsec = BPF_CORE_READ(old, __i_ctime.tv_nsec);
	} else {
		out->ctime_sec = BPF_CORE_READ(oldest, i_ctime.tv_sec);
		out->ctime_nsec = BPF_CORE_READ(oldest, i_ctime.tv_nsec);
	}
	if (bpf_core_field_exists(old->__i_mtime)) {
		out->mtime_sec = BPF_CORE_READ(old, __i_mtime.tv_sec);
		out->mtime_nsec = BPF_CORE_READ(old, __i_mtime.tv_nsec);
	} else {
		out->mtime_sec = BPF_CORE_READ(older, i_mtime.tv_sec);
		out->mtime_nsec = BPF_CORE_READ(older, i_mtime.tv_nsec);
	}
}

static __always_inline void put_exe_file(struct scratch *s, struct file *exe)
{
	struct wire_exe *out = (struct wire_exe *)blob_room(s);
	struct inode *inode = BPF_CORE_READ(exe, f_inode);
	struct dentry *dentry = BPF_CORE_READ(exe, f_path.dentry);
	char name[8] = {};

	if (!out)
		return;
	__builtin_memset(out, 0, sizeof(*out));
	out->inode = BPF_CORE_READ(inode, i_ino);
	out->device = BPF_CORE_READ(inode, i_sb, s_dev);
	out->uid = BPF_CORE_READ(inode, i_uid.val);
	out->gid = BPF_CORE_READ(inode, i_gid.val);
	out->mode = BPF_CORE_READ(inode, i_mode);
	out->layer = layer_of(inode);
	read_times(inode, out);
	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(dentry, d_name.name));
	out->memfd = BPF_CORE_READ(inode, i_sb, s_magic) == TMPFS_MAGIC && BPF_CORE_READ(dentry, d_parent) == dentry &&
		     name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[3] == 'f' && name[4] == 'd' && name[5] == ':';
	end_blob(s, BLOB_EXE_FILE, sizeof(*out), 0);
}

/* Who gets the children of a dying process: find_new_reaper() of kernel/exit.c, bounded. */
static __always_inline u32 reaper_of(struct task_struct *task)
{
	struct upid own = own_upid(BPF_CORE_READ(task, thread_pid));
	struct task_struct *init = BPF_CORE_READ(own.ns, child_reaper);
	struct task_struct *above = task;
	struct signal_struct *group = BPF_CORE_READ(task, signal);
	int i;

	if (BPF_CORE_READ_BITFIELD_PROBED(group, has_child_subreaper)) {
		for (i = 0; i < SUBREAPER_TURNS; i++) {
			above = BPF_CORE_READ(above, real_parent);
			if (!above || above == init)
				break;
			group = BPF_CORE_READ(above, signal);
			if (BPF_CORE_READ_BITFIELD_PROBED(group, is_child_subreaper))
				return BPF_CORE_READ(above, tgid);
		}
	}
	return BPF_CORE_READ(init, tgid);
}

#endif
