"""python -m shapcpp: the command line."""

from shapcpp.cli.main import main

main()
