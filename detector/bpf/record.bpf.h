/*
 * How a record is put together: in a per-CPU scratch, blob after blob, and sent with one bpf_ringbuf_output. Each program has a scratch of
 * its own, so that none writes into another's half-made record. Offsets live in the scratch (not in registers): the verifier then sees the
 * same state after every blob and prunes, instead of following each combination of lengths.
 */
#ifndef TOCSIN_RECORD_BPF_H
#define TOCSIN_RECORD_BPF_H

enum { SCRATCH_CALL, SCRATCH_EXEC, SCRATCH_FORK, SCRATCH_EXIT, SCRATCHES };

struct walk {                   /* of a path from leaf to root; pointers as numbers, see path.bpf.h */
	u64 dentry, mount, root_dentry, root_mount, length;
};

struct scratch {
	u32 used;
	u32 unread;             /* a string of this record could not be read */
	struct walk walk;
	u8 bytes[WIRE_RECORD_MAX + 2 * WIRE_TEXT_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCHES);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);   /* user space may set another size before loading */
} ring SEC(".maps");

/* Written by user space through the mapped .bss, while the programs run. */
__u8 interest[WIRE_CALLS];
__u8 interest_compat[WIRE_CALLS];
struct wire_shape shapes[WIRE_CALLS];
struct wire_shape shapes_compat[WIRE_CALLS];
__u32 own_pid;                    /* our own calls are not recorded: a rule on sendto must not feed itself */

__u64 drops[DROP_REASONS];
__u64 unread;                     /* arguments in memory that was not there: never touched (argv of an exec that failed early), or unmapped since */

static __always_inline void count_drop(enum wire_drop reason) { __sync_fetch_and_add(&drops[reason], 1); }

static __always_inline void count_unread(void) { __sync_fetch_and_add(&unread, 1); }

static __always_inline struct scratch *scratch_of(u32 which) { return bpf_map_lookup_elem(&scratches, &which); }

static __always_inline struct wire_header *begin_record(struct scratch *s, u16 kind)
{
	struct wire_header *header = (struct wire_header *)s->bytes;
	u64 id = bpf_get_current_pid_tgid();

	__builtin_memset(header, 0, sizeof(*header));
	header->kind = kind;
	header->time = bpf_ktime_get_boot_ns();
	header->tid = (u32)id;
	header->pid = id >> 32;
	header->cpu = bpf_get_smp_processor_id();
	s->used = sizeof(*header);
	s->unread = 0;
	return header;
}

/* Where the next blob's contents go: at least 2 * WIRE_TEXT_MAX - 8 bytes. NULL: no room, counted. */
static __always_inline u8 *blob_room(struct scratch *s)
{
	u64 used = s->used;

	if (used >= WIRE_RECORD_MAX) {
		count_drop(DROP_SCRATCH);
		return NULL;
	}
	asm volatile("%0 &= %1" : "+r"(used) : "i"(WIRE_RECORD_MAX - 1));
	return &s->bytes[used + sizeof(struct wire_blob)];
}

static __always_inline void end_blob(struct scratch *s, u16 tag, u32 length, s32 detail)
{
	u64 used = s->used;
	struct wire_blob *blob;

	asm volatile("%0 &= %1" : "+r"(used) : "i"(WIRE_RECORD_MAX - 1));
	blob = (struct wire_blob *)&s->bytes[used];
	blob->tag = tag;
	blob->length = length;
	blob->detail = detail;
	s->used = used + sizeof(*blob) + ((length + 7) & ~7u);
}

/* Default wake-ups cost 700-1650 ns an event here, batched ones 40-105 (reference/ebpf.md): user space looks every few ms by itself. */
static __always_inline void send_record(struct scratch *s)
{
	struct wire_header *header = (struct wire_header *)s->bytes;
	u64 used = s->used;
	u64 waiting = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);

	/* The check must be on the register that is passed, or clang 14 checks a copy: "R3 unbounded memory access". */
	asm volatile("%0 &= %1" : "+r"(used) : "i"(2 * WIRE_RECORD_MAX - 1));
	if (used > sizeof(s->bytes))
		used = sizeof(s->bytes);
	header->length = used;
	if (bpf_ringbuf_output(&ring, s->bytes, used, waiting >= WIRE_WAKE_BYTES ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP))
		count_drop(DROP_RING_FULL);
}

/* A NUL-ended string of user memory as a blob. */
static __always_inline void put_user_text(struct scratch *s, u16 tag, u64 address, s32 detail)
{
	u8 *room = blob_room(s);
	long length;

	if (!room)
		return;
	length = bpf_probe_read_user_str(room, WIRE_TEXT_MAX, (const void *)address);
	if (length <= 0) {
		s->unread = 1;
		if (address)
			count_unread();
		end_blob(s, BLOB_FAULT, 0, detail);
		return;
	}
	end_blob(s, tag, length & (2 * WIRE_TEXT_MAX - 1), detail);
}

/* `length` bytes of user memory as a blob, at most WIRE_TEXT_MAX - 1. */
static __always_inline void put_user_bytes(struct scratch *s, u16 tag, u64 address, u64 length, s32 detail)
{
	u8 *room = blob_room(s);

	if (!room)
		return;
	if (length >= WIRE_TEXT_MAX)
		length = WIRE_TEXT_MAX - 1;
	/* clang 14 checks a copy of the register and passes the other: "R2 min value is negative". */
	asm volatile("%0 &= %1" : "+r"(length) : "i"(WIRE_TEXT_MAX - 1));
	if (bpf_probe_read_user(room, length, (const void *)address)) {
		if (address)
			count_unread();
		end_blob(s, BLOB_FAULT, 0, detail);
		return;
	}
	end_blob(s, tag, length, detail);
}

#endif
