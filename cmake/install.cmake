# SPDX-License-Identifier: Apache-2.0
# What `make install` puts where, below PREFIX: the binary, the systemd unit, and read-only material (sample configuration,
# plugins to read and copy, docs). The operator's own files in /etc/lunette are never touched.
include(GNUInstallDirs)

install(TARGETS lunette RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

install(DIRECTORY conf/ DESTINATION ${CMAKE_INSTALL_DATADIR}/lunette/conf
  FILES_MATCHING PATTERN "*.yaml" PATTERN "*.lua")
install(DIRECTORY plugins/ DESTINATION ${CMAKE_INSTALL_DATADIR}/lunette/plugins FILES_MATCHING PATTERN "*.lua")

install(FILES README.md CHANGELOG.md SECURITY.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")

configure_file(${CMAKE_SOURCE_DIR}/conf/lunette.service.in ${CMAKE_BINARY_DIR}/lunette.service @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/lunette.service DESTINATION lib/systemd/system)
