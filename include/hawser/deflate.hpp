// SPDX-License-Identifier: BSL-1.0
#pragma once

// Everything that needs zlib, and the core.

#include "hawser/base/language.hpp"

#include "hawser/deflate/deflater.hpp"
#include "hawser/deflate/extension.hpp"
#include "hawser/deflate/inflater.hpp"
#include "hawser/deflate/negotiation.hpp"
#include "hawser/deflate/options.hpp"
#include "hawser/deflate/parameters.hpp"
#include "hawser/deflate/permessage_deflate.hpp"
#include "hawser/deflate/thread_streams.hpp"
#include "hawser/deflate/zlib_memory.hpp"
#include "hawser/hawser.hpp"
