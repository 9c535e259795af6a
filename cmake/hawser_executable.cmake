# SPDX-License-Identifier: BSL-1.0

find_program(HAWSER_CCACHE ccache)
if(HAWSER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${HAWSER_CCACHE}")
endif()

# The compile options of our own tests and examples only.
add_library(hawser_strict INTERFACE)
set(shadow -Wshadow)
if(CMAKE_UNITY_BUILD)
  # A local variable may have the name of a constant of another file.
  set(shadow $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local>)
endif()
target_compile_options(hawser_strict INTERFACE
  "$<$<CXX_COMPILER_ID:MSVC>:/W4;/WX;/permissive-;/utf-8>"
  "$<$<NOT:$<CXX_COMPILER_ID:MSVC>>:-Wall;-Wextra;-Wconversion;${shadow};-Wpedantic;-Werror>")
target_compile_definitions(hawser_strict INTERFACE ASIO_NO_DEPRECATED)
# It takes a fifth of the time of the system's linker.
find_program(HAWSER_LLD ld.lld)
if(HAWSER_LLD AND NOT MSVC AND NOT APPLE)
  target_link_options(hawser_strict INTERFACE -fuse-ld=lld)
endif()

# Warnings for programs that include the headers as their own, not as system headers.
set(HAWSER_MANY_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
  -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual -Wextra-semi -Wcast-align -Wformat=2 -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  list(APPEND HAWSER_MANY_WARNINGS -Wcomma -Wdeprecated -Wdocumentation -Wextra-semi-stmt
    -Wheader-hygiene -Wimplicit-fallthrough -Wmissing-noreturn -Wnewline-eof -Wrange-loop-analysis
    -Wshadow-all -Wsuggest-override -Wundef -Wunreachable-code-aggressive)
endif()

# hawser_executable(name sources… LINK targets…)
function(hawser_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINK")
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE hawser_strict ${arg_LINK})
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()

# hawser_unit(output files…): writes a source file that includes each of the files in a namespace of its own, after
# the headers of all of them. So a compiler reads these headers once, and the names of the files need not differ.
function(hawser_unit output)
  set(headers "")
  set(bodies "")
  foreach(file IN LISTS ARGN)
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY "${PROJECT_SOURCE_DIR}" OUTPUT_VARIABLE name)
    string(MAKE_C_IDENTIFIER "${name}" name)
    file(STRINGS "${file}" own REGEX "^#include ")
    list(APPEND headers ${own})
    string(APPEND bodies "namespace ${name} {\n#include \"${file}\"\n}\n")
  endforeach()
  # The includes of a file may change.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ARGN})
  list(REMOVE_DUPLICATES headers)
  list(JOIN headers "\n" headers)
  file(CONFIGURE OUTPUT "${output}" CONTENT "@headers@\n@bodies@" @ONLY)
endfunction()

# hawser_units(variable name count files…): sets the variable to units of that many of the files.
function(hawser_units variable name count)
  set(units "")
  while(ARGN)
    list(SUBLIST ARGN 0 ${count} files)
    list(REMOVE_ITEM ARGN ${files})
    list(LENGTH units number)
    set(unit "${CMAKE_CURRENT_BINARY_DIR}/${name}_${number}.cpp")
    hawser_unit("${unit}" ${files})
    list(APPEND units "${unit}")
  endwhile()
  set(${variable} "${units}" PARENT_SCOPE)
endfunction()
