"""The texts that make up a configuration, read, folded, filled and checked: `resolve`.

Used by every command that needs more than the cached result (`cache`). What is wrong with any of the
texts, and with what they give together, is reported at once, each problem with its file and line.
"""

import os
from collections.abc import Iterable
from functools import cache

import msgspec

from limavm.config import hostchecks, networks, unsupported, validate
from limavm.config.decode import Decoded, decode
from limavm.config.defaults import Filled, fill
from limavm.config.errors import MAX_PROBLEMS, ConfigError, Problem
from limavm.config.expand import Context
from limavm.config.flaw import Flaw
from limavm.config.layer import Layer
from limavm.config.merge import fold
from limavm.config.overvsock import OVER_VSOCK, over_vsock
from limavm.config.params import unused_params
from limavm.config.places import Places
from limavm.config.yamltext import MAX_BYTES
from limavm.errors import NotFoundError
from limavm.host import paths, textfile
from limavm.model.config import Config, File
from limavm.model.host import HostFacts
from limavm.model.value import Value
from limavm.roundtrip.nodes import Document

OVERRIDE = "override.yaml"
DEFAULT = "default.yaml"


class Resolved(Value, frozen=True, kw_only=True):
    """A configuration that passed all checks but the driver's, and what the user should know of it."""

    config: Config
    warnings: tuple[str, ...]


def resolve(directory: str, facts: HostFacts, *, version: str) -> Resolved:
    """The configuration of the instance in `directory`.

    `version` is that of the running program, as Lima counts: `limavm.COMPATIBLE_WITH`. Raises
    NotFoundError when there is no `lima.yaml`, and ConfigError with every problem when it cannot be used.
    """
    source = os.path.join(directory, paths.LIMA_YAML)
    text = textfile.read_if_any(source, MAX_BYTES)
    if text is None:
        raise NotFoundError(f"the instance {os.path.basename(directory)!r} does not exist", where=source)
    return resolve_text(text, source=source, directory=directory, facts=facts, version=version)


class Loaded(Value, frozen=True, kw_only=True):
    """A configuration with all defaults but the driver's, not checked yet, and what it comes from."""

    #: Override, template, default.
    documents: tuple[Decoded, Decoded, Decoded]
    #: What the documents say together.
    merged: Layer
    filled: Filled
    warnings: tuple[str, ...]


def resolve_text(text: bytes | Document, *, source: str, directory: str, facts: HostFacts, version: str) -> Resolved:
    """The configuration that `text` gives for an instance in `directory`, which need not exist.

    `source` names the text in messages, unless the nodes of a document name another file. Reads
    `_config/default.yaml` and `override.yaml`. Raises ConfigError.
    """
    loaded = load_text(text, source=source, directory=directory, facts=facts, version=version)
    config = loaded.filled.config
    places = Places(loaded.documents, loaded.filled.origins)
    shared = networks.check(config, facts)
    _raise_problems(loaded.documents, loaded.filled, places, facts, version, shared)
    # Plain mode drops what would have no effect anyway, so the layers are asked, not the result.
    noted = [*unsupported.later(loaded.merged), *validate.warnings(config, facts)]
    noted.extend(hostchecks.warnings(config).found)
    warnings = (*loaded.warnings, *shared.warnings, *(str(places.problem(flaw)) for flaw in noted))
    return Resolved(config=config, warnings=warnings)


def load_text(text: bytes | Document, *, source: str, directory: str, facts: HostFacts, version: str) -> Loaded:
    """What `resolve_text` checks. Raises ConfigError for texts that are not YAML; other problems wait."""
    documents = _documents(text, source)
    override, template, default = documents
    context = Context(
        directory=directory,
        version=version,
        created_with=_created_with(directory, version),
        param=template.layer.param or {},
        containerd_archives=_containerd_archives(),
    )
    merged = fold(override=override.layer, template=template.layer, default=default.layer)
    merged, warnings = over_vsock(merged, os.environ.get(OVER_VSOCK))
    filled = fill(merged, facts, context)
    warnings.extend(warning for document in documents for warning in document.warnings)
    return Loaded(documents=documents, merged=merged, filled=filled, warnings=(*warnings, *filled.warnings))


def _documents(text: bytes | Document, source: str) -> tuple[Decoded, Decoded, Decoded]:
    """Override, template, default: decoded, an absent file as an empty one."""
    directory = paths.config_dir()
    override, default = (os.path.join(directory, name) for name in (OVERRIDE, DEFAULT))
    sources: tuple[tuple[bytes | Document, str], ...] = (
        (textfile.read_if_any(override, MAX_BYTES) or b"", override),
        (text, source),
        (textfile.read_if_any(default, MAX_BYTES) or b"", default),
    )
    decoded = []
    problems: list[Problem] = []
    for content, name in sources:
        try:
            decoded.append(decode(content, name))
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return decoded[0], decoded[1], decoded[2]


def _raise_problems(
    documents: Iterable[Decoded],
    filled: Filled,
    places: Places,
    facts: HostFacts,
    version: str,
    shared: networks.NetworkCheck,
) -> None:
    found = [problem for document in documents for problem in document.problems]
    flaws = validate.problems(filled.config, facts, version=version)
    if not found:
        flaws.extend(_unused(places.template))
    flaws.extend(hostchecks.problems(filled.config).found)
    flaws.extend(shared.flaws)
    wrong = {(problem.source, problem.key) for problem in found}
    # A value of a wrong type was left unset; that it is missing now is no second problem.
    found.extend(
        problem
        for problem in map(places.problem, flaws)
        if not any(problem.source == source and _related(problem.key, key) for source, key in wrong)
    )
    found.extend(shared.problems)
    if found:
        warnings = [warning for document in documents for warning in document.warnings]
        raise ConfigError(list(dict.fromkeys(found)), warnings=warnings)


@cache
def _containerd_archives() -> tuple[File, ...]:
    """The container engines that are installed unless a configuration names others."""
    with open(os.path.join(os.path.dirname(__file__), "containerd.json"), "rb") as file:
        return msgspec.json.decode(file.read(), type=tuple[File, ...])


def _related(one: str, other: str) -> bool:
    """Whether the keys are the same, or one is inside of the other."""
    return one == other or one.startswith((f"{other}.", f"{other}[")) or other.startswith((f"{one}.", f"{one}["))


def _unused(template: Decoded) -> list[Flaw]:
    playbooks = (item.playbook for item in template.layer.provision or () if item.playbook)
    contents = [hostchecks.read_playbook(path) or "" for path in playbooks]
    message = "no script, path or socket of the template uses this param"
    unused = unused_params(template.layer, contents)[:MAX_PROBLEMS]
    return [Flaw(path=("param", name), message=message) for name in unused]


def _created_with(directory: str, version: str) -> str:
    """The version that made the instance: empty when it did not say so, ours when there is none yet."""
    if not paths.exists_as_instance(directory):
        return version
    content = textfile.read_if_any(os.path.join(directory, paths.LIMA_VERSION), MAX_BYTES) or b""
    return content.decode(errors="replace").strip()
