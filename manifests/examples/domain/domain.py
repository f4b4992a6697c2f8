"""Print a host name as the domain name system has it."""

import sys

import idna

print(idna.encode(sys.argv[1]).decode())
