// SPDX-License-Identifier: BSL-1.0

// The headers of hawser compile after the macros that headers of systems and of other libraries define. The
// headers that hawser itself includes come first, because they need not compile after these macros.
#include <algorithm>
#include <any>
#include <array>
#include <atomic>
#include <bit>
#include <bitset>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <compare>
#include <concepts>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <exception>
#include <forward_list>
#include <functional>
#include <future>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <new>
#include <numeric>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <shared_mutex>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <asio.hpp>
#include <asio/ssl.hpp>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/tcp.h>
#include <nlohmann/json.hpp>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/pemerr.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

// windows.h, its relatives, and macros that its users define
#undef max
#undef min
#define max(a, b) ((a) > (b) ? (a) : (b))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define small char
#define hyper long long
#define interface struct
#define near
#define far
#define pascal
#define cdecl
#define IN
#define OUT
#define OPTIONAL
#define CONST const
#define VOID void
#define TRUE 1
#define FALSE 0
#define ERROR 0
#define DELETE 0x00010000L
#define NO_ERROR 0L
#define IGNORE 0
#define INFINITE 0xFFFFFFFF
#define STRICT 1
#define ABSOLUTE 1
#define RELATIVE 2
#define TRANSPARENT 1
#define OPAQUE 2
#define DOMAIN 1
#define CALLBACK
#define GetMessage GetMessageA
#define SendMessage SendMessageA
#define CreateEvent CreateEventA
#define GetObject GetObjectA
#define Yield()
// POSIX and old compilers
#define major(x) (x)
#define minor(x) (x)
#define makedev(x, y) (x)
#define unix 1
#define linux 1
// Apple's AssertMacros.h and Objective-C
#define check(x)
#define verify(x)
#define require(x, label)
#define nil 0
#define YES 1
#define NO 0
// Xlib
#define None 0L
#define Bool int
#define Status int
#define Success 0
#define Always 2
#define True 1
#define False 0
#define Above 0
#define Below 1
// Qt
#define signals public
#define slots
#define emit
#define foreach(x, y) for (x : y)
#define forever for (;;)
// Debug builds, loggers and tests
#undef assert
#define assert(x)
#define ASSERT(x)
#define CHECK(x)
#define REQUIRE(x)
#define LOG(x)
#define DEBUG 1
#define INFO 1
#define WARN 2
#define FAIL(x)
#define DEFAULT 0
#define PING 1
#define TEXT(x) L##x

#include "every_header.hpp"

// No checks at run time: a macro that breaks a header is a compile error.
int main() {}
