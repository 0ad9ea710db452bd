"""What keeps the parts apart and every plugin in the same shape, read off the syntax trees."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import orderweft
import orderweft.testing
import pytest

ROOT = Path(__file__).parent.parent
CORE = ROOT / "core" / "orderweft"
PLUGINS = sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))
PACKAGES = {plugin: plugin / f"orderweft_{plugin.name}" for plugin in PLUGINS}

REQUIRED = {"__init__.py", "config", "client", "mapping", "py.typed"}
"""A module that grew too long is a package of the same name."""
ABILITIES = {"orders", "inventory", "catalog", "customers", "shipments"}

CORE_FILES = sorted(CORE.rglob("*.py"))
PLUGIN_FILES = sorted(file for package in PACKAGES.values() for file in package.rglob("*.py"))
TEST_FILES = sorted((ROOT / "tests").rglob("test_*.py"))


def names(files: list[Path]) -> list[str]:
    """Return how *files* are shown."""
    return [str(file.relative_to(ROOT)) for file in files]


def tree(file: Path) -> ast.Module:
    """Return the syntax tree of *file*."""
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def imported(file: Path) -> Iterator[tuple[int, str]]:
    """Give the level and the module of each import anywhere in *file*."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""


def calls(file: Path) -> set[str]:
    """Return what *file* calls, as written, such as `time.sleep`."""
    return {ast.unparse(node.func) for node in ast.walk(tree(file)) if isinstance(node, ast.Call)}


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give all functions of *file*, inner ones and methods included."""
    return (node for node in ast.walk(tree(file)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


# who may import whom


@pytest.mark.parametrize("file", CORE_FILES, ids=names(CORE_FILES))
def test_core_imports_no_plugin_and_itself_relatively(file: Path) -> None:
    """The core knows no channel, and a leading dot always means one's own package."""
    for level, module in imported(file):
        assert level or module.split(".")[0] != "orderweft", module
        assert not module.startswith("orderweft_"), module
        assert level <= len(file.relative_to(CORE).parts), module


@pytest.mark.parametrize("file", PLUGIN_FILES, ids=names(PLUGIN_FILES))
def test_a_plugin_imports_only_the_public_door(file: Path) -> None:
    """A plugin uses what a stranger's could: `orderweft`, `orderweft.testing`, and its own modules by a dot."""
    package = next(package for package in PACKAGES.values() if file.is_relative_to(package))
    for level, module in imported(file):
        assert level <= len(file.relative_to(package).parts), module
        if level == 0 and module.split(".")[0].startswith("orderweft"):
            assert module in ("orderweft", "orderweft.testing")


@pytest.mark.parametrize("plugin", PLUGINS, ids=names(PLUGINS))
def test_a_plugin_takes_from_the_door_only_what_is_offered(plugin: Path) -> None:
    """Each name a plugin imports from `orderweft` or `orderweft.testing` is listed there."""
    offered = {"orderweft": orderweft.__all__, "orderweft.testing": orderweft.testing.__all__}
    for file in sorted(PACKAGES[plugin].rglob("*.py")):
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.ImportFrom) and not node.level and node.module in offered:
                assert {alias.name for alias in node.names} <= set(offered[node.module]), file


@pytest.mark.parametrize("plugin", PLUGINS, ids=names(PLUGINS))
def test_mapping_does_no_io(plugin: Path) -> None:
    """A plugin's mapping turns values into values: it imports neither the wire, nor the simulator, nor what waits."""
    package = PACKAGES[plugin]
    files = [package / "mapping.py"] if (package / "mapping.py").exists() else list((package / "mapping").glob("*.py"))
    modules = {module for file in files for _, module in imported(file)}
    assert modules.isdisjoint({"client", "simulator", "socket", "threading", "pathlib", "orderweft.testing"})


@pytest.mark.parametrize("plugin", PLUGINS, ids=names(PLUGINS))
def test_what_runs_against_the_real_channel_needs_nothing_made_for_tests(plugin: Path) -> None:
    """Outside its simulator a plugin takes from `orderweft.testing` the name of what its hook returns, and no more."""
    for file in sorted(PACKAGES[plugin].glob("*.py")):
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.ImportFrom) and node.module == "orderweft.testing":
                assert {alias.name for alias in node.names} == {"Simulator"}, file


