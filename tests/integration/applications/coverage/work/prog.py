import sys

if len(sys.argv) > 5:
    print("many")
print("ran", *sys.argv[1:])
