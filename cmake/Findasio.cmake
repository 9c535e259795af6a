# SPDX-License-Identifier: BSL-1.0

# Finds Asio without Boost, as its releases and the Linux distributions ship it: only headers, without a
# CMake package. Makes the target asio::asio unless the program already has it. -Dasio_ROOT=DIR or
# -Dasio_INCLUDE_DIR=DIR/include sets the folder.

if(TARGET asio::asio)
  set(asio_FOUND TRUE)
  return()
endif()

find_path(asio_INCLUDE_DIR asio/version.hpp)
mark_as_advanced(asio_INCLUDE_DIR)

if(asio_INCLUDE_DIR)
  file(STRINGS "${asio_INCLUDE_DIR}/asio/version.hpp" asio_version_line
    REGEX "^#define ASIO_VERSION [0-9]+")
  string(REGEX MATCH "[0-9]+" asio_version_number "${asio_version_line}")
  math(EXPR asio_version_major "${asio_version_number} / 100000")
  math(EXPR asio_version_minor "${asio_version_number} / 100 % 1000")
  math(EXPR asio_version_patch "${asio_version_number} % 100")
  set(asio_VERSION "${asio_version_major}.${asio_version_minor}.${asio_version_patch}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(asio
  REQUIRED_VARS asio_INCLUDE_DIR
  VERSION_VAR asio_VERSION)

if(asio_FOUND)
  # Imported, so that CMake omits -isystem /usr/include, which would hide the compiler's own <stdlib.h>.
  add_library(asio::asio INTERFACE IMPORTED)
  set_target_properties(asio::asio PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${asio_INCLUDE_DIR}"
    INTERFACE_COMPILE_DEFINITIONS ASIO_STANDALONE)
  if(asio_VERSION VERSION_LESS 1.26)
    # Before 1.26, Asio looked for clang's coroutines only in <experimental/coroutine>.
    set(asio_on_clang "$<CXX_COMPILER_ID:Clang>")
    set_property(TARGET asio::asio APPEND PROPERTY INTERFACE_COMPILE_DEFINITIONS
      $<${asio_on_clang}:ASIO_HAS_CO_AWAIT=1>
      $<${asio_on_clang}:ASIO_HAS_STD_COROUTINE=1>)
  endif()
endif()
