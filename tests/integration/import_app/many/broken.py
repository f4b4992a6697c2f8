raise RuntimeError("not to be imported")
