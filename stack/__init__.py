"""The native launcher: how the servers are obtained, started, awaited, supervised and stopped without Docker.

``python -m stack up|down|status|logs|start|stop|restart|programs``; the make targets of the same names call it.
Other code uses ``stack.programs.find(name)`` for the path of a server's program.
"""
