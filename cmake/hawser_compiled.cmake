# SPDX-License-Identifier: BSL-1.0

# hawser_compiled(name SOURCES files… DEFINE macro LINK targets…)
#
# Makes a static library of the templates that most programs instantiate. In each unit that links to
# hawser::name, the macro makes the headers declare these as already instantiated.
function(hawser_compiled name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DEFINE" "SOURCES;LINK")
  list(TRANSFORM arg_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/src/")
  add_library(hawser_${name} STATIC ${arg_SOURCES})
  add_library(hawser::${name} ALIAS hawser_${name})
  target_compile_definitions(hawser_${name} INTERFACE ${arg_DEFINE})
  target_link_libraries(hawser_${name} PUBLIC ${arg_LINK})
  if(TARGET hawser_strict)
    target_link_libraries(hawser_${name} PRIVATE $<BUILD_INTERFACE:hawser_strict>)
  endif()
  set_target_properties(hawser_${name} PROPERTIES
    EXPORT_NAME ${name} CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
endfunction()
