# SPDX-License-Identifier: BSL-1.0
"""mutations.py finds the documented changes and no others."""

import unittest

import mutations


def changes(text):
    return [one.after.strip() for one in mutations.mutations(text)]


class Operators(unittest.TestCase):
    def test_an_operator_has_spaces_and_a_bracket_of_a_template_has_none(self):
        self.assertEqual(changes("  return left < right;\n"), ["return left <= right;"])
        self.assertEqual(changes("  std::vector<int> all;\n"), [])

    def test_a_reference_and_a_pointer_are_no_operators(self):
        self.assertEqual(changes("  const T& one;\n  T&& two;\n  char* text;\n"), [])

    def test_each_operator_of_a_line_is_changed_alone(self):
        self.assertEqual(changes("  x = a == b && c;\n"),
                         ["x = a != b && c;", "x = a == b || c;", ";  // x = a == b && c;"])

    def test_a_negation_goes(self):
        self.assertEqual(changes("  return !found;\n"), ["return found;"])

    def test_a_step_goes_the_other_way(self):
        self.assertEqual(changes("  while (++i) {\n"), ["while (--i) {"])

    def test_shifts_and_compound_assignments(self):
        self.assertEqual(changes("  return a << b;\n"), ["return a >> b;"])
        self.assertEqual(changes("  size_ += more;\n"), ["size_ -= more;", ";  // size_ += more;"])


class Constants(unittest.TestCase):
    def test_a_number_grows_by_one(self):
        self.assertEqual(changes("  return 0x7Fu;\n"), ["return 0x80u;"])
        self.assertEqual(changes("  return 9;\n"), ["return 10;"])

    def test_a_truth_value_is_the_other_one(self):
        self.assertEqual(changes("  bool open = true;\n"), ["bool open = false;"])

    def test_what_is_in_a_string_or_a_comment_stays(self):
        self.assertEqual(changes('  text = "a < 1";  // b < 2\n'), [';  // text = "a < 1";  // b < 2'])


class Statements(unittest.TestCase):
    def test_a_call_goes(self):
        self.assertEqual(changes("  timers_.received(now);\n"), [";  // timers_.received(now);"])

    def test_a_guarded_statement_goes_with_its_condition(self):
        self.assertEqual(changes("  if (done) return;\n"), ["// if (done) return;"])

    def test_the_rest_of_a_statement_stays(self):
        self.assertEqual(changes("  const auto x =\n      f(y);\n"), [])

    def test_declarations_and_the_preprocessor_stay(self):
        self.assertEqual(changes("#if A > 1\n  static_assert(a < b);\n  using x = y;\n"), [])


class Lines(unittest.TestCase):
    def test_a_change_knows_its_line(self):
        found = list(mutations.mutations("int x;\n\n  return a - b;\n"))
        self.assertEqual([(3, "  return a + b;")], [(one.line, one.after) for one in found])


if __name__ == "__main__":
    unittest.main()
