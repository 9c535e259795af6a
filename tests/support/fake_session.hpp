// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <asio/any_io_executor.hpp>

#include "hawser/asio/session/session_state.hpp"

namespace hawser::test {

/// A session without a connection: it records its commands, on its own thread or when woken.
class fake_session final : public detail::session_state,
                           public std::enable_shared_from_this<fake_session> {
 public:
  explicit fake_session(send_budget budget = {}, detail::session_facts facts = {},
                        std::shared_ptr<detail::memory_budget> memory = nullptr)
      : session_state{role::server, std::move(facts), budget, std::move(memory)} {}

  ~fake_session() override { leave(); }

  std::error_code send_part(message_view, part) override {
    done.emplace_back("send part");
    return {};
  }
  void wait_for(detail::read_operation&) override {}
  void wait_for(detail::drain_operation&) override {}
  void cancel(detail::operation&) override {}
  void cancel(detail::delivery_receipt&) override {}
  asio::any_io_executor executor() const override { return {}; }
  std::shared_ptr<session_state> share() override { return this->weak_from_this().lock(); }
  void abandon() override { abandoned = true; }

  using session_state::run_queued;
  using session_state::set_stored_beside;
  using session_state::shut;

  bool own_thread = true;
  bool abandoned = false;
  int woken = 0;
  std::vector<std::string> done;

 private:
  bool running_in_this_thread() const override { return own_thread; }
  std::error_code run(detail::session_command& command) override {
    if (std::get_if<detail::send_command>(&command) != nullptr) done.emplace_back("send");
    if (std::get_if<detail::ping_command>(&command) != nullptr) done.emplace_back("ping");
    if (std::get_if<detail::close_command>(&command) != nullptr) done.emplace_back("close");
    if (std::get_if<detail::abort_command>(&command) != nullptr) done.emplace_back("abort");
    if (std::get_if<detail::flow_command>(&command) != nullptr) done.emplace_back("flow");
    if (std::get_if<detail::account_command>(&command) != nullptr) done.emplace_back("account");
    return {};
  }
  std::error_code send_now(message_view) override {
    done.emplace_back("send now");
    return {};
  }
  void wake() override { ++woken; }
};

}  // namespace hawser::test
