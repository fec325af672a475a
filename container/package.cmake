# What is installed beside the program, and the Debian package: cpack -G DEB in the build folder.
set(docs_folder ${PROJECT_BINARY_DIR}/docs)
set(docs ${docs_folder}/changelog.gz ${docs_folder}/le-run.1.gz ${docs_folder}/le-run.bash ${docs_folder}/_le-run ${docs_folder}/le-run.fish)
add_custom_command(OUTPUT ${docs} VERBATIM
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/man/make.sh ${CMAKE_CURRENT_LIST_DIR}/man/le-run.1.md
        ${PROJECT_SOURCE_DIR}/.github/CHANGELOG.md ${docs_folder}
            ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:le-run>
    DEPENDS le-run .github/CHANGELOG.md ${CMAKE_CURRENT_LIST_DIR}/man/le-run.1.md
        ${CMAKE_CURRENT_LIST_DIR}/man/make.sh ${CMAKE_CURRENT_LIST_DIR}/man/man.awk)
add_custom_target(docs ALL DEPENDS ${docs})

install(FILES ${docs_folder}/le-run.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${docs_folder}/le-run.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME le-run)
install(FILES ${docs_folder}/_le-run DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${docs_folder}/le-run.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES examples/systemd/le-run@.service DESTINATION lib/systemd/system)
install(FILES examples/systemd/example.env DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES ${docs_folder}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_BINARY_DIR}/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
file(WRITE ${PROJECT_BINARY_DIR}/copyright [[
le-run is licensed under the Apache License, Version 2.0, which is in
/usr/share/common-licenses/Apache-2.0 on Debian.

Copyright: 2026 the authors of le-run
]])

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "le-run maintainers <maintainers@users.noreply.github.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "runs one copy of a program among replicas, while it holds a lease")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "le-run wins a lease, starts a program only while it leads, and ends the
program's whole process tree before the lease is released or can run out.
Leases are those of Kubernetes, or files for one machine.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
include(CPack)
