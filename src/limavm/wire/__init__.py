"""What the host agent and the guest agent say to each other: gRPC's messages, service and limits.

This room and `guestagent` also run in the guest, where there is nothing but Python 3.10 and grpclib:
nothing else may be imported here.
"""
