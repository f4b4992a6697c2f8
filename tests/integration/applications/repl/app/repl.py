import code
import readline
import rlcompleter

space = {"answer": 42}
readline.set_completer(rlcompleter.Completer(space).complete)
readline.parse_and_bind("bind ^I rl_complete" if "libedit" in readline.__doc__ else "tab: complete")
code.interact("hi", local=space, exitmsg="bye")
