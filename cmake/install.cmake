# What `cmake --install` puts where: headers, both libraries, the CMake package and pkg-config's
# file. The tool is installed by host/cli.
include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/clconv)

install(FILES ${clconv_SOURCE_DIR}/include/clconv.h ${clconv_SOURCE_DIR}/include/clconv_cl.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
# One export set each: the static library wants threads, too.
foreach(kind shared static)
    install(TARGETS clconv-${kind} EXPORT clconv-${kind}
            RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
            LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
            ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(EXPORT clconv-${kind} NAMESPACE clconv:: DESTINATION ${package})
endforeach()

configure_package_config_file(${clconv_SOURCE_DIR}/cmake/clconvConfig.cmake.in
    ${clconv_BINARY_DIR}/clconvConfig.cmake INSTALL_DESTINATION ${package})
# Before 1.0 a new minor version may change the API, as SOVERSION says too.
write_basic_package_version_file(${clconv_BINARY_DIR}/clconvConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${clconv_BINARY_DIR}/clconvConfig.cmake ${clconv_BINARY_DIR}/clconvConfigVersion.cmake
        DESTINATION ${package})

file(RELATIVE_PATH CLCONV_PC_TO_PREFIX
     ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
set(CLCONV_PC_REQUIRES "OpenCL")
set(CLCONV_PC_LIBS "${CMAKE_THREAD_LIBS_INIT} -lm")
if(CMAKE_DL_LIBS)
    string(APPEND CLCONV_PC_LIBS " -l${CMAKE_DL_LIBS}")
endif()
configure_file(${clconv_SOURCE_DIR}/cmake/clconv.pc.in ${clconv_BINARY_DIR}/clconv.pc @ONLY)
install(FILES ${clconv_BINARY_DIR}/clconv.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
