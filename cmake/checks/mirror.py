# SPDX-License-Identifier: BSL-1.0
"""Each header has a test at the same path, each such test a header, which it includes first.

Those that only declare data, or are tested whole by the test of another header, need none; tests/headers
compiles them by themselves.
"""

import pathlib

import layers
import source_tree

# A header without a test: where it is tested
ELSEWHERE = {
    "asio/accepting/listener_base": "asio/accepting/listener",
    "asio/accepting/server_runtime": "asio/accepting/server_state",
    "asio/accepting/shutdown_functions": "asio/shutdown_options",
    "asio/accepting/threaded_incidents": "asio/diagnostics",
    "asio/accepting/threaded_opening": "asio/threaded_server",
    "asio/client_stream": "tls/async_connect",
    "asio/client_transport": "tls/connect",
    "asio/connect_error": "asio/connect_options",
    "asio/driver/command_driver": "asio/driver/session_driver",
    "asio/driver/driver_events": "asio/driver/async_driver",
    "asio/driver/driver_input": "asio/driver/async_driver",
    "asio/driver/driver_output": "asio/driver/async_driver",
    "asio/driver/driver_stream": "asio/driver/async_driver",
    "asio/driver/opened_driver": "asio/driver/async_websocket_driver",
    "asio/driver/pending_reads": "asio/driver/async_websocket_driver",
    "asio/driver/read_operation": "asio/session/session_waits",
    "asio/driver/wrapped_handler": "asio/driver/operation",
    "asio/driver/session_output": "asio/driver/session_driver",
    "asio/driver/session_settings": "asio/driver/session_driver",
    "asio/executor/cancel": "asio/opening/upgrade_coroutine",
    "asio/language": "compile_fail/no_coroutines",
    "asio/listen": "asio/opening/quiet_opening",
    "asio/opening/awaited_answer": "asio/opening/server_opening",
    "asio/opening/chosen_route": "asio/opening/server_opening",
    "asio/opening/client_attempt": "asio/opening/client_opening",
    "asio/opening/client_network": "testing/world",
    "asio/opening/default_layer": "asio/client",
    "asio/opening/lone_attempt": "asio/async_connect",
    "asio/opening/opening_incidents": "asio/diagnostics",
    "asio/opening/registered_opening": "asio/opening/refusal",
    "asio/opening/routed_opening": "asio/opening/server_opening",
    "asio/opening/session_start": "asio/opening/server_opening",
    "asio/outage_queue": "asio/session/kept_messages",
    "asio/plain_streams": "asio/accepting/listener",
    "asio/reconnecting/client_attempts": "asio/reconnecting/client_state",
    "asio/reconnecting/client_calls": "asio/reconnecting/client_state",
    "asio/reconnecting/sending_phase": "asio/reconnecting/client_sending",
    "asio/send_budget": "options/options",
    "asio/session/session_data": "asio/threaded_peer",
    "asio/session_statistics": "asio/session",
    "asio/server_options": "options/options",
    "asio/threaded_server_options": "options/options",
    "base/errc": "base/error",
    "base/error_category": "base/error",
    "base/language": "compile_fail/old_standard",
    "cable/engine/kept_history": "cable/engine/connection_extended",
    "cable/engine/presence_board": "cable/engine/connection_extended",
    "cable/engine/presence_registry": "cable/engine/shared_presence",
    "cable/engine/extended_session": "cable/engine/connection_extended",
    "cable/engine/kept_sessions": "cable/engine/connection_restoring",
    "cable/engine/session_numbers": "cable/engine/message_note",
    "cable/engine/session_text": "cable/engine/connection_saving",
    "cable/engine/stream_context": "cable/engine/stream_table",
    "cable/engine/stream_pauses": "cable/engine/connection_history",
    "pubsub/history_store": "cable/engine/connection_history",
    "pubsub/presence_store": "cable/engine/shared_presence",
    "pubsub/session_store": "cable/engine/connection_saving",
    "redis/history/commands": "redis/redis_history",
    "redis/history/scripts": "redis/redis_history",
    "redis/history/session_scripts": "redis/redis_sessions",
    "redis/presence/commands": "redis/redis_presence",
    "redis/presence/keeper": "redis/redis_presence",
    "redis/presence/scripts": "redis/redis_presence",
    "cable/extended_options": "cable/engine/connection_extended",
    "cable/history_options": "cable/history",
    "cable/cable_shutdown_options": "cable/server",
    "cable/disconnect_options": "cable/server",
    "cable/engine/offload": "cable/channel",
    "cable/engine/registry": "cable/server",
    "cable/engine/remote_disconnect": "cable/server",
    "cable/engine/subprotocol": "cable/server",
    "cable/engine/upgrade_answers": "cable/server",
    "cable/test_client": "cable/connection",
    "cable/broadcast_options": "cable/server",
    "cable/channel_definition": "cable/server",
    "cable/fault": "cable/server",
    "cable/identifiers": "cable/connection",
    "cable/pubsub_options": "cable/engine/pubsub_channel",
    "cable/server_options": "cable/server",
    "cable/server_statistics": "cable/server",
    "cable/engine/any_broker": "cable/server",
    "cable/engine/broker_gate": "cable/server",
    "cable/engine/channel_calls": "cable/channel",
    "cable/engine/channel_link": "cable/channel",
    "cable/engine/channel_type": "cable/server",
    "cable/engine/connection_core": "cable/server",
    "cable/engine/connection_jobs": "cable/server",
    "cable/engine/connection_state": "cable/server",
    "cable/engine/connection_timing": "cable/server",
    "cable/engine/handler_result": "cable/channel",
    "cable/engine/job_queue": "cable/channel",
    "cable/engine/mailbox": "cable/channel",
    "cable/engine/member_names": "cable/server",
    "cable/engine/ordered_output": "cable/channel",
    "cable/engine/server_calls": "cable/server",
    "cable/engine/server_engine": "cable/server",
    "cable/engine/server_settings": "cable/server",
    "cable/engine/server_state": "cable/server",
    "cable/engine/stream": "cable/channel",
    "cable/engine/stream_link": "cable/engine/stream_table",
    "cable/engine/subscription": "cable/channel",
    "cable/engine/timer_list": "cable/channel",
    "base/utf8_pairs": "base/simd",
    "cable/json": "json/json",
    "credentials/crypto/envelope": "credentials/message_verifier",
    "credentials/crypto/hmac": "credentials/jwt",
    "credentials/errc": "credentials/jwt",
    "handshake/decision": "handshake/server",
    "handshake/request_checks": "handshake/server",
    "cable/client/connection_request": "cable/consumer",
    "cable/client/consumer_calls": "cable/consumer",
    "cable/client/consumer_connection": "cable/consumer",
    "cable/client/consumer_core": "cable/consumer",
    "cable/client/consumer_state": "cable/consumer",
    "cable/client/subscriber": "cable/consumer",
    "cable/client/table_calls": "cable/client/subscription_table",
    "cable/client/table_entry": "cable/client/subscription_table",
    "cable/client/table_notices": "cable/client/subscription_table",
    "cable/client/wanted_presence": "cable/presence_event",
    "cable/client/watched_session": "cable/consumer",
    "cable/consumer_options": "cable/client/subscription_table",
    "cable/subscription": "cable/consumer",
    "protocol/close_payload": "rfc6455/7_closing",
    "protocol/connection_end": "protocol/connection",
    "protocol/connection_output": "protocol/connection",
    "protocol/frame_cutting": "protocol/outbox",
    "protocol/interest": "protocol/connection",
    "protocol/output_chunk": "protocol/outbox",
    "protocol/owned_payload": "protocol/outbox",
    "testing/client_network": "testing/world",
    "testing/engine/connect_by_network": "testing/world",
    "testing/engine/memory_dialer": "testing/world",
    "testing/engine/memory_listener": "testing/world",
    "testing/engine/memory_protocol": "testing/world",
    "testing/failure": "testing/peer",
    "testing/frame_log": "testing/peer",
    "testing/http": "testing/world",
    "testing/network": "testing/world",
    "testing/pipe_wire": "testing/peer",
    "testing/server_network": "testing/world",
    "testing/stream": "asio/driver/async_websocket_driver",
    "testing/stream_wire": "testing/world",
    "testing/wire": "testing/peer",
    "tls/client_layer": "tls/client",
    "tls/default_context": "tls/connect",
    "tls/transport_phases": "tls/transport",
    "transport/blocking/blocking_reader": "transport/blocking/blocking_driver",
    "transport/blocking/blocking_writer": "transport/blocking/blocking_driver",
    "transport/blocking/close_watch": "transport/websocket",
    "transport/blocking/message_right": "transport/blocking/blocking_driver",
    "transport/blocking/shared_connection": "transport/blocking/blocking_driver",
    "transport/blocking/unread_input": "transport/websocket",
    "transport/pipe/pipe_lane": "transport/memory_pipe",
    "transport/pipe/pipe_state": "transport/memory_pipe",
    "pubsub/delivery/fan_out": "pubsub/memory_broker",
    "pubsub/delivery/hub_member": "pubsub/hub",
    "pubsub/delivery/hub_state": "pubsub/hub",
    "pubsub/delivery/membership": "pubsub/delivery/delivery_loop",
    "pubsub/delivery/subscriptions": "pubsub/broker",
    "pubsub/hub_options": "options/options",
    "pubsub/publication": "pubsub/broker",
    "redis/errc": "redis/address",
    "redis/link/attempts": "redis/redis_broker",
    "redis/link/broker_state": "redis/redis_broker",
    "redis/link/client_name": "redis/redis_broker",
    "redis/link/destination": "redis/redis_broker",
    "redis/link/output": "redis/redis_broker",
    "redis/link/publisher_link": "redis/redis_broker",
    "redis/link/redis_link": "redis/redis_broker",
    "redis/link/subscriber_link": "redis/redis_broker",
    "redis/link/upstream": "redis/redis_broker",
    "redis/link/wanted_patterns": "redis/redis_broker",
    "redis/options": "redis/redis_broker",
}


