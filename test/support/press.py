"""Runs a command on a terminal of its own and does one thing to it after a while.

press.py WHEN (ctrl-c | ctrl-c-twice | close | kill) COMMAND [ARGUMENTS]

WHEN is a number of seconds, or a file: as soon as that is there.

Prints the seconds from then to its end, and how it ended as shells have it, then all that it said.
"""
import os, pty, select, signal, sys, time

moment, deed, command = sys.argv[1], sys.argv[2], sys.argv[3:]
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
said = b''
status = None


def follow(seconds, file=None):
    """Reads along until the command ends, the time is over or the file is there."""
    global said, status
    end = time.time() + seconds
    while time.time() < end and status is None and not (file and os.path.exists(file)):
        if terminal is not None and select.select([terminal], [], [], 0.05)[0]:
            try:
                said += os.read(terminal, 65536)
            except OSError:
                pass
        elif terminal is None:
            time.sleep(0.05)
        pid, found = os.waitpid(child, os.WNOHANG)
        if pid:
            status = found
            while terminal is not None and select.select([terminal], [], [], 0)[0]:
                try:
                    said += os.read(terminal, 65536)
                except OSError:
                    break


if moment.replace('.', '', 1).isdigit():
    follow(float(moment))
else:
    follow(60, moment)
begin = time.time()
if status is None:
    if deed == 'kill':
        os.kill(child, signal.SIGKILL)
    elif deed == 'close':
        os.close(terminal)
        terminal = None
    else:
        os.write(terminal, b'\x03')
        if deed == 'ctrl-c-twice':
            follow(1)
            if status is None:
                os.write(terminal, b'\x03')
follow(60)
if status is None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print(f'{time.time() - begin:.1f} hangs')
else:
    code = os.waitstatus_to_exitcode(status)
    print(f'{time.time() - begin:.1f} {code if code >= 0 else 128 - code}')
sys.stdout.write(said.decode('utf8', 'replace'))
