"""Edits files of the guest with expressions of yq, for provisioning of `mode: yq` (spec/runtime.md 6.6).

Runs inside the guest, by its Python (3.10 or newer), from an archive that holds our yq room and nothing compiled:
`structs` is in there under the name msgspec, `events` as the events of libyaml. `seed.yqbundle` makes the archive.
"""
