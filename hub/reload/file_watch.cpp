#include "hub/reload/file_watch.h"

#include "core/log.h"

#include <sys/inotify.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace hub {
namespace {

constexpr auto kQuiet = std::chrono::milliseconds{200};  // an editor needs several steps to save
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_MOVED_FROM;

}  // namespace

FileWatch::FileWatch(boost::asio::io_context& loop, std::vector<std::string> files, std::function<void()> changed)
    : files_{std::move(files)}, changed_{std::move(changed)}, seen_{text_of_files()}, events_{loop}, quiet_{loop} {
  std::set<std::string> folders;
  for (const std::string& file : files_) {
    const auto folder = std::filesystem::path{file}.parent_path();
    folders.insert(folder.empty() ? "." : folder.string());
  }
  if (folders.empty()) return;
  const int inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (inotify < 0) {
    core::log_warning("files_not_watched", {{"why", std::strerror(errno)}, {"effect", "SIGHUP reloads them"}});
    return;
  }
  events_.assign(inotify);
  for (const std::string& folder : folders)
    if (inotify_add_watch(inotify, folder.c_str(), kEvents) < 0)
      core::log_warning("files_not_watched",
                        {{"folder", folder}, {"why", std::strerror(errno)}, {"effect", "SIGHUP reloads them"}});
  read();
}

// What the events say does not matter: they are the reason to look.
void FileWatch::read() {
  auto heard = [this, alive = std::weak_ptr{alive_}](const boost::system::error_code& fault, std::size_t) {
    if (fault || alive.expired()) return;
    quiet_.expires_after(kQuiet);
    quiet_.async_wait([this, alive](const boost::system::error_code& interrupted) {
      if (interrupted || alive.expired()) return;
      const std::size_t now = text_of_files();
      if (std::exchange(seen_, now) != now) changed_();
    });
    read();
  };
  events_.async_read_some(boost::asio::buffer(buffer_), std::move(heard));
}

std::size_t FileWatch::text_of_files() const {
  std::string all;
  for (const std::string& file : files_) {
    std::ifstream stream{file, std::ios::binary};
    std::ostringstream text;
    if (stream) text << stream.rdbuf();
    all.append(stream ? "there:" : "not there:").append(text.view()).push_back('\0');
  }
  return std::hash<std::string>{}(all);
}

}  // namespace hub
