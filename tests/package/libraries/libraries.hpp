// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <system_error>

#define EXPORTED __attribute__((visibility("default")))

/// The bytes that a client sends for the text.
EXPORTED std::string bytes_of_client(const std::string& text);

/// The text of the message in these bytes; if there is none, `ec` says why.
EXPORTED std::string text_at_server(std::string bytes, std::error_code& ec);

/// An error of the library of the client.
EXPORTED std::error_code error_of_client();
