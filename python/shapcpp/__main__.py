"""python -m shapcpp: the command line."""

from shapcpp.cli import main

main()
