# SPDX-License-Identifier: BSL-1.0
"""conan_recipe.py SOURCES VERSION: runs the steps of the Conan recipe without Conan, by stand-ins for the few functions
that it uses. It shows which files the package has and what is required, not that Conan accepts the recipe."""

import fnmatch
import importlib.util
import pathlib
import shutil
import sys
import tempfile
import types


def copy(_, pattern, source, target):
    for path in pathlib.Path(source).rglob("*"):
        name = path.relative_to(source)
        if path.is_file() and fnmatch.fnmatch(name.as_posix(), pattern):
            place = pathlib.Path(target) / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)


def load(_, path):
    return pathlib.Path(path).read_text("utf-8")


def stand_in(name, **members):
    module = types.ModuleType(name)
    vars(module).update(members)
    sys.modules[name] = module


class Options(dict):
    get_safe = dict.get


class ConanFile:
    def requires(self, needed):
        self.required.append(needed)


def loaded(path):
    stand_in("conan", ConanFile=ConanFile)
    stand_in("conan.tools")
    stand_in("conan.tools.build", check_min_cppstd=lambda recipe, least: None)
    stand_in("conan.tools.files", copy=copy, load=load)
    spec = importlib.util.spec_from_file_location("conanfile", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def headers(folder):
    return {path.relative_to(folder) for path in (folder / "include").rglob("*.hpp")}


def main(sources, version):
    sources = pathlib.Path(sources)
    path = sources / "cmake/packaging/conan/conanfile.py"
    module = loaded(path)
    recipe = module.Hawser()
    with tempfile.TemporaryDirectory() as folder:
        recipe.recipe_folder = str(path.parent)
        recipe.export_sources_folder = recipe.source_folder = folder + "/source"
        recipe.package_folder = folder + "/package"
        recipe.set_version()
        assert recipe.version == version, recipe.version
        recipe.export_sources()
        recipe.package()
        package = pathlib.Path(recipe.package_folder)
        assert headers(package) == headers(sources), headers(package) ^ headers(sources)
        assert (package / "licenses/LICENSE").exists()
    for part, needed in module.NEEDS.items():
        recipe.options, recipe.required = Options({part: True}), []
        recipe.requirements()
        assert recipe.required == needed, (part, recipe.required)


if __name__ == "__main__":
    main(*sys.argv[1:])
