# LE_RUN_STATIC: a static-pie of archives only. cpprestsdk's comes from CPPREST_ROOT, all others from Debian.
set(CPPREST_ROOT "" CACHE PATH "What container/static-libs.sh printed")
if(NOT CPPREST_ROOT)
    set(fill_cache ${PROJECT_SOURCE_DIR}/container/static-libs.sh)
    if(CMAKE_CROSSCOMPILING)
        list(APPEND fill_cache arm64)
    endif()
    execute_process(COMMAND ${fill_cache} OUTPUT_VARIABLE CPPREST_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
set(cpprestsdk_DIR ${CPPREST_ROOT}/lib/cmake)
set(OPENSSL_USE_STATIC_LIBS ON)
set(Boost_USE_STATIC_LIBS ON)

# No path of this machine gets into the program: two builds give the same bytes.
add_compile_options(-fPIE -ffunction-sections -fdata-sections
    -ffile-prefix-map=${PROJECT_SOURCE_DIR}=le-run -ffile-prefix-map=${CPPREST_ROOT}=cpprest)
# ld warns of every getaddrinfo and dlopen in an archive: system_lookup keeps the first within the program, and nothing
# calls the second (OpenSSL reads no configuration that could name a module).
add_link_options(-static-pie -Wl,--gc-sections -Wl,--no-warnings
    -Wl,-Map=${PROJECT_BINARY_DIR}/le-run.map)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
    add_link_options(-Wl,-z,pack-relative-relocs) # 0.6 MB less; this ld knows it for few machines
endif()
if(CMAKE_CROSSCOMPILING)
    # Before the cross compiler's own copy of libc, which gets no security updates.
    add_link_options(-B${CMAKE_SYSROOT}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE} -L${CMAKE_SYSROOT}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE})
endif()

# Debian's packages of spdlog, fmt and yaml-cpp name their shared libraries only.
macro(link_archives)
    set_property(TARGET fmt::fmt-header-only PROPERTY IMPORTED_GLOBAL TRUE)
    set(spdlog_target spdlog::spdlog_header_only)
    set_property(TARGET spdlog::spdlog_header_only PROPERTY INTERFACE_LINK_LIBRARIES Threads::Threads fmt::fmt-header-only)
    find_library(yaml_cpp_archive libyaml-cpp.a REQUIRED)
    set(yaml_cpp_target ${yaml_cpp_archive})
endmacro()
