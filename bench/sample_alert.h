// The alert that every load sends: falcosidekick's README example, some 0.9 KB, another one each time. `bench.sent` is
// when it left, in nanoseconds since 1970, so that a receiver can tell how long it took from end to end.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace bench {

inline std::int64_t nanoseconds_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

inline void append_sample_alert(std::string& to, unsigned long number, std::int64_t sent) {
  fmt::format_to(
      std::back_inserter(to),
      R"J({{"hostname":"bench-host-01","output":"15:31:56.746609046: Error File below a known binary directory opened for writing (user=root command=touch /bin/hack-{0} file=/bin/hack-{0} parent=bash pcmdline=bash gparent=sshd container_id=3f2a1b4c5d6e image=docker.io/library/nginx)",)J"
      R"J("priority":"Error","rule":"Write below binary dir","source":"syscall","tags":["filesystem","mitre_persistence","T1543"],"time":"2026-11-21T15:31:56.746609046Z",)J"
      R"J("output_fields":{{"bench.number":{0},"bench.sent":{1},"container.id":"3f2a1b4c5d6e","container.image.repository":"docker.io/library/nginx","evt.time":1507591916746609046,"fd.name":"/bin/hack-{0}","k8s.ns.name":"shop","k8s.pod.name":"web-7d9c-x2x","proc.aname[2]":"sshd","proc.cmdline":"touch /bin/hack-{0}","proc.name":"touch","proc.pname":"bash","proc.tty":34816,"user.loginuid":-1,"user.name":"root","user.uid":0}}}})J",
      number, sent);
}

}  // namespace bench
