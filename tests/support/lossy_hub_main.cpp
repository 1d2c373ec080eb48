// tocsin-hub-lossy: the whole hub on a disk whose unsynced bytes die with the process, for the kill tests.
// TOCSIN_DEFECT plants one of three defects, to show that those tests notice: ack-before-sync,
// cursor-before-dead-letter, unlink-before-cursor.
#include "hub/cli.h"
#include "tests/support/defective_state.h"
#include "tests/support/write_back_file.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

int main(int argc, char** argv) {
  const char* chosen = std::getenv("TOCSIN_DEFECT");
  const std::string_view defect = chosen ? chosen : "";
  const bool lying = defect == "ack-before-sync";
  const bool letters_late = defect == "cursor-before-dead-letter";
  const bool cursors_late = defect == "unlink-before-cursor";
  if (!defect.empty() && !lying && !letters_late && !cursors_late) {
    std::fprintf(stderr, "tocsin-hub-lossy: TOCSIN_DEFECT is '%s', which is no defect of ours\n", chosen);
    return 2;
  }

  using tests::WriteBackFileSystem;
  WriteBackFileSystem files{lying ? WriteBackFileSystem::Sync::Lying : WriteBackFileSystem::Sync::Honest};
  const auto open_real = hub::real_parts().open_state;
  const hub::HubParts parts{files, [&](const std::string& path) -> core::Result<std::unique_ptr<hub::StateStore>> {
                              auto real = open_real(path);
                              if (!real) return real.error();
                              if (letters_late)
                                return tests::with_defect(tests::StateDefect::CursorBeforeDeadLetter, std::move(*real));
                              if (cursors_late)
                                return tests::with_defect(tests::StateDefect::UnlinkBeforeCursor, std::move(*real));
                              return std::move(*real);
                            }};
  return hub::hub_main(argc, argv, parts);
}
