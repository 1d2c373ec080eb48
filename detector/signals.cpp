#include "detector/signals.h"

#include <csignal>
#include <initializer_list>

namespace detector {
namespace {

volatile std::sig_atomic_t stop_signal = 0;
volatile std::sig_atomic_t reload_asked = 0;
volatile std::sig_atomic_t reopen_asked = 0;

extern "C" void note_signal(int number) {
  if (number == SIGHUP) reload_asked = 1;
  else if (number == SIGUSR1) reopen_asked = 1;
  else stop_signal = number;
}

}  // namespace

void watch_signals() {
  struct sigaction action {};
  action.sa_handler = note_signal;
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) ::sigaction(number, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);   // a closed reader is an error of write(), not our end
}

Requests take_requests() {
  Requests requests{.stop = stop_signal, .reload = reload_asked != 0, .reopen = reopen_asked != 0};
  if (requests.reload) reload_asked = 0;
  if (requests.reopen) reopen_asked = 0;
  return requests;
}

}  // namespace detector
