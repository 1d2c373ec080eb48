// What the operating system asked for, as Falco understands it: SIGTERM and SIGINT end, SIGHUP loads the rules again, SIGUSR1 opens outputs
// anew. Noted by the handler, taken by the sensor's thread between two polls.
#pragma once

namespace detector {

struct Requests {
  int stop = 0;          // the signal's number
  bool reload = false;
  bool reopen = false;
};

void watch_signals();    // once, before any thread; SIGPIPE is ignored from then on
Requests take_requests();   // what came since the last call; stop stays

}  // namespace detector
