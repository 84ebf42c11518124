# tidemill_library() and tidemill_test(): one CMake target per folder under src/.

include_guard()

# Flags of our own code only: third-party headers come in as SYSTEM.
add_library(tidemill_flags INTERFACE)
target_compile_features(tidemill_flags INTERFACE cxx_std_20)
target_compile_options(tidemill_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Werror -ffp-contract=off -fno-strict-aliasing)
target_compile_definitions(tidemill_flags INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_VISIBILITY)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++-12 reports these inside inlined standard library code that is correct; clang finds the real ones.
  target_compile_options(tidemill_flags INTERFACE -fcoroutines -Wno-maybe-uninitialized
    -Wno-stringop-overflow -Wno-restrict -Wno-array-bounds)
endif()
if(TIDEMILL_SANITIZE)
  target_compile_options(tidemill_flags INTERFACE
    -fsanitize=${TIDEMILL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(tidemill_flags INTERFACE -fsanitize=${TIDEMILL_SANITIZE})
endif()
target_include_directories(tidemill_flags INTERFACE
  ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)

# Several files of a target are compiled as one (TIDEMILL_UNITY): most of a compiler's time goes into the headers and
# inline functions they share. The names of anonymous namespaces must therefore differ within a folder.
function(tidemill_compile_together target)
  if(TIDEMILL_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${TIDEMILL_UNITY_FILES})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # It takes the file that names the others for the program and each of them for a header.
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
    endif()
  endif()
endfunction()

# tidemill_library(NAME rt SOURCES a.cc b.cc DEPENDS base PACKAGES fmt::fmt)
# makes the static library `tidemill_rt`, linked as `tidemill::rt`. DEPENDS names layers below.
function(tidemill_library)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPENDS;PACKAGES" ${ARGN})
  add_library(tidemill_${ARG_NAME} STATIC ${ARG_SOURCES})
  add_library(tidemill::${ARG_NAME} ALIAS tidemill_${ARG_NAME})
  tidemill_compile_together(tidemill_${ARG_NAME})
  target_link_libraries(tidemill_${ARG_NAME} PUBLIC tidemill_flags)
  foreach(layer IN LISTS ARG_DEPENDS)
    target_link_libraries(tidemill_${ARG_NAME} PUBLIC tidemill::${layer})
  endforeach()
  target_link_libraries(tidemill_${ARG_NAME} PUBLIC ${ARG_PACKAGES})
endfunction()

# tidemill_test(NAME rt SOURCES a_test.cc DEPENDS rt sim [LABELS unit])
# makes the GoogleTest program `rt_test` and registers it with ctest under label `unit`. With GOLDEN it knows
# where tests/golden is; others compile to the same in every folder, so that a second clone builds quickly.
function(tidemill_test)
  cmake_parse_arguments(ARG "GOLDEN" "NAME;TIMEOUT" "SOURCES;DEPENDS;PACKAGES;LABELS" ${ARGN})
  if(NOT TIDEMILL_TESTS)
    return()
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  add_executable(${ARG_NAME}_test ${ARG_SOURCES})
  tidemill_compile_together(${ARG_NAME}_test)
  if(TIDEMILL_SANITIZE)
    # Three times faster to compile; what is tested, the libraries, is optimised as its preset says.
    target_compile_options(${ARG_NAME}_test PRIVATE -O0)
  endif()
  foreach(layer IN LISTS ARG_DEPENDS)
    target_link_libraries(${ARG_NAME}_test PRIVATE tidemill::${layer})
  endforeach()
  target_link_libraries(${ARG_NAME}_test PRIVATE
    tidemill_flags ${ARG_PACKAGES} GTest::gmock GTest::gtest_main)
  if(ARG_GOLDEN)
    target_compile_definitions(${ARG_NAME}_test PRIVATE TIDEMILL_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  endif()
  add_test(NAME ${ARG_NAME}_test COMMAND ${ARG_NAME}_test)
  set_tests_properties(${ARG_NAME}_test PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
