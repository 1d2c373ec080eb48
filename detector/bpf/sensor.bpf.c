/*
 * Tocsin's eyes: one typed tracepoint at the end of every system call, and three of the scheduler (architecture.md 6). Why sys_exit alone:
 * at its end a call's registers still hold number and arguments, paths that were not paged in at entry are there by now, and an entry hook
 * would cost every call of the machine once more (reference/ebpf.md 3). What to take of which call is no code but a table, `shapes`, that
 * user space fills from detector/sensor/calls_*.cpp: to add a system call, add its row there.
 */
#include "detector/bpf/vmlinux_min.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "detector/bpf/wire.h"
#include "detector/bpf/regs.h"
#include "detector/bpf/record.bpf.h"
#include "detector/bpf/path.bpf.h"
#include "detector/bpf/file.bpf.h"
#include "detector/bpf/task.bpf.h"
#include "detector/bpf/process.bpf.h"
#include "detector/bpf/call.bpf.h"

char LICENSE[] SEC("license") = "GPL";
