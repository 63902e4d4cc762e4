"""The programs that run inside the guest: data files, put into the seed by `seed.scripts`."""
