// The writers behind the simple channels.
#pragma once

#include "detector/config/config.h"
#include "detector/emit/queued_channel.h"

namespace detector {

// One line each, flushed; on a terminal coloured by priority unless NO_COLOR is set. `fd` is not closed.
std::unique_ptr<Writer> make_stdout_writer(int fd);
std::unique_ptr<Writer> make_file_writer(const FileOutput& options);
// To the logger's socket, as syslog(3) would write it, but without its locks and with a way to give up.
std::unique_ptr<Writer> make_syslog_writer(const SyslogOutput& options);
std::unique_ptr<Writer> make_program_writer(const ProgramOutput& options);

// Writes all of it, waiting for a reader that is slow; gives up (Fault::Timeout) once `stop` is readable.
core::Result<> write_all(int fd, std::string_view bytes, int stop);

}  // namespace detector
