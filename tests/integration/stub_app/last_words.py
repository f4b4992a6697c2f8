"""Has something to say when it goes."""

word = "a word of the module"


class Says:
    def __del__(self):
        print("gone:", word)
