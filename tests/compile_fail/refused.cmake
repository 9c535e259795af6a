# SPDX-License-Identifier: BSL-1.0

# The compiler must refuse SOURCE with a message that contains the words after "// Refused:". If SOURCE has
# a line "// With:", it must be refused with these options, and the first error must contain the words. If it
# has a line "// Lines:", the whole message has no more lines than these, without those that only name includes.

set(compile "${COMPILER}" -std=c++20 ${OPTIONS} -fsyntax-only -I "${INCLUDE}" "${SOURCE}")

file(STRINGS "${SOURCE}" expected REGEX "^// Refused: ")
string(REPLACE "// Refused: " "" expected "${expected}")
if(expected STREQUAL "")
  message(FATAL_ERROR "${SOURCE} does not say what the message names")
endif()
file(STRINGS "${SOURCE}" with REGEX "^// With: ")
string(REPLACE "// With: " "" with "${with}")
separate_arguments(with)

file(STRINGS "${SOURCE}" most REGEX "^// Lines: ")
if(with AND NOT most)
  list(APPEND with -Wfatal-errors)
endif()

execute_process(COMMAND ${compile} ${with} RESULT_VARIABLE result ERROR_VARIABLE output)
if(result EQUAL 0)
  message(FATAL_ERROR "Accepted although ${expected} is not satisfied")
endif()
string(FIND "${output}" "${expected}" found)
if(found EQUAL -1)
  message(FATAL_ERROR "The message does not name ${expected}:\n${output}")
endif()

string(REPLACE "// Lines: " "" most "${most}")
string(REGEX REPLACE "(In file included| +)from [^\n]*\n" "" own "${output}")
string(REGEX MATCHALL "\n" lines "${own}")
list(LENGTH lines count)
if(most AND count GREATER most)
  message(FATAL_ERROR "The message has ${count} lines:\n${output}")
endif()
