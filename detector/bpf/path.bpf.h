/*
 * A path as the kernel has it: names from leaf to root, each with its NUL; user space turns them round. bpf_d_path may not be called here.
 * The walk is one global function, which the verifier looks at once; such a function takes only numbers, so the start is put into the
 * scratch. With the walk's variables in registers 48 turns were "too large"; in the map, 64 cost 16,000 instructions to verify.
 */
#ifndef TOCSIN_PATH_BPF_H
#define TOCSIN_PATH_BPF_H

#define WALK_TURNS 64           /* names and mount points; a deeper path keeps its deepest names */

/* One name or one mount point. False: the walk has ended. */
static __always_inline bool walk_turn(struct scratch *s, u8 *room, bool first)
{
	struct dentry *dentry = (struct dentry *)s->walk.dentry;
	struct mount *mount = (struct mount *)s->walk.mount;
	struct dentry *parent;
	u64 at = s->walk.length;
	long got;

	if (s->walk.dentry == s->walk.root_dentry && s->walk.mount == s->walk.root_mount)
		return false;
	parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root) || dentry == parent) {
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);

		if (above != mount) {           /* the root of a mount: go on where it is mounted */
			s->walk.dentry = (u64)BPF_CORE_READ(mount, mnt_mountpoint);
			s->walk.mount = (u64)above;
			return true;
		}
		if (!first)
			return false;
		/* memfd:x, [eventfd]: a dentry without a tree; its name is all there is. */
	}
	if (at > WIRE_TEXT_MAX - WIRE_NAME_MAX)
		return false;
	asm volatile("%0 &= %1" : "+r"(at) : "i"(WIRE_TEXT_MAX - 1));
	got = bpf_probe_read_kernel_str(room + at, WIRE_NAME_MAX, BPF_CORE_READ(dentry, d_name.name));
	if (got <= 0)
		return false;
	s->walk.length = at + (got & (2 * WIRE_NAME_MAX - 1));
	s->walk.dentry = (u64)parent;
	return dentry != parent;
}

__noinline int walk_path(u32 which, u32 tag, s32 detail)
{
	struct scratch *s = scratch_of(which);
	u8 *room;
	int i;

	if (!s)
		return 0;
	room = blob_room(s);
	if (!room)
		return 0;
	s->walk.length = 0;
	for (i = 0; i < WALK_TURNS; i++) {
		if (!walk_turn(s, room, i == 0))
			break;
	}
	end_blob(s, tag, s->walk.length, detail);
	return 0;
}

/* `path` below `task`'s root. */
static __always_inline void put_path(u32 which, struct scratch *s, struct task_struct *task, const struct path *path, u16 tag, s32 detail)
{
	struct vfsmount *mount = BPF_CORE_READ(path, mnt);

	s->walk.dentry = (u64)BPF_CORE_READ(path, dentry);
	s->walk.mount = (u64)mount - bpf_core_field_offset(struct mount, mnt);
	s->walk.root_dentry = (u64)BPF_CORE_READ(task, fs, root.dentry);
	s->walk.root_mount = (u64)BPF_CORE_READ(task, fs, root.mnt) - bpf_core_field_offset(struct mount, mnt);
	walk_path(which, tag, detail);
}

#define OVERLAYFS_MAGIC 0x794c7630
#define TMPFS_MAGIC 0x01021994

/* struct ovl_inode is not exported with a stable form, but its __upperdentry has always followed the inode in it (Falco relies on it too). */
static __always_inline u16 layer_of(struct inode *inode)
{
	struct dentry *upper = NULL;

	if (BPF_CORE_READ(inode, i_sb, s_magic) != OVERLAYFS_MAGIC)
		return 0;
	bpf_probe_read_kernel(&upper, sizeof(upper), (u8 *)inode + bpf_core_type_size(struct inode));
	return upper && BPF_CORE_READ(upper, d_inode) ? LAYER_UPPER : LAYER_LOWER;
}

#endif
