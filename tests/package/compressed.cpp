// SPDX-License-Identifier: BSL-1.0
#include <cstdio>

#include "hawser/deflate.hpp"

int main() {
  const hawser::permessage_deflate extension;
  std::printf("hawser %s offers %s\n", hawser::version, extension.offer().c_str());
  return extension.answer({{"permessage-deflate"}}).empty() ? 1 : 0;
}
