// SPDX-License-Identifier: BSL-1.0
#include <cstdlib>
#include <exception>
#include <iostream>

#include "cat/client_run.hpp"
#include "cat/screen.hpp"
#include "cat/server_run.hpp"
#include "cat/settings.hpp"
#include "cat/status.hpp"

using namespace tools::cat;

int main(int argc, char** argv) {
  const auto given = read_settings(argc, argv);
  auto ended = status::not_connected;
  try {
    screen shown{given};
    if (given.listen.empty()) {
      client_run conversation{given, shown};
      ended = conversation.run();
      if (!screen::is_complete() && ended == status::as_asked) ended = status::lost;
      // The thread that reads the input may wait for it.
      std::_Exit(static_cast<int>(ended));
    }
    server_run conversation{given, shown};
    ended = conversation.run();
    if (!screen::is_complete()) ended = status::lost;
    std::_Exit(static_cast<int>(ended));
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
  }
  return static_cast<int>(ended);
}
