// SPDX-License-Identifier: BSL-1.0
#include "hawser/deflate.hpp"
#include "hawser/hawser.hpp"
#include "hawser/transport/memory_pipe.hpp"

// Never run. Instantiates every inline function and every member of each class template. Otherwise the
// compiler omits functions without a test, and they do not count as not run.

namespace hawser {

using pipe_driver = detail::blocking_driver<memory_pipe, basic_connection<any_extension>>;
using pipe_connection = detail::shared_connection<memory_pipe, basic_connection<any_extension>>;

template class basic_connection<any_extension>;
template class detail::connection_output<any_extension, system_mask_source>;
template class detail::receiver<any_extension>;
template class detail::sender<any_extension, system_mask_source>;
template class client_handshake<>;
template class server_handshake<>;
template class negotiating_client_policy<default_client_policy>;
template class negotiating_server_policy<default_server_policy>;
template class backoff_schedule<>;
template class detail::blocking_driver<memory_pipe, basic_connection<any_extension>>;
template class detail::shared_connection<memory_pipe, basic_connection<any_extension>>;
template class detail::blocking_reader<memory_pipe, pipe_connection>;
template class detail::blocking_writer<memory_pipe, pipe_connection>;
template class detail::message_right<pipe_connection>;
template class detail::deadline_io<memory_pipe>;
template class outgoing_message<pipe_driver>;
template class websocket<memory_pipe>;
template class thread_streams<deflater>;

}  // namespace hawser
