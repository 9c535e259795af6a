// SPDX-License-Identifier: BSL-1.0
#include "failure/tls/openssl_memory.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>

#include <malloc.h>
#include <openssl/crypto.h>

#include "failure/failing.hpp"

namespace hawser::test {

namespace {

std::atomic<std::size_t> held = 0;

void* counted(void* block) noexcept {
  held += malloc_usable_size(block);
  return block;
}

void* take(std::size_t size, const char*, int) {
  return may_allocate() ? counted(std::malloc(size)) : nullptr;
}

void* resize(void* block, std::size_t size, const char*, int) {
  if (!may_allocate()) return nullptr;
  const auto before = malloc_usable_size(block);
  void* const resized = std::realloc(block, size);
  if (resized == nullptr) return nullptr;
  held -= before;
  return counted(resized);
}

void give_back(void* block, const char*, int) {
  held -= malloc_usable_size(block);
  std::free(block);
}

/// Runs before OpenSSL is first used: Asio does so while its static objects are initialised.
[[gnu::constructor(101)]] void use_these() {
  if (CRYPTO_set_mem_functions(take, resize, give_back) != 1) std::abort();
}

}  // namespace

std::size_t openssl_holds() noexcept { return held; }

}  // namespace hawser::test
