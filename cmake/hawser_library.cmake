# SPDX-License-Identifier: BSL-1.0

# hawser_library(name HEADERS files… FOLDERS folders… LINK targets…)
#
# Makes one target of headers under include/hawser: the named files and all files of the folders.
# hawser::name may link to a missing package; then only its users fail.
function(hawser_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;FOLDERS;LINK")
  set(root "${PROJECT_SOURCE_DIR}/include")
  list(TRANSFORM arg_HEADERS PREPEND "${root}/hawser/")
  list(TRANSFORM arg_FOLDERS REPLACE "(.+)" "${root}/hawser/\\1/*.hpp")
  file(GLOB headers CONFIGURE_DEPENDS ${arg_FOLDERS})

  if(name STREQUAL "hawser")
    set(target hawser)
  else()
    set(target hawser_${name})
  endif()
  add_library(${target} INTERFACE)
  add_library(hawser::${name} ALIAS ${target})
  target_compile_features(${target} INTERFACE cxx_std_20)
  target_link_libraries(${target} INTERFACE ${arg_LINK})
  target_sources(${target} INTERFACE
    FILE_SET HEADERS BASE_DIRS "${root}" FILES ${arg_HEADERS} ${headers})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
endfunction()
