"""The native launcher: fetches, builds, starts, supervises and stops the servers without Docker.

``python -m stack up|down|status|logs|start|stop|restart|programs``; the make targets of the same names run it.
Other code gets the path of a server's program from ``stack.programs.find(name)``.
"""
