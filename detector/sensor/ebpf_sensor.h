// The live sensor: the kernel's events through BPF. This file's .cpp is the only door to libbpf.
#pragma once

#include "detector/sensor/sensor.h"

#include <cstddef>
#include <memory>
#include <string>

namespace detector {

struct EbpfOptions {
  std::size_t ring_bytes = 8 << 20;        // a power of two, at least a page
  bool include_own_calls = false;          // of this very process: a rule on what the detector does would feed itself
  bool drop_failed = false;                // calls that failed are forgotten in the kernel: no event, and no cost of one
  std::string hostname;                    // "": this machine's
};

// Loads and attaches the programs, then reads /proc. Needs CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN), a kernel of 5.11 or newer with BTF.
// What is missing is said in one sentence: Fault::Invalid no right to it, Fault::NotFound no BTF or too old a kernel, Fault::Io the rest.
core::Result<std::unique_ptr<Sensor>> open_ebpf_sensor(const EbpfOptions& options = {});

}  // namespace detector
