# SPDX-License-Identifier: BSL-1.0

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(HAWSER_PACKAGE_DIR "${CMAKE_INSTALL_DATADIR}/cmake/hawser")

# One export for each component, so that a program without Asio does not load hawser::asio. All are installed,
# because the program that uses one has to find what it needs on its own machine.
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/hawser" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.hpp")
foreach(component IN LISTS HAWSER_COMPONENTS HAWSER_COMPILED_COMPONENTS)
  if(component STREQUAL "hawser")
    set(target hawser)
  else()
    set(target hawser_${component})
  endif()
  if(NOT TARGET ${target})
    continue()
  endif()
  install(TARGETS ${target} EXPORT ${target}
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT ${target} NAMESPACE hawser::
    DESTINATION "${HAWSER_PACKAGE_DIR}" FILE hawser-targets-${component}.cmake)
endforeach()

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/hawser-config.cmake.in"
  "${PROJECT_BINARY_DIR}/hawser-config.cmake"
  INSTALL_DESTINATION "${HAWSER_PACKAGE_DIR}"
  NO_SET_AND_CHECK_MACRO)
set(independent ARCH_INDEPENDENT)
if(HAWSER_COMPILED)
  set(independent)
endif()
write_basic_package_version_file("${PROJECT_BINARY_DIR}/hawser-config-version.cmake"
  COMPATIBILITY SameMinorVersion ${independent})

# Each component has a file for pkg-config: hawser.pc, hawser-asio.pc and so on. The path is relative to the file
# itself, so that the installed tree may be moved.
file(RELATIVE_PATH HAWSER_PKGCONFIG_INCLUDE
  "${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
set(requires_nlohmann_json::nlohmann_json "nlohmann_json >= 3.11")
set(requires_OpenSSL::Crypto "libcrypto >= 3")
set(requires_OpenSSL::SSL "libssl >= 3" "libcrypto >= 3")
set(requires_ZLIB::ZLIB zlib)
set(requires_hiredis::hiredis hiredis)
foreach(component IN LISTS HAWSER_COMPONENTS)
  set(HAWSER_PC_NAME hawser)
  set(HAWSER_PC_FLAGS "-I\${includedir} -pthread")
  set(HAWSER_PC_LIBS "-pthread")
  set(requires)
  if(NOT component STREQUAL "hawser")
    set(HAWSER_PC_NAME hawser-${component})
    set(HAWSER_PC_FLAGS)
    set(HAWSER_PC_LIBS)
  endif()
  foreach(link IN LISTS HAWSER_LINK_${component})
    if(link STREQUAL "hawser::hawser")
      list(APPEND requires "hawser = ${PROJECT_VERSION}")
    elseif(link MATCHES "^hawser::(.+)$")
      list(APPEND requires "hawser-${CMAKE_MATCH_1} = ${PROJECT_VERSION}")
    elseif(link STREQUAL "asio::asio")
      set(HAWSER_PC_FLAGS "-DASIO_STANDALONE")
    else()
      list(APPEND requires ${requires_${link}})
    endif()
  endforeach()
  list(JOIN requires ", " HAWSER_PC_REQUIRES)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/hawser.pc.in" "${PROJECT_BINARY_DIR}/${HAWSER_PC_NAME}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${HAWSER_PC_NAME}.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
endforeach()

install(FILES
  "${PROJECT_BINARY_DIR}/hawser-config.cmake"
  "${PROJECT_BINARY_DIR}/hawser-config-version.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/hawser_components.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/Findasio.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/Findhiredis.cmake"
  DESTINATION "${HAWSER_PACKAGE_DIR}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/hawser")

# cpack -G DEB makes a package of the headers.
if(PROJECT_IS_TOP_LEVEL)
  set(CPACK_PACKAGE_NAME libhawser-dev)
  set(CPACK_PACKAGE_CONTACT "hawser")
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
  set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
  if(NOT HAWSER_COMPILED)
    set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
  endif()
  set(CPACK_DEBIAN_PACKAGE_RECOMMENDS libasio-dev)
  set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libssl-dev, zlib1g-dev, nlohmann-json3-dev, libhiredis-dev")
  include(CPack)
endif()