def check(root):
    headers = {
        path.relative_to(root / "include/hawser").with_suffix("")
        for layer in layers.LAYERS
        for path in source_tree.files(root, f"include/hawser/{layer}", {".hpp"})
    }
    tests = {
        path.relative_to(root / "tests").with_suffix("")
        for layer in layers.LAYERS
        for path in source_tree.files(root, f"tests/{layer}", {".cpp"})
    }
    for name in sorted(headers - tests):
        if ELSEWHERE.get(name.as_posix()) is not None:
            continue
        yield f"include/hawser/{name}.hpp: there is no tests/{name}.cpp"
    for name, where in sorted(ELSEWHERE.items()):
        if pathlib.Path(name) in headers and not (root / f"tests/{where}.cpp").exists():
            yield f"tests/{where}.cpp: missing; it tests {name}.hpp"
    for name in sorted(tests - headers):
        yield f"tests/{name}.cpp: there is no include/hawser/{name}.hpp"
    for name in sorted(headers & tests):
        first = next(source_tree.includes(root / f"tests/{name}.cpp"), (1, "nothing", '"'))
        if first[1] != f"hawser/{name}.hpp":
            yield f"tests/{name}.cpp:{first[0]}: hawser/{name}.hpp comes first, not {first[1]}"


if __name__ == "__main__":
    source_tree.main(check)
