import sys
print("pre {{ cookiecutter.slug }}", flush=True)
assert sys.argv
