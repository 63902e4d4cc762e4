"""Tells programs in the guest that watch files of mounts what was changed on the host (`mountInotify`).

A kernel tells whoever watches of what goes through itself, so the guest's knows nothing of changes that are made on
the host. Here the host's directories are watched, and the guest agent, told which files have changed, makes the
guest's kernel say so (`limavm.guestagent.inotify`). Rules: spec/runtime.md 9.4; docs/mounts.md says what of a change
can be told, and what cannot.

`changes` and `guestpaths` decide; `tree` follows what happens in the `directories` that are watched by `kernel`, and
`elsewhere` does so where there is no inotify; `hostwatch` puts them together.
"""
