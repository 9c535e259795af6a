// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/pem.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "support/catch.hpp"
#include "support/certificates.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// A file that is removed at the end of the test.
class temporary_file {
 public:
  explicit temporary_file(const std::string& content) {
    // mkstemp() replaces these six letters to make a new name.
    const auto pattern = "hawser-" + std::string(6, 'X');
    auto name = (std::filesystem::temp_directory_path() / pattern).string();
    const int handle = ::mkstemp(name.data());
    REQUIRE(handle >= 0);
    ::close(handle);
    path_ = name;
    std::ofstream{path_} << content;
  }
  ~temporary_file() { std::filesystem::remove(path_); }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;

  pem_file source() const { return {path_.string()}; }

 private:
  std::filesystem::path path_;
};

/// The text of the error when the identity is loaded; empty without an error.
std::string complaint(const tls_identity& identity) {
  try {
    detail::load(identity);
    return {};
  } catch (const std::system_error& error) {
    return error.what();
  }
}

std::string encrypted_key(const std::string& passphrase) {
  return text_of([&](BIO* to) {
    return PEM_write_bio_PKCS8PrivateKey(to, test_server().key.get(), EVP_aes_128_cbc(),
                                         passphrase.data(), static_cast<int>(passphrase.size()),
                                         nullptr, nullptr);
  });
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("certificates and keys are read from texts and from files") {
  const temporary_file certificate{test_server().certificate_text};
  const temporary_file key{test_server().key_text};
  const temporary_file both{test_server().key_text + test_server().certificate_text};
  CHECK(complaint(test_server().identity()).empty());
  CHECK(complaint({.certificate = certificate.source(), .key = key.source()}).empty());
  CHECK(complaint({.certificate = both.source(), .key = both.source()}).empty());
}

TEST_CASE("the certificates after the first one are its chain") {
  auto identity = test_server().identity();
  CHECK(sk_X509_num(detail::load(identity).chain.get()) == 0);
  identity.certificate =
      pem_text{test_server().certificate_text + "in between\n" + test_authority().certificate_text};
  const auto loaded = detail::load(identity);
  REQUIRE(sk_X509_num(loaded.chain.get()) == 1);
  CHECK(X509_cmp(loaded.certificate.get(), test_server().certificate.get()) == 0);
  CHECK(X509_cmp(sk_X509_value(loaded.chain.get(), 0), test_authority().certificate.get()) == 0);
}

TEST_CASE("a key may be encrypted, and OpenSSL does not prompt for the passphrase") {
  auto identity = test_server().identity();
  identity.key = pem_text{encrypted_key("open sesame")};
  identity.passphrase = "open sesame";
  CHECK(complaint(identity).empty());
  identity.passphrase = "open barley";
  CHECK(contains(complaint(identity), "passphrase of the key: "));
  identity.passphrase.clear();
  CHECK(contains(complaint(identity), "passphrase of the key: "));
  identity.passphrase = std::string(5000, 'x');
  CHECK_FALSE(complaint(identity).empty());
}

TEST_CASE("an error names the file and the reason") {
  auto identity = test_server().identity();
  identity.certificate = pem_file{"/nowhere/at/all.pem"};
  CHECK(contains(complaint(identity), "certificate in /nowhere/at/all.pem: No such file"));
  const temporary_file empty{""};
  identity.certificate = empty.source();
  CHECK(contains(complaint(identity), empty.source().path + ": no start line"));
  identity = test_server().identity();
  identity.key = pem_text{};
  CHECK(contains(complaint(identity), "key: "));
  identity.key = pem_text{test_authority().key_text};
  CHECK(contains(complaint(identity), "key of another certificate: key values mismatch"));
}

TEST_CASE("a truncated certificate is an error, not the end of the file") {
  auto identity = test_server().identity();
  const auto& text = test_server().certificate_text;
  identity.certificate = pem_text{text + text.substr(0, text.size() / 2)};
  CHECK_FALSE(complaint(identity).empty());
}

}  // namespace
