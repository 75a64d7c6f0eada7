# SPDX-License-Identifier: MIT
# One dialect, all warnings as errors, and hardening, for gcc 12 and clang 14.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# -Og rather than -O0: -Wnull-dereference needs the optimizer's eyes.
set(CMAKE_C_FLAGS_DEBUG "-Og -g3")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")

set(SKINK_WARNINGS
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wvla
    -Wundef -Wcast-qual -Wstrict-prototypes -Wmissing-prototypes -Wformat=2
    -Wswitch-enum -Wnull-dereference -fno-common -Werror)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND SKINK_WARNINGS
        -Wcast-align=strict -Wformat-signedness -Wimplicit-fallthrough=5
        -Wduplicated-cond -Wduplicated-branches -Wlogical-op)
else()
    list(APPEND SKINK_WARNINGS -Wcast-align -Wimplicit-fallthrough)
endif()

if(SKINK_SANITIZE)
    add_compile_options(-fsanitize=${SKINK_SANITIZE}
        -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${SKINK_SANITIZE})
    add_compile_definitions(SKINK_SANITIZED)
    if(SKINK_FUZZ)
        add_compile_options(-fsanitize=fuzzer-no-link)
    endif()
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-fstack-protector-strong -U_FORTIFY_SOURCE
        -D_FORTIFY_SOURCE=2)
endif()

include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
add_link_options(-Wl,--as-needed -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
