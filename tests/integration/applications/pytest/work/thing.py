def thing(x):
    y = x
    if y > 1:
        return "more"
    return "less"
