"""The only code that touches the operating system: processes, files, sockets, paths, platforms."""
