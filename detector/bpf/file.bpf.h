/*
 * What an fd is: the kernel's own object is the witness of what a call did, whatever the user's string says by now (another thread may
 * have rewritten it). Files tell device, inode and the last two names; sockets both addresses.
 */
#ifndef TOCSIN_FILE_BPF_H
#define TOCSIN_FILE_BPF_H

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SUN_PATH_OFFSET 2

static __always_inline struct file *file_of(struct task_struct *task, s64 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = NULL;

	if (fd < 0 || fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

static __always_inline void put_unix_name(struct wire_socket *out, struct sock *sk)
{
	struct unix_address *address = BPF_CORE_READ((struct unix_sock *)sk, addr);
	long length;

	if (!address)
		return;
	length = BPF_CORE_READ(address, len) - SUN_PATH_OFFSET;
	if (length <= 0)
		return;
	if (length > 108)
		length = 108;
	/* unix_address ends in `struct sockaddr_un name[]`, which follows its int len. */
	bpf_probe_read_kernel(out->path, length & 127 ? length & 127 : 1, (u8 *)address + sizeof(int) + sizeof(int) + SUN_PATH_OFFSET);
	out->path_length = length;
}

static __always_inline void put_socket(struct scratch *s, struct file *file, struct inode *inode, s32 fd)
{
	struct socket *socket = BPF_CORE_READ(file, private_data);
	struct sock *sk = BPF_CORE_READ(socket, sk);
	struct wire_socket *out = (struct wire_socket *)blob_room(s);

	if (!out || !sk)
		return;
	__builtin_memset(out, 0, sizeof(*out));
	out->inode = BPF_CORE_READ(inode, i_ino);
	out->device = BPF_CORE_READ(inode, i_sb, s_dev);
	out->kernel_socket = (u64)sk;
	out->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	out->type = BPF_CORE_READ(sk, sk_type);
	out->protocol = BPF_CORE_READ(sk, sk_protocol);
	out->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	out->flags = BPF_CORE_READ(file, f_flags);
	if (out->family == AF_INET || out->family == AF_INET6) {
		out->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
		out->remote_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	}
	if (out->family == AF_INET) {
		BPF_CORE_READ_INTO((u32 *)out->local, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((u32 *)out->remote, sk, __sk_common.skc_daddr);
	} else if (out->family == AF_INET6) {
		BPF_CORE_READ_INTO((struct in6_addr *)out->local, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO((struct in6_addr *)out->remote, sk, __sk_common.skc_v6_daddr);
	} else if (out->family == AF_UNIX) {
		struct sock *peer = BPF_CORE_READ((struct unix_sock *)sk, peer);

		out->kernel_peer = (u64)peer;
		put_unix_name(out, sk);
		if (!out->path_length && peer)
			put_unix_name(out, peer);
	}
	end_blob(s, BLOB_SOCKET, sizeof(*out), fd);
}

static __always_inline void put_file(struct scratch *s, struct task_struct *task, s64 fd)
{
	struct file *file = file_of(task, fd);
	struct inode *inode;
	struct wire_file *out;
	struct dentry *dentry;
	u64 length;
	long got;
	u8 *text;

	if (!file)
		return;
	inode = BPF_CORE_READ(file, f_inode);
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFSOCK) {
		put_socket(s, file, inode, fd);
		return;
	}
	text = blob_room(s);
	if (!text)
		return;
	out = (struct wire_file *)text;
	out->inode = BPF_CORE_READ(inode, i_ino);
	out->device = BPF_CORE_READ(inode, i_sb, s_dev);
	out->magic = BPF_CORE_READ(inode, i_sb, s_magic);
	out->flags = BPF_CORE_READ(file, f_flags);
	out->mode = BPF_CORE_READ(file, f_mode);
	out->inode_mode = BPF_CORE_READ(inode, i_mode);
	out->layer = layer_of(inode);
	out->padding = 0;
	length = sizeof(*out);
	dentry = BPF_CORE_READ(file, f_path.dentry);
	got = bpf_probe_read_kernel_str(text + length, WIRE_NAME_MAX, BPF_CORE_READ(dentry, d_name.name));
	length += got > 0 ? got & (2 * WIRE_NAME_MAX - 1) : 0;
	asm volatile("%0 &= %1" : "+r"(length) : "i"(1023));
	dentry = BPF_CORE_READ(dentry, d_parent);
	got = bpf_probe_read_kernel_str(text + length, WIRE_NAME_MAX, BPF_CORE_READ(dentry, d_name.name));
	length += got > 0 ? got & (2 * WIRE_NAME_MAX - 1) : 0;
	end_blob(s, BLOB_FILE, length, fd);
}

/* The kernel's path of an fd. The walk costs 320 ns: for the folder of an …at call, and for an opened file whose own string was gone. */
static __always_inline void put_fd_path(struct scratch *s, struct task_struct *task, s64 fd, u16 tag, s32 argument)
{
	struct file *file = file_of(task, fd);

	if (file)
		put_path(SCRATCH_CALL, s, task, __builtin_preserve_access_index(&file->f_path), tag, argument);
}

#endif
