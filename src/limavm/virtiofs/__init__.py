"""What stands between QEMU and a virtiofsd, a process of its own: `python -P -m limavm.virtiofs`.

QEMU connects to a virtiofsd once and never again, and what the guest has asked a daemon that died is answered by
nobody: its processes hang for ever, and the device cannot even be taken away. So QEMU is given a socket of ours. What
it says is passed on and remembered (vhost-user, QEMU manual, "Vhost-user Protocol"), and a daemon that has ended is
replaced by another one that is told the same. That one answers the requests of a session that it does not know with
errors, so that the guest comes to know, and the host agent has it mount the directory anew. Of the data nothing passes
here: the daemon reads the guest's memory itself.

It outlives the host agent, ends with QEMU, and imports nothing but Python's library.
"""
