"""The service managers that start instances by themselves: systemd for a user, launchd (spec/cli.md 6.17).

`manager` says which one this host has. Texts of units and property lists are pure; what is asked of a manager goes
through `process`, so that a stand-in in PATH can take its place.
"""
