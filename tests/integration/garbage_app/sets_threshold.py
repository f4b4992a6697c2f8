import gc

BEFORE = gc.get_threshold()
gc.set_threshold(5000, 7, 9)
