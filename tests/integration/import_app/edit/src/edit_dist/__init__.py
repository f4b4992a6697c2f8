def edited():
    return __file__
