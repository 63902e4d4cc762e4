"""A directory of the host that is copied into a guest for one shell, and what comes back of it (docs/sync.md).

The guest is not trusted with the host, nor with time: what it sends lands in a staging directory, is compared with
what was there at the start and with what is there now, and only then moved into place, by us.

`manifest` tells what a tree holds · `listing` reads what rsync says · `changes` decides · `staging` is where the
guest's files land · `guestcopy` talks to the guest, and `answers` hears it out · `gathering` puts these together ·
`writeback` carries out · `difference` shows.
"""
