def function():
    return 1


from package import inner
