# SPDX-License-Identifier: BSL-1.0

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(HAWSER_PACKAGE_DIR "${CMAKE_INSTALL_DATADIR}/cmake/hawser")

# One export for each component, so that a program without Asio does not load hawser::asio.
set(components hawser asio pubsub)
if(TARGET hawser::cable)
  list(APPEND components cable)
endif()
if(TARGET hawser::credentials)
  list(APPEND components credentials)
endif()
if(TARGET hawser::redis)
  list(APPEND components redis)
endif()
if(TARGET hawser::tls)
  list(APPEND components tls)
endif()
if(TARGET hawser::deflate)
  list(APPEND components deflate)
endif()
foreach(component IN ITEMS compiled compiled_tls)
  if(TARGET hawser::${component})
    list(APPEND components ${component})
  endif()
endforeach()
foreach(component IN LISTS components)
  get_target_property(target hawser::${component} ALIASED_TARGET)
  if(component MATCHES "^compiled")
    install(TARGETS ${target} EXPORT ${target} ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  else()
    install(TARGETS ${target} EXPORT ${target}
      FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  endif()
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

# Relative to the file itself, so that the installed tree may be moved.
file(RELATIVE_PATH HAWSER_PKGCONFIG_INCLUDE
  "${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/hawser.pc.in" "${PROJECT_BINARY_DIR}/hawser.pc" @ONLY)

install(FILES
  "${PROJECT_BINARY_DIR}/hawser-config.cmake"
  "${PROJECT_BINARY_DIR}/hawser-config-version.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/Findasio.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/Findhiredis.cmake"
  DESTINATION "${HAWSER_PACKAGE_DIR}")
install(FILES "${PROJECT_BINARY_DIR}/hawser.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/hawser")
