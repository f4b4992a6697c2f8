import sys
import os


class thing:
    def f(self, x=[]):
        return dict(a=x)
