// SPDX-License-Identifier: BSL-1.0
#include "hawser/credentials/crypto/sealed.hpp"

#include <cstddef>
#include <string>

#include "support/catch.hpp"

using namespace hawser::credentials;
using namespace hawser::credentials::detail;

namespace {

TEST_CASE("a sealed text is opened with its key, unless it was changed") {
  const secret key{std::string(sealed::key_size, 'k')};
  const secret other{std::string(sealed::key_size, 'o')};
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{100}, std::size_t{5000}}) {
    const std::string text(size, 'x');
    const auto made = seal(key, text, std::string(sealed::iv_size, 'i'));
    CHECK(made.encrypted.size() == size);
    CHECK((size == 0 || made.encrypted != text));
    CHECK(unseal(key, made) == text);
    CHECK_FALSE(unseal(other, made));
    for (auto part : {&sealed::encrypted, &sealed::iv, &sealed::tag}) {
      auto changed = made;
      if ((changed.*part).empty()) continue;
      (changed.*part)[0] = static_cast<char>((changed.*part)[0] ^ 1);
      CHECK_FALSE(unseal(key, changed));
      (changed.*part).pop_back();
      CHECK_FALSE(unseal(key, changed));
    }
  }
}

}  // namespace
