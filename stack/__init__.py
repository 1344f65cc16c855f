"""The native launcher: how the servers are had, started, awaited, watched and stopped without Docker.

``python -m stack up|down|status|logs|start|stop|restart|programs``; the make targets of the same names call it.
Other code uses ``stack.programs.find(name)`` for the path of a server's program.
"""
