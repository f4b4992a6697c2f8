import sys

import helper

RESULT = (helper.NAME, __name__, sys.argv[0], __file__)
