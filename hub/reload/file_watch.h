// Hears when configuration files change, however that is done: written in place, replaced by an editor's rename, or by
// Kubernetes, which swaps the symlink `..data` beside them. So it is the folders that are watched, and what counts is
// whether the files' text is another than before.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hub {

class FileWatch {
 public:
  // `changed` runs on `loop` when the files have been quiet for a moment. Where the kernel cannot watch (no inotify
  // left, no such folder) that is logged, and SIGHUP remains.
  FileWatch(boost::asio::io_context& loop, std::vector<std::string> files, std::function<void()> changed);

 private:
  void read();
  std::size_t text_of_files() const;

  std::vector<std::string> files_;
  std::function<void()> changed_;
  std::size_t seen_;
  boost::asio::posix::stream_descriptor events_;
  boost::asio::steady_timer quiet_;
  std::array<char, 4096> buffer_{};
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace hub
