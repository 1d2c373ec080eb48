# What the end-to-end tests stand on: receivers with scripted faults, a hub to start and kill, a sender that counts what was acknowledged.
