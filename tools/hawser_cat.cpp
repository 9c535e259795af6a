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

/// Ends the program without destroying the conversation: the thread that reads the input may wait for ever.
template <class Conversation>
[[noreturn]] void run(const settings& given) {
  screen shown{given};
  Conversation conversation{given, shown};
  auto ended = conversation.run();
  if (!screen::is_complete() && ended == status::as_asked) ended = status::lost;
  std::_Exit(static_cast<int>(ended));
}

int main(int argc, char** argv) try {
  const auto given = read_settings(argc, argv);
  given.listen.empty() ? run<client_run>(given) : run<server_run>(given);
} catch (const std::exception& error) {
  std::cerr << error.what() << std::endl;
  return static_cast<int>(status::not_connected);
}