@pytest.mark.parametrize("file", CORE_FILES + PLUGIN_FILES, ids=names(CORE_FILES + PLUGIN_FILES))
def test_one_module_speaks_http_and_one_knows_the_time(file: Path) -> None:
    """httpx is imported by http.py alone; the wall clock and sleep are used by clock.py alone."""
    modules = {module.split(".")[0] for level, module in imported(file) if not level}
    if file != CORE / "http.py":
        assert modules.isdisjoint({"httpx", "requests", "urllib3", "aiohttp"})
    if file != CORE / "clock.py":
        assert "time" not in modules
        told = {call.split(".", 1)[-1] if call.startswith("datetime.datetime") else call for call in calls(file)}
        assert told.isdisjoint(
            {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.sleep", "sleep"}
        )


@pytest.mark.parametrize("system", ["cartrover", "netsuite", "order_desk", "skubana"])
def test_a_fake_written_by_hand_knows_nothing_of_profiles(system: str) -> None:
    """A profile is tried against what the documentation says, not against what the plugin itself takes for true."""
    simulator = PACKAGES[ROOT / "plugins" / "oms_generic"] / "simulator"
    seen, ahead = set[str](), [system]
    while ahead:
        seen.add(name := ahead.pop())
        for node in ast.walk(tree(simulator / f"{name}.py")):
            if isinstance(node, ast.ImportFrom) and node.level:
                assert node.level == 1, (name, node.module)
                named = [node.module] if node.module else [alias.name for alias in node.names]
                ahead += [module for module in named if module not in seen]
    assert {system, "store", "system", "wire"} <= seen


# sizes


@pytest.mark.parametrize("file", CORE_FILES + PLUGIN_FILES, ids=names(CORE_FILES + PLUGIN_FILES))
def test_modules_and_functions_stay_small(file: Path) -> None:
    """No module is longer than 400 lines and no function than 50."""
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 400
    long = {node.name: lines for node in functions(file) if (lines := (node.end_lineno or 0) - node.lineno + 1) > 50}
    assert long == {}


# the shape of a plugin


@pytest.mark.parametrize("plugin", PLUGINS, ids=names(PLUGINS))
def test_every_plugin_folder_has_the_same_files(plugin: Path) -> None:
    """Who knows one plugin knows all; a file of another kind is a question for everyone first."""
    package = PACKAGES[plugin]
    outside = {path.name for path in plugin.iterdir()} - {"dist", "build"}
    assert outside == {"README.md", "pyproject.toml", package.name}
    inside = {
        path.name if path.name == "__init__.py" else path.name.removesuffix(".py")
        for path in package.iterdir()
        if path.name != "__pycache__"
    }
    data = {name for name in inside if name.endswith((".graphql", ".toml"))}
    profiles = inside & ({"profiles"} if plugin.name == "oms_generic" else set())
    assert inside >= {*REQUIRED, "simulator"}
    assert inside - REQUIRED - ABILITIES - {"simulator", "commands"} - data - profiles == set()


@pytest.mark.parametrize("plugin", PLUGINS, ids=names(PLUGINS))
def test_every_plugin_is_a_distribution_of_its_own(plugin: Path) -> None:
    """Its name, entry point and requirement follow from the folder."""
    project = tomllib.loads((plugin / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == f"orderweft-{plugin.name.replace('_', '-')}"
    assert project["entry-points"] == {"orderweft": {plugin.name: f"orderweft_{plugin.name}"}}
    required = {requirement.split(">")[0].split("[")[0].strip() for requirement in project["dependencies"]}
    assert "orderweft" in required


@pytest.mark.parametrize("plugin", PLUGINS, ids=names(PLUGINS))
def test_a_plugins_init_is_a_table_of_contents(plugin: Path) -> None:
    """The package imports its parts and lists them; it defines nothing itself but how its simulator is found."""
    module = tree(PACKAGES[plugin] / "__init__.py")
    defined = [node.name for node in module.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert defined in ([], ["simulator"])


# the public door


@pytest.mark.parametrize("door", [orderweft, orderweft.testing], ids=["orderweft", "orderweft.testing"])
def test_the_public_door_is_sorted_complete_and_open(door: object) -> None:
    """`__all__` is sorted, names each public name the module imports, and each of them is there."""
    listed = vars(door)["__all__"]
    assert listed == sorted(listed)
    assert len(listed) == len(set(listed))
    assert all(hasattr(door, name) for name in listed)
    source = tree(Path(str(vars(door)["__file__"])))
    brought = {
        alias.asname or alias.name
        for node in source.body
        if isinstance(node, ast.ImportFrom) and node.module != "__future__"
        for alias in node.names
    }
    assert {name for name in brought if not name.startswith("_")} == set(listed)


def test_whatever_a_hook_mentions_can_be_imported_from_the_door() -> None:
    """A plugin author finds each type of the contract in `orderweft` or `orderweft.testing`."""
    module = tree(CORE / "hookspecs.py")
    hooks = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    assert len(hooks) > 10
    mentioned = {
        name.id
        for hook in hooks
        for annotation in [*(argument.annotation for argument in hook.args.args), hook.returns]
        if annotation is not None
        for name in ast.walk(annotation)
        if isinstance(name, ast.Name)
    }
    plain = {"Any", "Callable", "Iterator", "Mapping", "Path", "Sequence", "click", "dict", "list", "str", "type"}
    assert mentioned - plain <= {*orderweft.__all__, *orderweft.testing.__all__}


# tests


@pytest.mark.parametrize("file", TEST_FILES, ids=names(TEST_FILES))
def test_every_test_says_what_it_tests(file: Path) -> None:
    """Each test function has a docstring of one sentence that says the behavior."""
    for node in functions(file):
        if node.name.startswith("test_"):
            told = ast.get_docstring(node)
            assert told, f"{node.name} has no docstring"
            assert told.endswith("."), f"the docstring of {node.name} is no sentence"


@pytest.mark.parametrize("file", TEST_FILES, ids=names(TEST_FILES))
def test_tests_do_not_sleep_or_patch_our_code(file: Path) -> None:
    """Time is passed in, and our own code is tested as it is."""
    assert {module for _, module in imported(file)}.isdisjoint({"unittest.mock", "mock", "time"})
    assert calls(file).isdisjoint({"time.sleep", "sleep", "monkeypatch.setattr", "mocker.patch"})


def test_the_python_that_runs_this_is_one_we_promise() -> None:
    """The oldest Python named in the project's file is not newer than this one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = tuple(int(part) for part in project["requires-python"].removeprefix(">=").split("."))
    assert sys.version_info[:2] >= oldest
