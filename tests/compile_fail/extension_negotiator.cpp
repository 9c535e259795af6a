// SPDX-License-Identifier: BSL-1.0
// Refused: extension_negotiator
#include "hawser/negotiation/negotiator.hpp"

struct negotiator {
  std::string offer() const;
  std::string answer(const hawser::extension_list& offers) const;
  bool accepts(const hawser::extension_list& answer) const;
#ifdef COMPLETE
  hawser::any_extension make(hawser::role own_role, const hawser::extension_list& answer) const;
#endif
};

template <hawser::extension_negotiator Negotiator>
void use(Negotiator);

using refused = decltype(use(negotiator{}));
