/*
 * What the BPF programs and user space say to each other: one record per event, a header and then blobs, each padded to 8 bytes. Read by
 * clang for BPF and by g++; padded by hand, sizes asserted on both sides. A record never leaves the machine: byte order is the host's.
 */
#ifndef TOCSIN_WIRE_H
#define TOCSIN_WIRE_H

#include <linux/types.h>

#ifdef __cplusplus
#define _Static_assert static_assert
#endif

#define WIRE_CALLS 512          /* system call numbers below this have a place in the tables */
#define WIRE_ARGS 6
#define WIRE_TEXT_MAX 4096      /* paths, argv, env */
#define WIRE_NAME_MAX 256       /* one name of a path, with its NUL */
#define WIRE_RECORD_MAX 16384   /* no blob begins beyond this; the last one may reach over it */
#define WIRE_WAKE_BYTES 65536   /* user space is woken when so much waits */

enum wire_kind {
	WIRE_CALL = 1,          /* a system call returned */
	WIRE_EXEC = 2,          /* a new image runs */
	WIRE_FORK = 3,          /* a process or thread was made; the header is its maker's */
	WIRE_EXIT = 4,          /* a thread ended */
};

/* Bits of the interest tables. */
#define WANT_SUCCESS 1
#define WANT_FAILURE 2

/* Header flags. */
#define WIRE_COMPAT 1           /* int 0x80: `call` is an i386 number */

/* What to take of an argument; wire_shape.arg. */
enum wire_take {
	TAKE_NOTHING = 0,
	TAKE_PATH,              /* a string in user memory */
	TAKE_DIRFD,             /* the folder that a relative path starts from */
	TAKE_SOCKADDR,          /* its length is the next argument */
	TAKE_MSGHDR,            /* the address in a msghdr */
	TAKE_BYTES24,           /* open_how */
	TAKE_BYTES8,            /* the flags of clone_args */
	TAKE_ARGV,              /* strings of a NULL-ended array */
};

/* Which fd to describe; wire_shape.fd. */
#define FD_NONE 0
#define FD_RESULT 1
#define FD_ARG 2                /* FD_ARG + n: argument n */

/* wire_shape.state: what else changed. */
#define STATE_CREDENTIALS 1
#define STATE_CWD 2
#define STATE_ROOT 4

struct wire_shape {
	__u8 arg[WIRE_ARGS];
	__u8 fd;
	__u8 state;
};

struct wire_header {
	__u32 length;           /* of the whole record */
	__u16 kind;
	__u16 call;
	__u64 time;             /* ns since boot, suspend counted */
	__u32 tid;
	__u32 pid;
	__s64 result;
	__u16 cpu;
	__u16 flags;
	__u32 uid;              /* effective */
	__u64 args[WIRE_ARGS];
};

enum wire_tag {
	BLOB_TEXT = 1,          /* detail: argument number */
	BLOB_FAULT,             /* detail: argument whose memory could not be read */
	BLOB_FILE,              /* wire_file, then the opened name and its folder's, each with NUL; detail: fd */
	BLOB_SOCKET,            /* wire_socket; detail: fd */
	BLOB_DIRFD,             /* names from leaf to root, each with NUL; detail: argument number */
	BLOB_ADDRESS,           /* sockaddr; detail: argument number */
	BLOB_BYTES,             /* detail: argument number */
	BLOB_CREDENTIALS,       /* wire_credentials */
	BLOB_CWD,               /* names from leaf to root */
	BLOB_ROOT,
	BLOB_TASK,              /* wire_task */
	BLOB_EXE,               /* names from leaf to root */
	BLOB_EXE_FILE,          /* wire_exe */
	BLOB_FILENAME,          /* what exec was given */
	BLOB_ARGV,              /* strings, each with NUL */
	BLOB_ENV,
	BLOB_CGROUP,            /* names from leaf up, at most 4 */
	BLOB_FORK,              /* wire_fork */
	BLOB_EXIT,              /* wire_exit */
	BLOB_ARGUMENT,          /* one string of a failed exec's argv; detail: its place */
	BLOB_OPENED,            /* names from leaf to root of the opened file, where the string that named it was gone */
};

struct wire_blob {
	__u16 tag;
	__u16 length;           /* without this head and without padding */
	__s32 detail;
};

/* How the opened file lies in an overlay file system. */
#define LAYER_UPPER 1
#define LAYER_LOWER 2

struct wire_file {
	__u64 inode;
	__u64 device;           /* as the kernel has it: major << 20 | minor */
	__u64 magic;            /* of the file system */
	__u32 flags;            /* open(2) */
	__u32 mode;             /* FMODE_* */
	__u16 inode_mode;
	__u16 layer;
	__u32 padding;
};

struct wire_socket {
	__u64 inode;
	__u64 device;
	__u64 kernel_socket;    /* unix sockets are shown by address, as Falco does: only an identity, hashed by user space */
	__u64 kernel_peer;
	__u16 family;
	__u16 type;
	__u16 protocol;
	__u16 state;
	__u16 local_port;       /* host order */
	__u16 remote_port;
	__u16 path_length;
	__u16 flags;            /* open(2) flags that stay: O_NONBLOCK … */
	__u8 local[16];
	__u8 remote[16];
	__u8 path[112];         /* unix: own name, or the peer's */
};

struct wire_credentials {
	__u32 uid, gid, euid, egid;
	__u64 inheritable, permitted, effective;
};

struct wire_task {
	__u32 parent_tid, parent_pid;
	__u32 vtid, vpid;
	__u32 sid, pgid, vpgid;
	__u32 tty;
	__u32 loginuid;
	__u32 old_tid;          /* exec by another thread than the first: which it was */
	__u64 started;          /* ns since boot */
	__u64 pidns_init_started;
	__u64 parent_started;
	char comm[16];
};

struct wire_exe {
	__u64 inode;
	__u64 device;
	__s64 ctime_sec, mtime_sec;
	__u32 ctime_nsec, mtime_nsec;
	__u32 uid, gid;
	__u16 mode;
	__u16 layer;
	__u16 memfd;
	__u16 padding;
};

#define FORK_SHARES_FILES 1
#define FORK_SHARES_FS 2

struct wire_fork {
	__u32 child_tid, child_pid;
	__u32 child_vtid, child_vpid;
	__u32 parent_pid;       /* of the child: CLONE_PARENT makes it another than its maker */
	__u32 flags;
	__u64 started;
};

struct wire_exit {
	__u32 code;             /* as wait(2) gives it */
	__u32 reaper_tid;
	__u32 whole_process;
	__u32 padding;
};

enum wire_drop {
	DROP_RING_FULL,
	DROP_SCRATCH,           /* a blob that found no room in the record */
	DROP_CALL_NUMBER,       /* a call whose number is beyond the table */
	DROP_REASONS
};

_Static_assert(sizeof(struct wire_shape) == 8, "wire_shape");
_Static_assert(sizeof(struct wire_header) == 88, "wire_header");
_Static_assert(sizeof(struct wire_blob) == 8, "wire_blob");
_Static_assert(sizeof(struct wire_file) == 40, "wire_file");
_Static_assert(sizeof(struct wire_socket) == 192, "wire_socket");
_Static_assert(sizeof(struct wire_credentials) == 40, "wire_credentials");
_Static_assert(sizeof(struct wire_task) == 80, "wire_task");
_Static_assert(sizeof(struct wire_exe) == 56, "wire_exe");
_Static_assert(sizeof(struct wire_fork) == 32, "wire_fork");
_Static_assert(sizeof(struct wire_exit) == 16, "wire_exit");

#endif
