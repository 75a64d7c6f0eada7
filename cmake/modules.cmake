# SPDX-License-Identifier: MIT
# A module is a directory: its .c files, not those of its subdirectories.

# Adds the warnings and the project's one include directory to a target.
function(skink_target target)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "INTERFACE_LIBRARY")
        return()
    endif()
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_options(${target} PRIVATE ${SKINK_WARNINGS})
endfunction()

# skink_archive(NAME SOURCES... [LINK LIBRARIES...]): a static library, or
# only its links when there is nothing to compile (headers alone).
function(skink_archive name)
    cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
    if(arg_UNPARSED_ARGUMENTS)
        add_library(${name} STATIC ${arg_UNPARSED_ARGUMENTS})
        target_link_libraries(${name} PUBLIC ${arg_LINK})
        skink_target(${name})
    else()
        add_library(${name} INTERFACE)
        target_link_libraries(${name} INTERFACE ${arg_LINK})
    endif()
endfunction()

# skink_library(NAME DIRECTORY [LINK LIBRARIES...])
function(skink_library name dir)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${dir}/*.c)
    skink_archive(${name} ${sources} ${ARGN})
endfunction()

# skink_program(NAME DIRECTORY [LIBEXEC] [LINK LIBRARIES...]): main.c or NAME.c
# is the program; the rest is the library NAME_parts, so that tests can link
# it. LIBEXEC: a daemon, started by `skink` alone.
function(skink_program name dir)
    cmake_parse_arguments(arg "LIBEXEC" "" "LINK" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${dir}/*.c)
    set(main ${PROJECT_SOURCE_DIR}/${dir}/main.c)
    if(NOT EXISTS ${main})
        set(main ${PROJECT_SOURCE_DIR}/${dir}/${name}.c)
    endif()
    list(REMOVE_ITEM sources ${main})
    skink_archive(${name}_parts ${sources} LINK ${arg_LINK})
    if(NOT EXISTS ${main})
        return()
    endif()

    add_executable(${name} ${main})
    target_link_libraries(${name} PRIVATE ${name}_parts)
    skink_target(${name})
    add_dependencies(programs ${name})
    if(arg_LIBEXEC)
        set_target_properties(${name} PROPERTIES
            RUNTIME_OUTPUT_DIRECTORY ${SKINK_DAEMON_DIR})
        install(TARGETS ${name} DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/skink)
    else()
        install(TARGETS ${name} DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endfunction()
