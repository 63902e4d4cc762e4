"""OpenSSH as a client: keys, options by version and processor, the config file, remote command lines."""
