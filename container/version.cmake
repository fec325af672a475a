# What --version prints, as definitions of the one file that prints it, and the commit, as a file of one line.
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    set(compiler gcc)
else()
    set(compiler ${CMAKE_CXX_COMPILER_ID})
endif()
set_source_files_properties(src/base/version.cc PROPERTIES COMPILE_DEFINITIONS
    "LE_RUN_VERSION=\"${PROJECT_VERSION}\";LE_RUN_LIBRARIES=\"Boost ${Boost_VERSION}, cpprestsdk ${cpprestsdk_VERSION}, spdlog ${spdlog_VERSION}, fmt ${fmt_VERSION}, CLI11 ${CLI11_VERSION}, yaml-cpp ${yaml-cpp_VERSION}, nlohmann-json ${nlohmann_json_VERSION}, ${compiler} ${CMAKE_CXX_COMPILER_VERSION}\"")

# Asked at each build; the file is written, and compiled again, only when the answer has changed.
set(LE_RUN_COMMIT "" CACHE STRING "The commit, where the sources are no git repository")
set(commit_file ${PROJECT_BINARY_DIR}/commit.cc)
add_custom_target(commit BYPRODUCTS ${commit_file} VERBATIM
    COMMAND ${CMAKE_COMMAND} -D FILE=${commit_file} -D SOURCE=${PROJECT_SOURCE_DIR} -D COMMIT=${LE_RUN_COMMIT}
            -P ${CMAKE_CURRENT_LIST_DIR}/commit.cmake)
target_sources(le_run PRIVATE ${commit_file})
set_source_files_properties(${commit_file} PROPERTIES GENERATED TRUE)
add_dependencies(le_run commit)
