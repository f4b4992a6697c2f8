import subprocess

password = "secret"
subprocess.call("ls", shell=True)
