# SPDX-License-Identifier: BSL-1.0
"""conan create cmake/packaging/conan: a package of the headers, from the repository that contains this recipe."""

import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load

NEEDS = {
    "asio": ["asio/1.30.2"],
    "cable": ["asio/1.30.2", "nlohmann_json/3.11.3"],
    "credentials": ["openssl/[>=3 <4]", "nlohmann_json/3.11.3"],
    "deflate": ["zlib/[>=1.2.11 <2]"],
    "redis": ["asio/1.30.2", "hiredis/1.2.0"],
    "tls": ["asio/1.30.2", "openssl/[>=3 <4]"],
}


class Hawser(ConanFile):
    name = "hawser"
    description = "WebSocket for C++20: one protocol, many drivers"
    license = "BSL-1.0"
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {part: [True, False] for part in NEEDS}
    default_options = {part: part == "asio" for part in NEEDS}
    no_copy_source = True

    def _tree(self):
        return os.path.abspath(os.path.join(self.recipe_folder, "..", "..", ".."))

    def set_version(self):
        header = load(self, os.path.join(self._tree(), "include", "hawser", "version.hpp"))
        self.version = re.search(r'version = "([0-9.]+)"', header)[1]

    def export_sources(self):
        copy(self, "include/*.hpp", self._tree(), self.export_sources_folder)
        copy(self, "LICENSE", self._tree(), self.export_sources_folder)

    def requirements(self):
        chosen = [needed for part in NEEDS if self.options.get_safe(part) for needed in NEEDS[part]]
        for needed in dict.fromkeys(chosen):
            self.requires(needed)

    def validate(self):
        check_min_cppstd(self, 20)

    def package(self):
        copy(self, "include/*.hpp", self.source_folder, self.package_folder)
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))

    def package_id(self):
        self.info.clear()

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        if self.options.get_safe("asio"):
            self.cpp_info.defines = ["ASIO_STANDALONE"]
        self.cpp_info.set_property("cmake_target_name", "hawser::hawser")
        if self.settings.os in ["Linux", "FreeBSD"]:
            self.cpp_info.system_libs = ["pthread"]
