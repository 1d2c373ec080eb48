// What keeps the journal fit beside its writer: removes released segments, writes the next one ahead, and minds the free space.
#pragma once

#include "core/clock.h"
#include "hub/journal/disk_room.h"
#include "hub/journal/segment_set.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace hub {

class Upkeep {
 public:
  struct Retention {
    core::Duration retain;
    std::uint64_t max_bytes = 0;
    std::function<core::TimePoint()> clock;
  };
  // `room_found` is called on the thread that looks, when alerts can be taken (again). All references outlive this.
  Upkeep(FileSystem& file_system, SegmentSet& segments, DiskRoom& room, Retention retention, std::function<void()> room_found);
  ~Upkeep();

  void start();                        // its own thread; without it, only look() does anything
  void stop();
  void wake();                         // any thread: something was released, taken or missed

  // Once through. One thread at a time.
  void look();
  // Removes released segments, oldest first, until `bytes` more are free; false: there is nothing left to remove. Any thread.
  bool make_room(std::uint64_t bytes);

  // Any thread: the disk is short, so that what is left of the active segment must be kept for decisions.
  bool is_short() const { return is_short_; }
  std::string trouble() const;

 private:
  void run();
  void retire_old();
  bool remove_oldest();

  FileSystem& file_system_;
  SegmentSet& segments_;
  DiskRoom& room_;
  const Retention retention_;
  const std::function<void()> room_found_;
  std::atomic<bool> is_short_{false};
  mutable std::mutex mutex_;
  std::mutex removing_;
  std::condition_variable wakeup_;
  bool woken_ = false, stopping_ = false;
  std::string trouble_;
  std::thread thread_;
};

}  // namespace hub
