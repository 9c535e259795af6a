// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

#include "hawser/asio/driver/operation_memory.hpp"

namespace hawser::detail {

/// Shared ownership of a driver, held by an operation of its stream until the operation completes
/// and the handler calls take(). If the operation is destroyed instead, because its execution
/// context ends, calls `driver->lose_operations()`.
template <class Driver>
class operation_owner {
 public:
  explicit operation_owner(std::shared_ptr<Driver> driver) noexcept : driver_{std::move(driver)} {}
  ~operation_owner() {
    if (driver_) driver_->lose_operations();
  }
  operation_owner(operation_owner&&) noexcept = default;
  operation_owner& operator=(operation_owner&&) = delete;

  Driver& operator*() const noexcept { return *driver_; }

  std::shared_ptr<Driver> take() noexcept { return std::move(driver_); }

 private:
  std::shared_ptr<Driver> driver_;
};

/// A handler that calls `driver->*Complete(ec, size)`.
template <auto Complete, class Driver>
auto completing(operation_owner<Driver> owner) {
  return [owner = std::move(owner)](std::error_code ec, std::size_t size = 0) mutable {
    (owner.take().get()->*Complete)(ec, size);
  };
}

/// A handler that calls `driver->*Complete(ec)`, for an operation whose memory is
/// `driver.wait_memory()`. Asio adds to the size of the handler, and all of it must fit.
template <auto Complete, class Driver>
class waiting_handler {
 public:
  using allocator_type = operation_allocator<void>;

  explicit waiting_handler(operation_owner<Driver> owner) noexcept : owner_{std::move(owner)} {}

  allocator_type get_allocator() const noexcept { return allocator_type{(*owner_).wait_memory()}; }
  void operator()(std::error_code ec) { (owner_.take().get()->*Complete)(ec); }

 private:
  operation_owner<Driver> owner_;
};

template <auto Complete, class Driver>
auto waiting(operation_owner<Driver> owner) {
  return waiting_handler<Complete, Driver>{std::move(owner)};
}

}  // namespace hawser::detail
