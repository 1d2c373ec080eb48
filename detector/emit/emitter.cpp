#include "detector/emit/emitter.h"

#include "detector/emit/http_channel.h"
#include "detector/emit/queued_channel.h"
#include "detector/emit/writers.h"

#include <unistd.h>

#include <algorithm>

namespace detector {

core::Result<Emitter> Emitter::open(const Config& config) {
  Emitter emitter;
  const auto queued = [&](std::string name, std::unique_ptr<Writer> writer) {
    const auto capacity = config.queue_capacity == 0 ? kLargeQueue : config.queue_capacity;
    emitter.add(std::make_unique<QueuedChannel>(std::move(name), std::move(writer), capacity, config.output_timeout));
  };
  if (config.stdout_enabled) queued("stdout", make_stdout_writer(STDOUT_FILENO));
  if (config.file.enabled) queued("file", make_file_writer(config.file));
  if (config.syslog.enabled) queued("syslog", make_syslog_writer(config.syslog));
  if (config.program.enabled) queued("program", make_program_writer(config.program));
  if (config.http.enabled) {
    auto http = make_http_channel(config.http, config.rules.json_output);
    if (!http) return http.error();
    emitter.add(std::move(*http));
  }
  return emitter;
}

void Emitter::emit(Line line) {
  if (channels_.empty()) return;
  const auto shared = std::make_shared<const Line>(std::move(line));
  for (const auto& channel : channels_) channel->offer(shared);
}

bool Emitter::is_crowded() const {
  return std::any_of(channels_.begin(), channels_.end(), [](const auto& channel) { return channel->status().crowded; });
}

void Emitter::reopen() {
  for (const auto& channel : channels_) channel->reopen();
}

void Emitter::stop(core::Duration grace) {
  // One deadline for all: while one is waited for, the others go on sending.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(grace);
  for (const auto& channel : channels_) channel->stop(deadline);
}

std::vector<Emitter::Row> Emitter::status() const {
  std::vector<Row> rows;
  for (const auto& channel : channels_) rows.push_back({std::string{channel->name()}, channel->status()});
  return rows;
}

}  // namespace detector
