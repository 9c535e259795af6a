# SPDX-License-Identifier: BSL-1.0
# Installs the sources SOURCE to PREFIX on a machine that has none of the packages which components need.

file(REMOVE_RECURSE "${BUILD}" "${PREFIX}")
set(without)
foreach(package IN ITEMS asio nlohmann_json OpenSSL ZLIB hiredis Catch2)
  list(APPEND without "-DCMAKE_DISABLE_FIND_PACKAGE_${package}=ON")
endforeach()
set(configure "${CMAKE_COMMAND}" -S "${SOURCE}" -B "${BUILD}" "-DCMAKE_CXX_COMPILER=${COMPILER}" ${without})

# As it is, the build needs some of them, and says so in one sentence.
execute_process(COMMAND ${configure} RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE said)
string(REGEX REPLACE "[ \n]+" " " said "${said}")
foreach(words IN ITEMS "need Asio (Debian: libasio-dev, or -Dasio_INCLUDE_DIR=DIR) and Catch2 2 (Debian: catch2)"
    "-DHAWSER_TESTS=OFF -DHAWSER_EXAMPLES=OFF")
  string(FIND "${said}" "${words}" found)
  if(result EQUAL 0 OR found EQUAL -1)
    message(FATAL_ERROR "It does not say: ${words}\n${said}")
  endif()
endforeach()

execute_process(COMMAND ${configure} -DHAWSER_TESTS=OFF -DHAWSER_EXAMPLES=OFF
  OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
foreach(component IN ITEMS asio pubsub cable credentials redis tls deflate)
  if(NOT said MATCHES "hawser::${component} needs [^\n]+ It is installed, but this build does not use it")
    message(FATAL_ERROR "It does not report ${component}:\n${said}")
  endif()
endforeach()
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}"
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
