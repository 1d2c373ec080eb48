/*
 * The few kernel structs and members that the programs read, instead of a whole vmlinux.h: builds need no BTF and are reproducible. CO-RE
 * finds each member's real place when the programs are loaded, so order and completeness here mean nothing; names and types do.
 * A name with ___x is another kernel's form of the same struct, chosen by bpf_core_field_exists.
 */
#ifndef TOCSIN_VMLINUX_MIN_H
#define TOCSIN_VMLINUX_MIN_H

#include <linux/bpf.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef _Bool bool;
enum { false, true };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct qstr { u32 len; const unsigned char *name; };
struct super_block { u32 s_dev; unsigned long s_magic; };
typedef struct { u32 val; } kuid_t;
typedef struct { u32 val; } kgid_t;
struct timespec64 { s64 tv_sec; long tv_nsec; };
struct inode {
	u16 i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	s64 i_mtime_sec, i_ctime_sec;                   /* 6.11 */
	u32 i_mtime_nsec, i_ctime_nsec;
};
struct inode___before_6_6 { struct timespec64 i_mtime, i_ctime; };
struct inode___before_6_7 { struct timespec64 i_mtime, __i_ctime; };
struct inode___before_6_11 { struct timespec64 __i_mtime, __i_ctime; };
struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};
struct vfsmount { struct dentry *mnt_root; };
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};
struct path { struct vfsmount *mnt; struct dentry *dentry; };
struct file {
	struct path f_path;
	struct inode *f_inode;
	unsigned int f_flags;
	unsigned int f_mode;
	void *private_data;
};
struct fdtable { unsigned int max_fds; struct file **fd; };
struct files_struct { struct fdtable *fdt; };
struct fs_struct { struct path root, pwd; };
struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
	struct file *exe_file;
};
typedef struct { u64 val; } kernel_cap_t;               /* u32[2] before 6.3: 8 bytes in either */
struct cred {
	kuid_t uid, euid;
	kgid_t gid, egid;
	kernel_cap_t cap_inheritable, cap_permitted, cap_effective;
};
struct ns_common { unsigned int inum; };
struct task_struct;
struct pid_namespace { struct task_struct *child_reaper; unsigned int level; struct ns_common ns; };
struct upid { int nr; struct pid_namespace *ns; };
struct pid { unsigned int level; struct upid numbers[1]; };
struct tty_driver { int major, minor_start; };
struct tty_struct { struct tty_driver *driver; int index; };
typedef struct { int counter; } atomic_t;
struct signal_struct {
	atomic_t live;
	struct pid *pids[4];                            /* enum pid_type: PID, TGID, PGID, SID (4.20) */
	unsigned int is_child_subreaper : 1;
	unsigned int has_child_subreaper : 1;
	struct tty_struct *tty;
};
struct kernfs_node { const char *name; };
struct cgroup;
struct cgroup_subsys_state { struct cgroup *cgroup; struct cgroup_subsys_state *parent; };
struct cgroup { struct cgroup_subsys_state self; struct kernfs_node *kn; };
enum cgroup_subsys_id { memory_cgrp_id = 0, pids_cgrp_id = 1 };
struct css_set { struct cgroup_subsys_state *subsys[16]; struct cgroup *dfl_cgrp; };
struct thread_info { u32 status; };                     /* x86 */
struct task_struct {
	struct thread_info thread_info;
	int pid, tgid;
	int exit_code;
	char comm[16];
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct signal_struct *signal;
	struct task_struct *real_parent, *group_leader;
	struct pid *thread_pid;
	const struct cred *cred;
	struct css_set *cgroups;
	u64 start_boottime;                             /* 5.5 */
	kuid_t loginuid;                                /* CONFIG_AUDIT */
};
struct linux_binprm { const char *filename; };
struct in6_addr { u8 bytes[16]; };
struct sock_common {
	u32 skc_daddr, skc_rcv_saddr;
	u16 skc_dport, skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};
struct sock { struct sock_common __sk_common; u16 sk_type; u16 sk_protocol; };
struct socket { short type; struct sock *sk; };
struct unix_address { int len; };
struct unix_sock { struct unix_address *addr; struct sock *peer; };

#pragma clang attribute pop
#endif
