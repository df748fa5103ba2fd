"""The start of the frozen program with a window."""

import sys

from desk.app import main

if __name__ == "__main__":
    sys.exit(main())
