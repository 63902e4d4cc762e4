"""The SFTP server of one mount: it serves one directory of the host, and nothing else.

A process of its own, `python -P -m limavm.sftp --root DIR`, that speaks version 3 of the protocol
(draft-ietf-secsh-filexfer-02) and the extensions of OpenSSH which sshfs uses, on its standard input and output.
It is started by the host agent for every mount of type reverse-sshfs, and the guest at the other end is not trusted.
Nobody imports this room, and it imports nothing but Python's own library, so that it starts fast and can lock
itself up early.

Two walls keep a guest inside, and either would do: no path is ever handed to the kernel as a whole, names are
resolved from a descriptor of the directory (`beneath`); and on Linux the process gives up its right to anything
else (`landlock`, `confine`).
"""
