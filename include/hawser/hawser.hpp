// SPDX-License-Identifier: BSL-1.0
#pragma once

// All of hawser that needs nothing but the standard library.

#include "hawser/base/ascii.hpp"
#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/entropy.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/sha1.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/frame/assembler.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/mask.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/frame/reader.hpp"
#include "hawser/frame/writer.hpp"
#include "hawser/protocol/close_machine.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/extension.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/protocol/outbox.hpp"
#include "hawser/protocol/ping_machine.hpp"
#include "hawser/transport/concepts.hpp"
#include "hawser/version.hpp"
