"""Runs a command that gets the processor for 8 ms of every 40: a slow
client.  Stops and continues the whole process group."""
import os, random, signal, subprocess, sys, time

p = subprocess.Popen(" ".join(sys.argv[1:]), shell=True,
                     start_new_session=True)


def end(sig, frame):  # a stopped group would hear nothing else
    os.killpg(p.pid, signal.SIGKILL)
    sys.exit(1)


signal.signal(signal.SIGTERM, end)
while p.poll() is None:
    try:
        os.killpg(p.pid, signal.SIGSTOP)
        time.sleep(random.uniform(.02, .045))
        os.killpg(p.pid, signal.SIGCONT)
        time.sleep(.008)
    except ProcessLookupError:
        break
sys.exit(p.wait())
