# SPDX-License-Identifier: BSL-1.0
# Runs the port of vcpkg for SOURCE with functions that do what those of vcpkg do, as far as a header library needs
# them: vcpkg itself is not there. Its dependencies are not installed, and moved paths are not rewritten.

set(port "${SOURCE}/cmake/packaging/vcpkg/hawser")
file(REMOVE_RECURSE "${ROOT}")
set(CURRENT_PACKAGES_DIR "${ROOT}/package")

function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
  execute_process(COMMAND "${CMAKE_COMMAND}" -S "${arg_SOURCE_PATH}" -B "${ROOT}/build"
      "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}" ${arg_OPTIONS}
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(vcpkg_cmake_install)
  execute_process(COMMAND "${CMAKE_COMMAND}" --install "${ROOT}/build" OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(expect_file path)
  if(NOT EXISTS "${path}")
    message(FATAL_ERROR "There is no ${path}")
  endif()
endfunction()

function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "CONFIG_PATH" "")
  expect_file("${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}/hawser-config.cmake")
endfunction()

function(vcpkg_fixup_pkgconfig)
  expect_file("${CURRENT_PACKAGES_DIR}/share/pkgconfig/hawser.pc")
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
  expect_file("${arg_FILE_LIST}")
endfunction()

include("${port}/portfile.cmake")
expect_file("${CURRENT_PACKAGES_DIR}/include/hawser/asio.hpp")

file(READ "${port}/vcpkg.json" manifest)
string(JSON version GET "${manifest}" version)
if(NOT version STREQUAL VERSION)
  message(FATAL_ERROR "vcpkg.json has the version ${version}, hawser has ${VERSION}")
endif()
string(JSON features LENGTH "${manifest}" features)
if(NOT features EQUAL 6)
  message(FATAL_ERROR "vcpkg.json has ${features} features")
endif()
