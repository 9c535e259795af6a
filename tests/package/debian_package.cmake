# SPDX-License-Identifier: BSL-1.0
# Makes the Debian package of the headers from the build BUILD, and unpacks it to ROOT.

file(REMOVE_RECURSE "${ROOT}")
execute_process(COMMAND "${CPACK}" -G DEB -B "${ROOT}/made" WORKING_DIRECTORY "${BUILD}"
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(GLOB package "${ROOT}/made/libhawser-dev_*_all.deb")
execute_process(COMMAND "${DPKG_DEB}" --extract "${package}" "${ROOT}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${DPKG_DEB}" --field "${package}" Recommends
  OUTPUT_VARIABLE recommends COMMAND_ERROR_IS_FATAL ANY)
if(NOT recommends MATCHES "libasio-dev")
  message(FATAL_ERROR "It recommends ${recommends}")
endif()

file(GLOB_RECURSE headers RELATIVE "${SOURCE}/include" "${SOURCE}/include/*.hpp")
foreach(header IN LISTS headers)
  if(NOT EXISTS "${ROOT}/usr/include/${header}")
    message(FATAL_ERROR "The package has no ${header}")
  endif()
endforeach()
