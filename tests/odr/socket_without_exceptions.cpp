// SPDX-License-Identifier: BSL-1.0

// The blocking websocket over an Asio socket works in a program without exceptions and without run-time type
// information. The core and deflate compile as well.

#include <cstdlib>
#include <system_error>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/asio/socket_transport.hpp"
#include "hawser/deflate.hpp"
#include "hawser/hawser.hpp"
#include "hawser/transport/memory_pipe.hpp"

template class hawser::websocket<hawser::memory_pipe>;
template class hawser::websocket<hawser::socket_transport>;
template class hawser::basic_connection<hawser::deflate_extension>;

// Without exceptions, Asio requires this function from the program.
template <class Exception>
void asio::detail::throw_exception(const Exception& /*thrown*/) {
  std::abort();
}

int main() {
  std::error_code ec;
  asio::io_context context;
  hawser::websocket<hawser::socket_transport> closed{
      hawser::role::client, hawser::socket_transport{asio::ip::tcp::socket{context}}};
  ec = closed.write("ahoy");
  return ec ? 0 : 1;
}
