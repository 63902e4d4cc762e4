"""What `limactl list` shows, and how (spec/cli.md 9). The flags are in `list`."""

import os
import sys
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from limavm.cli import logs, output
from limavm.cli.session import output_is_terminal
from limavm.errors import NotFoundError, UserError
from limavm.host import paths
from limavm.host.platform import facts
from limavm.instance.inspect import inspect
from limavm.model.instance import Instance, Status
from limavm.model.printable import printable
from limavm.model.size import format_size
from limavm.model.value import Value
from limavm.store.instances import names as instance_names

_TAB = 8


class Options(Value, frozen=True, kw_only=True):
    """The flags of `list`; `format` is None when it was not given."""

    format: str | None = None
    json: bool = False
    quiet: bool = False
    all_fields: bool = False
    list_fields: bool = False
    yq: tuple[str, ...] = ()
    filter: tuple[str, ...] = ()


def show(wanted: Sequence[str], options: Options) -> int:
    """Print the instances of these names, all when there are none; returns the exit code.

    Raises UserError for flags that exclude each other, and, after printing what there is, for names
    of no instance.
    """
    # An empty expression is what a script has that was asked for none.
    options = replace(options, yq=tuple(filter(None, options.yq)), filter=tuple(filter(None, options.filter)))
    form = checked_format(options)
    if options.list_fields:
        from limavm.cli.fields import TEMPLATE_NAMES

        print("\n".join(sorted(TEMPLATE_NAMES.values())))
        return 0
    known = instance_names()
    if not known and not wanted:
        logs.warning("there is no instance yet; `limactl create` makes one")
        return 0
    missing = [name for name in wanted if name not in known]
    for name in missing:
        logs.warning(f"there is no instance {name!r}")
    selected = [name for name in wanted if name in known] if wanted else known
    if options.quiet and not (options.yq or options.filter):
        sys.stdout.write("".join(f"{name}\n" for name in selected))
    else:
        sys.stdout.write(_shown(list(_inspected(selected, missing)), form, options))
    if missing and wanted:
        raise UserError(f"not every instance exists: {', '.join(map(repr, missing))}", hint="`limactl list` shows them")
    return 0


def _shown(instances: list[Instance], form: str, options: Options) -> str:
    """The text to print after the filters, or what the expressions make of it."""
    if options.filter:
        from limavm.cli import selection

        instances = selection.kept(instances, options.filter)
    if not options.quiet:
        _warn_of_errors(instances)
    if options.yq:
        from limavm.cli import selection

        expressions = [*options.yq, *([".name"] if options.quiet else [])]
        return selection.shown(instances, expressions, form, colour=output_is_terminal())
    if options.quiet:
        return "".join(f"{instance.name}\n" for instance in instances)
    return rendered(instances, form, all_fields=options.all_fields)


def checked_format(options: Options) -> str:
    """The format to print; raises UserError for flags that exclude each other."""
    if options.json and options.format is not None:
        raise UserError("--json and --format exclude each other")
    for flag, given in (("format", options.format is not None), ("yq", options.yq), ("filter", options.filter)):
        if options.list_fields and given:
            raise UserError(f"--list-fields and --{flag} exclude each other")
    form = "json" if options.json else "table" if options.format is None else options.format
    if options.yq and options.format not in (None, "json", "yaml"):
        raise UserError("--yq prints JSON or YAML, so that it excludes every other format")
    if options.yq and not options.quiet and options.format is None:
        return "json"
    if options.quiet and form != "table":
        raise UserError("--quiet prints names only, so that it excludes every format but the table")
    return form


def _inspected(names: Sequence[str], missing: list[str]) -> Iterator[Instance]:
    """Each instance; one whose directory vanished is added to `missing`."""
    host = facts()
    for name in names:
        directory = paths.instance_dir(name)
        if not paths.is_instance_name(name):  # one such directory shall not hide all others
            yield _no_instance(name, directory, "it has no name that an instance can have")
            continue
        try:
            yield inspect(name, host)
        except NotFoundError:
            if os.path.isdir(directory):
                yield _no_instance(name, directory, f"it has no {paths.LIMA_YAML}")
            else:
                logs.warning(f"the instance {name!r} has just vanished")
                missing.append(name)


def _no_instance(name: str, directory: str, why: str) -> Instance:
    problem = f"the directory {directory} does not look like an instance: {why}"
    return Instance(name=name, hostname="", status=Status.BROKEN, dir=directory, vm_type="", arch="", errors=(problem,))


def _warn_of_errors(instances: Sequence[Instance]) -> None:
    for instance in instances:
        if instance.errors:
            logs.warning(f"the instance {instance.name!r} has problems", errors="; ".join(instance.errors))


def rendered(instances: Sequence[Instance], form: str, *, all_fields: bool = False) -> str:
    """The text to print for the instances in the format `table`, `json`, `yaml` or a Go template."""
    terminal = output_is_terminal()
    match form:
        case "table":
            return table(instances, _width() if terminal and not all_fields else None)
        case "json":
            return "".join(output.json_text(value, colour=terminal) + "\n" for value in _objects(instances))
        case "yaml":
            return _for_reader("---\n".join(map(output.yaml_text, _objects(instances))))
        case _:
            from limavm.cli import fields

            return "".join(fields.rendered(form, instance) + "\n" for instance in instances)


def _for_reader(text: str) -> str:
    """The YAML text, in colours on a terminal."""
    if not output_is_terminal():
        return text
    from limavm.cli.yamlcolour import coloured

    return coloured(text)


def _objects(instances: Sequence[Instance]) -> list[object]:
    from limavm.cli import fields

    return [output.without_empty_objects(fields.of(instance)) for instance in instances]


def table(instances: Sequence[Instance], width: int | None) -> str:
    """The table; with a `width` of the terminal, columns that say nothing new are left out."""
    types, arches = ({getattr(one, name) for one in instances} for name in ("vm_type", "arch"))
    show_type = show_arch = show_dir = True
    if width is not None:
        host_arch = facts().arch
        show_type = width >= 12 * _TAB or len(types) != 1
        show_arch = width >= (11 + show_type) * _TAB or arches != {host_arch}
        show_dir = width >= (10 + show_type + show_arch) * _TAB
    shown = {"VMTYPE": show_type, "ARCH": show_arch, "DIR": show_dir}
    heads = ("NAME", "STATUS", "SSH", "VMTYPE", "ARCH", "CPUS", "MEMORY", "DISK", "DIR")
    keep = [index for index, head in enumerate(heads) if shown.get(head, True)]
    rows = [heads, *map(_cells, instances)]
    return output.table([[row[index] for index in keep] for row in rows])


def _cells(instance: Instance) -> tuple[str, ...]:
    return (
        printable(instance.name),
        instance.status.value,
        f"{instance.ssh_address}:{instance.ssh_local_port}",
        instance.vm_type,
        instance.arch,
        str(instance.cpus),
        format_size(instance.memory),
        format_size(instance.disk),
        printable(_short(instance.dir)),
    )


def _short(directory: str) -> str:
    """The directory with `~` for the home directory."""
    try:
        home = paths.user_home()
    except UserError:
        return directory
    return "~" + directory[len(home) :] if directory.startswith(home.rstrip("/\\") + os.sep) else directory


def _width() -> int | None:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except OSError:
        return None
