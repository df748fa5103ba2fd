"""The start of the frozen command-line program."""

import sys

from desk.ctl import main

if __name__ == "__main__":
    sys.exit(main())
